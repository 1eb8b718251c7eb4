#include "tools/import/recorder.hpp"

#include <map>
#include <utility>
#include <variant>

#include <fmt/format.h>

namespace ipcsim::strace {
namespace {

/// Applies `f` to each task number in an event.
template <class F>
void each_task(EventBody& body, F f) {
  const auto visit_call = [&](Call& call) {
    visit(
        [&](auto& c) {
          if constexpr (requires { c.child; }) {
            f(c.child);
          } else if constexpr (requires { c.tgid; }) {
            f(c.tgid);
            f(c.tid);
          } else if constexpr (requires { c.pid; }) {
            f(c.pid);
          } else if constexpr (std::is_same_v<std::remove_cvref_t<decltype(c)>, FcntlCall>) {
            if (c.cmd.v == kFSetown && c.arg > 0) {
              TaskId owner{static_cast<u32>(c.arg)};
              f(owner);
              c.arg = owner.v;
            } else if (c.cmd.v == kFSetownEx && c.owner.value.pid.v > 0) {
              f(c.owner.value.pid);
            }
          }
        },
        call);
  };
  std::visit(
      [&](auto& event) {
        if constexpr (requires { event.task; }) {
          f(event.task);
        }
        if constexpr (requires { event.call.index(); }) {
          visit_call(event.call);
        }
      },
      body);
}

/// The result of a fork() is the child's number too.
void renumber_result(const Call& call, SysResult& result, const std::vector<u32>& numbers) {
  if (child_of(call) && result.error == Errno::kOk) {
    result.ret = numbers[static_cast<std::size_t>(result.ret)];
  }
}

}  // namespace

u32 Recorder::add(const TaskState& task, EventBody body, Origin origin) {
  Slot& slot = slots_.emplace_back();
  slot.event.body = std::move(body);
  slot.event.time_ns = origin.time_ns;
  slot.event.origin = log_.where(origin.line);
  slot.task = task.index;
  return static_cast<u32>(slots_.size() - 1);
}

void Recorder::note_sleep(u32 event, const SleepNote& slept, const TaskState* by) {
  slots_[event].event.slept =
      RecordedSleep{.times = static_cast<u64>(slept.times),
                    .ns = slept.ns,
                    .woken_by = by == nullptr ? kNoTask : TaskId{by->index + 1}};
}

void Recorder::mark_supposed(u32 event) {
  std::string& origin = slots_[event].event.origin;
  origin = "supposed: " + origin;
}

u32 Recorder::add_return(const TaskState& task, u32 call, SysResult result, Origin origin) {
  const auto& begin = std::get<CallEvent>(slots_[call].event.body);
  const u32 event = add(
      task, ReturnEvent{begin.task, std::string(call_name(begin.call)), std::move(result)}, origin);
  slots_[event].call = call;
  return event;
}

u32 Recorder::add_empty_return(const TaskState& task, u32 call, Origin origin) {
  const u32 event = add_return(task, call, {}, origin);
  withdraw(event);
  return event;
}

void Recorder::fill_return(u32 event, SysResult result) {
  std::get<ReturnEvent>(slots_[event].event.body).result = std::move(result);
  slots_[event].withdrawn = false;
}

u32 Recorder::add_empty_signal(const TaskState& task, Origin origin) {
  const u32 event = add(task, SignalEvent{TaskId{task.index + 1}, Signal{0}}, origin);
  withdraw(event);
  return event;
}

void Recorder::fill_signal(u32 event, Signal signal) {
  std::get<SignalEvent>(slots_[event].event.body).signal = signal;
  slots_[event].withdrawn = false;
}

void Recorder::forget_result(u32 event) {
  if (auto* call = std::get_if<CallEvent>(&slots_[event].event.body)) {
    call->result.reset();
  } else {
    withdraw(event);
  }
}

/// For each task whether it matters: it has or makes something that the model has, is a thread
/// beside one that does or shares its descriptors, made one that does, or sends it a signal, or is
/// the first in the PID namespace of one.
std::vector<bool> Recorder::mattering(TaskTracker& tasks) const {
  std::vector<bool> matters;
  for (const TaskState& task : tasks.all()) {
    matters.push_back(task.made_ours || task.files->ever_ours());
  }
  std::vector<std::pair<u32, u32>> depends;  // the second matters if the first does
  std::map<u32, u32> first_there;            // by PID namespace
  for (const TaskState& task : tasks.all()) {
    if (task.parent != kNoIndex) {
      depends.emplace_back(task.index, task.parent);
    }
    if (task.shares_files) {
      depends.emplace_back(task.parent, task.index);
    }
    const u32 leader = tasks.process_of(task).leader;
    depends.emplace_back(task.index, leader);
    depends.emplace_back(leader, task.index);
    // Who comes first to a PID namespace is spared by signals, and ends the others.
    if (task.pid_namespace != 0) {
      depends.emplace_back(task.index,
                           first_there.try_emplace(task.pid_namespace, task.index).first->second);
    }
  }
  for (const Slot& slot : slots_) {
    if (const auto* call = std::get_if<CallEvent>(&slot.event.body); call && !slot.withdrawn) {
      if (const auto* kill = get_if<KillCall>(&call->call)) {
        depends.emplace_back(kill->pid.v - 1, slot.task);
      } else if (const auto* tgkill = get_if<TgkillCall>(&call->call)) {
        depends.emplace_back(tgkill->tid.v - 1, slot.task);
      }
    }
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (const auto& [first, second] : depends) {
      if (matters[first] && !matters[second]) {
        matters[second] = true;
        changed = true;
      }
    }
  }
  return matters;
}

Recorder::Finished Recorder::finish(TaskTracker& tasks) {
  const std::vector<bool> matters = mattering(tasks);
  Finished finished;
  std::vector<u32> numbers(matters.size() + 1, 0);
  const auto see = [&](u32 index) {
    if (numbers[index + 1] == 0) {
      finished.tasks.push_back(index);
      numbers[index + 1] = static_cast<u32>(finished.tasks.size());
    }
  };
  // A call on a task that does not matter is left out, and with it its return.
  for (Slot& slot : slots_) {
    slot.withdrawn = slot.withdrawn || !matters[slot.task] ||
                     (slot.call != kNoIndex && slots_[slot.call].withdrawn);
    each_task(slot.event.body,
              [&](TaskId id) { slot.withdrawn = slot.withdrawn || !matters[id.v - 1]; });
  }
  for (Slot& slot : slots_) {
    if (slot.withdrawn) {
      continue;
    }
    see(slot.task);
    each_task(slot.event.body, [&](TaskId& id) {
      see(id.v - 1);
      id = TaskId{numbers[id.v]};
    });
    if (auto* call = std::get_if<CallEvent>(&slot.event.body); call && call->result) {
      renumber_result(call->call, *call->result, numbers);
    } else if (auto* ret = std::get_if<ReturnEvent>(&slot.event.body)) {
      renumber_result(std::get<CallEvent>(slots_[slot.call].event.body).call, ret->result, numbers);
    }
  }
  for (Slot& slot : slots_) {
    if (slot.event.slept) {  // a waker that is not in the trace is nobody: its number is 0
      slot.event.slept->woken_by = TaskId{numbers[slot.event.slept->woken_by.v]};
    }
    if (!slot.withdrawn) {
      finished.events.push_back(std::move(slot.event));
    }
  }
  return finished;
}

}  // namespace ipcsim::strace
