#include "sim/replay/search_position.hpp"

#include <type_traits>
#include <variant>

#include "sim/replay/actions.hpp"
#include "sim/replay/recorder_view.hpp"

namespace ipcsim {
namespace {

bool closes(const StoredCall& call, Fd fd) {
  return call.visit([&]<class C>(const C& known) {
    if constexpr (std::is_same_v<C, CloseCall>) {
      return known.fd == fd;
    }
    return false;
  });
}

}  // namespace

void SearchPosition::enter(TaskId task, u32 number) {
  if (call.size() <= task.v) {
    call.resize(task.v + 1, kNoCall);
    over.resize(task.v + 1, false);
  }
  call[task.v] = number;
  over[task.v] = false;
}

void SearchPosition::step_to_next_event() {
  ++event;
  applied = false;
  watched -= watched > 0 ? 1 : 0;
}

u64 SearchPosition::key(bool choice) const {
  Hasher hasher;
  hasher.add(choice);
  hasher.add(kernel.visible_hash());
  hasher.add(event);
  hasher.add(applied);
  for (const bool ended : over) {
    hasher.add(ended);
  }
  return hasher.value();
}

bool must_enter_first(const SearchPosition& at, const CallIndex& index, const Event& event) {
  const auto* signal = std::get_if<SignalEvent>(&event.body);
  if (signal == nullptr || !at.knows(signal->task) || at.call[signal->task.v] == kNoCall ||
      at.over[signal->task.v] || !at.kernel.kernel().exists(signal->task)) {
    return false;
  }
  const auto& end = index.calls[at.call[signal->task.v]].end;
  if (!end || end->kind == Completion::Kind::kDied) {
    return false;  // it kills the task, whatever that has done by then
  }
  const Task& task = at.kernel.kernel().state().task(signal->task);
  return task.state == TaskState::kRunnable && task.in_call() && task.rare().returning == nullptr &&
         std::holds_alternative<std::monostate>(task.progress);
}

std::optional<TaskId> closer_before(const SearchPosition& at, const Event& event) {
  const auto* other = std::get_if<OtherFdEvent>(&event.body);
  if (other == nullptr) {
    return std::nullopt;
  }
  const KernelState& k = at.kernel.kernel().state();
  const FdTableId files = k.task(other->task).files;
  if (k.fd_tables[files].file(other->fd) == kNoFile) {
    return std::nullopt;
  }
  for (u32 i = 0; i < k.tasks.size(); ++i) {
    const Task& task = k.tasks[i];
    if (task.state == TaskState::kRunnable && task.in_call() && task.files == files &&
        closes(task.call, other->fd)) {
      return TaskId{i + 1};
    }
  }
  return std::nullopt;
}

bool is_over(const SearchPosition& at, const Event& event) {
  if (const auto* died = std::get_if<DiedEvent>(&event.body)) {
    return !at.kernel.kernel().exists(died->task);
  }
  if (std::holds_alternative<ReturnEvent>(event.body) || at.applied) {
    const TaskId task = acting_task(event);
    return at.knows(task) &&
           (at.over[task.v] || returns_before_releasing(at.kernel.kernel(), task));
  }
  return true;  // notes and sleepers say nothing about an observed run
}

std::optional<std::string> post_from_outside(TwinKernel& kernel, const Event& event) {
  if (const auto* signal = std::get_if<SignalEvent>(&event.body)) {
    return kernel.post_signal(signal->task, signal->signal);
  }
  if (const auto* time = std::get_if<AdvanceEvent>(&event.body)) {
    kernel.advance(time->ns);
    return std::nullopt;
  }
  const auto& other = std::get<OtherFdEvent>(event.body);
  return kernel.post_other_fd(other.task, other.fd, other.cloexec);
}

}  // namespace ipcsim
