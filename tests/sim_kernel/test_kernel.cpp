#include "tests/sim_kernel/test_kernel.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <range/v3/range/conversion.hpp>
#include <range/v3/view/iota.hpp>
#include <range/v3/view/transform.hpp>

#include "model/base/text.hpp"

namespace ipcsim {

Environment some_tasks(u32 count) {
  Environment environment;
  environment.tasks =
      ranges::views::iota(u32{1}, count + 1) | ranges::views::transform([](u32 task) {
        return InitialTask{.task = TaskId{task}, .other_fds = {Fd{0}, Fd{1}, Fd{2}}};
      }) |
      ranges::to<std::vector>();
  return environment;
}

Environment one_task() { return some_tasks(1); }

TestKernel::TestKernel(const Environment& environment, Contents contents, std::string_view profile)
    : kernel(environment, *find_profile(profile), contents) {}

void TestKernel::section(u32 task) {
  kernel.run_section(TaskId{task});
  if (const auto broken = kernel.broken_invariant()) {
    ADD_FAILURE() << *broken;
  }
}

std::string TestKernel::settle_but(u32 task, std::string* own) {
  while (kernel.first_runnable() != kNoTask) {
    section(kernel.first_runnable().v);
  }
  std::string text;
  for (const Completion& completion : kernel.take_completions()) {
    if (completion.task.v == task) {
      *own = to_text(completion);
    } else {
      text +=
          fmt::format("{}{}: {}", text.empty() ? "" : "; ", completion.task.v, to_text(completion));
    }
  }
  return text;
}

std::string TestKernel::settle() { return settle_but(0, nullptr); }

std::string TestKernel::run(u32 task, Call call) {
  post(task, std::move(call));
  std::string own;
  others_ = settle_but(task, &own);
  if (!own.empty()) {
    return own;
  }
  return kernel.exists(TaskId{task}) ? "asleep" : "gone";
}

std::string TestKernel::signal(u32 task, Signal signal) {
  EXPECT_EQ(kernel.post_signal(TaskId{task}, signal), std::nullopt);
  others_ = settle();
  return others_;
}

std::string TestKernel::pass(i64 nanoseconds) {
  kernel.advance(Nanoseconds{nanoseconds});
  others_ = settle();
  return others_;
}

std::string TestKernel::sleepers() const {
  return joined(kernel.sleepers(), ", ", [](const Sleeper& sleeper) {
    return fmt::format("{} {}", sleeper.task.v, sleeper.call);
  });
}

std::string TestKernel::waiters() const {
  const Snapshot snapshot = kernel.snapshot();
  const auto list = [](const std::vector<WaiterSnapshot>& waiters) {
    return joined(waiters, "", [](const WaiterSnapshot& w) {
      return fmt::format(" {}{}", w.task.v, w.poll ? " poll" : w.exclusive ? "" : " all");
    });
  };
  const PipeSnapshot& pipe = snapshot.pipes.at(0);
  return "rd_wait:" + list(pipe.rd_wait) + ", wr_wait:" + list(pipe.wr_wait);
}

}  // namespace ipcsim
