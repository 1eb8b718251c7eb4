// The machine that makes real system calls on the running kernel.
#pragma once

#include <chrono>
#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "sim/kernel/environment.hpp"
#include "sim/replay/machine.hpp"

namespace ipcsim {

/// How completions are put into an order.
enum class HostOrdering : u8 {
  kBest,     ///< by strict real-time priority where the machine allows it, else as kPolling
  kPolling,  ///< not at all: ordinary scheduling, and every task is watched until it sleeps
};

/// How a run is kept apart from the rest of the machine.
enum class HostIsolation : u8 {
  kBest,           ///< the first of the following that works
  kNamespaces,     ///< namespaces of its own, made with privilege
  kUserNamespace,  ///< the same in a user namespace, without privilege
  kFolder,         ///< a temporary folder and unique queue names
};

/// What is left to choose about a run on the host.
struct HostOptions {
  HostOrdering ordering = HostOrdering::kBest;
  HostIsolation isolation = HostIsolation::kBest;
  /// A run that has not settled after this time is killed.
  std::chrono::milliseconds timeout{10'000};
  /// How much longer than the trace says a timeout really takes at least, so that it cannot expire
  /// before the trace lets its time pass.
  std::chrono::milliseconds timer_slack{150};
  /// How many times as long a sleep takes: what lies between two timeouts is time for the machine
  /// too.
  i64 timer_stretch = 1;
  /// The trace's root is this machine's but for its real uid, as only that one may write the limits
  /// of an IPC namespace.
  bool keep_root = false;
  /// The trace asks for times of files: advance() waits until the kernel's clock for them shows
  /// that time has passed, which it does by milliseconds (by seconds for queues).
  bool file_times = true;
  /// Looks at every task in /proc after each settle(); one that is not asleep is an error. For
  /// tests: some 10 us a task.
  bool verify = false;
  /// The machine can say how objects look in the kernel; REQUIRES: why_no_state() has no answer.
  bool read_state = false;
};

/// Why this process cannot read the kernel's structures, or nothing when it can: "BPF refused:
/// ...",
/// "/sys/kernel/btf/vmlinux: ...". The first question takes a tenth of a second.
[[nodiscard]] std::optional<std::string> why_no_state();

/// True when the machine was too busy to keep the trace's time: a timeout has expired before its
/// time had come in the trace, whether or not that was seen. Another run with more of `timer_slack`
/// and `timer_stretch` may do.
[[nodiscard]] bool was_too_slow(const Machine& machine);

/// Real tasks on this kernel, in the state that `environment` describes. Every run has its own
/// descriptors, FIFOs, queues and process numbers; nothing of it is left when the machine is
/// destroyed or its process dies.
///
/// A machine belongs to the thread that made it: that thread alone may use it, must outlive it, and
/// stays on one CPU as long as it exists.
///
/// Errors: `unsupported`, with the reason, when this host cannot give what `environment` has
/// (limits, capabilities, page size) or what `options` ask for.
[[nodiscard]] std::expected<std::unique_ptr<Machine>, MachineError> make_host_machine(
    const Environment& environment, const HostOptions& options = {});

}  // namespace ipcsim
