#include <map>
#include <set>

#include <range/v3/algorithm/find.hpp>

#include "sim/replay/actions.hpp"
#include "sim/replay/settled_runner.hpp"

namespace ipcsim {
namespace {

Event event_of(const Completion& completion, std::string call) {
  if (completion.kind == Completion::Kind::kDied) {
    return {.body = DiedEvent{completion.task, completion.signal}};
  }
  return {.body = ReturnEvent{completion.task, std::move(call), completion.result}};
}

/// Actions that are posted together, and the notes and states before them.
struct Group {
  std::vector<const Event*> notes;
  std::vector<const Event*> actions;
};

std::vector<Group> group_actions(const Trace& trace) {
  std::vector<Group> groups(1);
  bool together = true;
  for (const Event& event : trace.events) {
    // No machine's results say how an object looks inside: what the trace has of that stays.
    const bool note = std::holds_alternative<NoteEvent>(event.body) ||
                      std::holds_alternative<StateEvent>(event.body);
    if (!is_action(event) && !note) {
      together = false;
      continue;
    }
    if (!together || (note && !groups.back().actions.empty())) {
      groups.emplace_back();
    }
    (note ? groups.back().notes : groups.back().actions).push_back(&event);
    const auto* call = std::get_if<CallEvent>(&event.body);
    together = note || (trace.header.order == TraceOrder::kConcurrent &&
                        (call == nullptr || !call->result));
  }
  return groups;
}

/// Writes down what follows each action.
class Recorder {
 public:
  explicit Recorder(std::vector<Event>& events) : events_(events) {}

  void record(const std::vector<const Event*>& actions, const Settled& settled) {
    auto rest = settled.completions.begin();
    for (const Event* original : actions) {
      Event action = *original;
      if (auto* call = std::get_if<CallEvent>(&action.body)) {
        call->result.reset();
        calls_[call->task] = std::string(call_name(call->call));
        // A call that ends first of all takes the one-line form.
        if (actions.size() == 1 && rest != settled.completions.end() && rest->task == call->task &&
            rest->kind == Completion::Kind::kReturned) {
          call->result = rest->result;
          ++rest;
        }
      }
      events_.push_back(std::move(action));
    }
    for (const HandledSignal& handled : settled.handled) {
      events_.push_back({.body = HandledEvent{handled.task, handled.info}});
    }
    for (; rest != settled.completions.end(); ++rest) {
      events_.push_back(event_of(*rest, calls_[rest->task]));
      asleep_.erase(rest->task);
    }
    for (const Sleeper& sleeper : settled.sleepers) {
      if (asleep_.insert(sleeper.task).second) {
        events_.push_back({.body = SleepEvent{sleeper.task, std::string(sleeper.call)}});
      }
    }
  }

 private:
  std::vector<Event>& events_;
  std::map<TaskId, std::string> calls_;  // the call that each task was last in
  std::set<TaskId> asleep_;              // tasks already written down as asleep
};

}  // namespace

std::expected<Trace, MachineError> rerecord_settled(const Trace& trace, Machine& machine) {
  Trace recorded{.name = trace.name, .header = trace.header, .events = {}};
  Recorder recorder(recorded.events);
  const auto located = [&](const Event& event, const std::string& why) {
    return trace.name + ":" + std::to_string(event.line) + ": " + why;
  };
  const std::vector<Group> groups = group_actions(trace);
  for (const Group& group : groups) {
    for (const Event* note : group.notes) {
      recorded.events.push_back(*note);
    }
    for (const Event* event : group.actions) {
      if (const auto why = cannot_post(machine, *event)) {
        return std::unexpected(
            MachineError{.unsupported = false, .message = located(*event, *why)});
      }
      if (auto posted = post_event(machine, *event); !posted) {
        return std::unexpected(posted.error());
      }
    }
    if (group.actions.empty()) {
      continue;
    }
    auto settled = machine.settle();
    if (!settled) {
      return std::unexpected(settled.error());
    }
    for (const Completion& completion : settled->completions) {
      if (completion.kind == Completion::Kind::kNotModelled) {
        return std::unexpected(MachineError{
            .unsupported = true, .message = located(*group.actions.front(), completion.reason)});
      }
    }
    recorder.record(group.actions, *settled);
  }
  return recorded;
}

}  // namespace ipcsim
