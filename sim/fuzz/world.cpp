#include "sim/fuzz/world.hpp"

#include <utility>
#include <variant>

namespace ipcsim {
namespace {

/// Lock-held sections that one step may run: far more than any step needs that ends.
constexpr u32 kMostSections = 100'000;

bool post(Kernel& kernel, const Event& event) {
  if (const auto* call = std::get_if<CallEvent>(&event.body)) {
    kernel.post(call->task, call->call);
    return true;
  }
  if (const auto* signal = std::get_if<SignalEvent>(&event.body)) {
    return !kernel.post_signal(signal->task, signal->signal);
  }
  if (const auto* advance = std::get_if<AdvanceEvent>(&event.body)) {
    kernel.advance(advance->ns);
    return true;
  }
  const auto& other = std::get<OtherFdEvent>(event.body);
  return !kernel.post_other_fd(other.task, other.fd, other.cloexec);
}

/// True for a fork() whose child is not made: its caller stopped or died before. The child's number
/// would be another's later.
bool child_is_missing(const Event& event, const KernelState& k) {
  const auto* call = std::get_if<CallEvent>(&event.body);
  return call != nullptr && visit(
                                [&](const auto& c) {
                                  if constexpr (requires { c.child; }) {
                                    return k.tasks.size() < c.child.v;
                                  } else {
                                    return false;
                                  }
                                },
                                call->call);
}

std::vector<TaskId> tasks_where(const KernelState& k, bool in_call) {
  std::vector<TaskId> list;
  for (u32 number = 1; number <= k.tasks.size(); ++number) {
    const TaskId task{number};
    if (k.exists(task) && k.task(task).in_call() == in_call) {
      list.push_back(task);
    }
  }
  return list;
}

}  // namespace

std::vector<TaskId> World::idle() const { return tasks_where(state(), false); }

std::vector<TaskId> World::asleep() const { return tasks_where(state(), true); }

bool World::take(const Event& event, Coverage& coverage) {
  const Kernel before = kernel_;
  if (!post(kernel_, event)) {
    kernel_ = before;
    return false;
  }
  u32 sections = 0;
  while (kernel_.first_runnable() != kNoTask && sections < kMostSections) {
    kernel_.run_section(kernel_.first_runnable());
    ++sections;
  }
  std::vector<Completion> completions = kernel_.take_completions();
  static_cast<void>(kernel_.take_handled());
  bool answered = sections < kMostSections && !child_is_missing(event, kernel_.state());
  for (const Completion& completion : completions) {
    answered = answered && completion.kind != Completion::Kind::kNotModelled;
  }
  if (!answered) {
    kernel_ = before;
    return false;
  }
  ends_ = std::move(completions);
  coverage.count_step({before.state(), event, kernel_.state(), ends_});
  return true;
}

}  // namespace ipcsim
