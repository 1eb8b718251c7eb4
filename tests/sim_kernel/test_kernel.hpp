// A kernel to try calls on, with results as text.
#pragma once

#include <string>
#include <string_view>

#include "sim/kernel/kernel.hpp"

namespace ipcsim {

/// One process, task 1, whose descriptors 0, 1 and 2 are files that are not under study.
Environment one_task();
/// Processes 1 to `count`, each likewise.
Environment some_tasks(u32 count);

/// A kernel under the run-to-block scheduler. Every section is followed by a check of all
/// invariants.
class TestKernel {
 public:
  explicit TestKernel(const Environment& environment = one_task(),
                      Contents contents = Contents::kKept, std::string_view profile = "linux-6.18");

  /// The task makes the call, and everything runs until it sleeps or is idle. Says how the call
  /// ended
  /// ("5", "-1 EAGAIN", "killed by SIGPIPE"), or "asleep", or "gone".
  std::string run(u32 task, Call call);
  /// Lets a signal arrive, and everything run. Says whose calls ended, as others() does.
  std::string signal(u32 task, Signal signal);
  /// Lets time pass, and everything run. Says whose calls ended, as others() does.
  std::string pass(i64 nanoseconds);
  /// The other calls that ended in the last of the above, in order: "2: 5 \"hello\"; 3: -1 EINTR".
  [[nodiscard]] const std::string& others() const { return others_; }

  /// Only posts the call.
  void post(u32 task, const Call& call) { kernel.post(TaskId{task}, call); }
  /// Runs one section of a runnable task.
  void section(u32 task);
  /// Runs everything until it sleeps or is idle; the calls that ended, in order.
  std::string settle();

  /// "2 read, 3 write"
  [[nodiscard]] std::string sleepers() const;
  /// Waiters of the first pipe, from the head of the queue: "rd_wait: 2 3, wr_wait: 4 poll".
  [[nodiscard]] std::string waiters() const;

  Kernel kernel;

 private:
  std::string settle_but(u32 task, std::string* own);
  std::string others_;
};

}  // namespace ipcsim
