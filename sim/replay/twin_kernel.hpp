// A kernel of which some bytes are not known.
#pragma once

#include <optional>
#include <vector>

#include "sim/kernel/kernel.hpp"

namespace ipcsim {

/// A kernel that programs wrote to what the trace does not show. What a kernel does never depends
/// on the bytes that go through it. So two kernels do the same side by side; a byte that is not
/// known is one thing in the first and another in the second, and wherever it goes the two tell it
/// from those that are. With all bytes known there is only the first.
class TwinKernel {
 public:
  TwinKernel(const Environment& environment, const KernelProfile& profile, bool some_unknown);

  /// The first of the two.
  [[nodiscard]] const Kernel& kernel() const { return first_; }
  [[nodiscard]] u64 visible_hash() const;

  void post(TaskId task, const Call& call);
  /// As a recorder sees it: an ignored signal interrupts too.
  [[nodiscard]] std::optional<std::string> post_signal(TaskId task, Signal signal);
  [[nodiscard]] std::optional<std::string> post_other_fd(TaskId task, Fd fd, bool cloexec);
  void advance(Nanoseconds by);
  void run_section(TaskId task);

  /// The end of a call.
  struct End {
    Completion completion;
    Completion twin;  ///< of the second kernel; the same if there is only one
  };
  [[nodiscard]] std::vector<End> take_completions();

 private:
  Kernel first_;
  std::optional<Kernel> second_;
};

/// True when `end` is what `expected` says, as far as both are known.
[[nodiscard]] bool agrees(const Completion& expected, const TwinKernel::End& end);

/// True when the call may hand bytes to the kernel that are not all known.
[[nodiscard]] bool has_unknown_bytes(const Call& call);

}  // namespace ipcsim
