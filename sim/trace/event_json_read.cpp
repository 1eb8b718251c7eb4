#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <utility>

#include "sim/trace/call_json.hpp"
#include "sim/trace/event_json.hpp"
#include "sim/trace/json_reader.hpp"
#include "sim/trace/names_json.hpp"
#include "sim/trace/object_state_json.hpp"
#include "sim/trace/spelling.hpp"

namespace ipcsim {
namespace {

constexpr u32 kMostSignalCode = 0x7ffffffe;

TaskId read_task(JsonReader& in) {
  TaskId task;
  in.need_integer("task", task.v, 1U, kMostTask);
  return task;
}

// The name under `key`, if it is a call's.
std::optional<std::string_view> read_call_name(JsonReader& in, std::string_view key) {
  std::string name;
  in.need_text(key, name);
  if (in.problem().found()) {
    return std::nullopt;
  }
  const auto known = known_call_name(name);
  if (!known) {
    in.report(unknown_call(name));
  }
  return known;
}

EventBody read_call_event(JsonReader& in) {
  CallEvent event{.task = read_task(in), .call = {}, .result = {}};
  if (const auto name = read_call_name(in, "call")) {
    event.call = read_call(in, *name);
    event.result = read_result(in, *name);
    if (event.result) {
      if (const auto why = contradiction(event.call, *event.result)) {
        in.report(*why);
      }
    }
  }
  return event;
}

EventBody read_sleep_event(JsonReader& in) {
  SleepEvent event{.task = read_task(in), .call = {}};
  event.call = read_call_name(in, "sleep").value_or("");
  return event;
}

EventBody read_return_event(JsonReader& in) {
  ReturnEvent event{.task = read_task(in), .call = {}, .result = {}};
  if (const auto name = read_call_name(in, "return")) {
    event.call = *name;
    if (const auto result = read_result(in, *name)) {
      event.result = *result;
    } else {
      std::ignore = in.need("ret", "what the call returned");
    }
  }
  return event;
}

EventBody read_died_event(JsonReader& in) {
  DiedEvent event{.task = read_task(in), .signal = {}};
  if (const JsonValue* value = in.find("died")) {
    const std::string* name = value->string();
    if (name == nullptr || number_of(signal_names(), *name)) {
      read_signal(in, "died", *value, event.signal);
    } else if (*name != "exit") {
      in.refuse("died", *value, "\"exit\" or a signal's name");
    }
  }
  return event;
}

EventBody read_signal_event(JsonReader& in) {
  SignalEvent event{.task = read_task(in), .signal = {}};
  if (const JsonValue* value = in.find("signal")) {
    read_signal(in, "signal", *value, event.signal);
  }
  return event;
}

EventBody read_handled_event(JsonReader& in) {
  HandledEvent event{.task = read_task(in), .info = SignalInfo::of({}, kSiUnknown)};
  SignalInfo& info = event.info;
  if (const JsonValue* value = in.find("handled")) {
    read_signal(in, "handled", *value, info.signal);
  }
  if (const JsonValue* value = in.find("si_code")) {
    u32 code = 0;
    read_named(in, "si_code", *value, signal_code_names(), {0, kMostSignalCode}, code);
    info.code.v = static_cast<i32>(code);
  }
  in.integer("si_pid", info.pid.v, 1U, kMostTask);
  if (const JsonValue* value = in.find("si_band")) {
    u64 bits = 0;
    read_flags(in, "si_band", *value, flag_word(info.band), bits);
    info.band.v = static_cast<u32>(bits);
  }
  in.integer("si_fd", info.fd.v, 0);
  in.integer("si_value", info.value);
  return event;
}

EventBody read_advance_event(JsonReader& in) {
  AdvanceEvent event;
  in.need_integer("advance_ns", event.ns.v, i64{0});
  return event;
}

EventBody read_other_fd_event(JsonReader& in) {
  OtherFdEvent event{.task = read_task(in), .fd = {}, .what = {}};
  in.need_integer("other_fd", event.fd.v, 0, kMostOtherFd);
  in.boolean("cloexec", event.cloexec);
  in.text("what", event.what);
  return event;
}

EventBody read_note_event(JsonReader& in) {
  NoteEvent event;
  in.need_text("note", event.text);
  return event;
}

EventBody read_state_event(JsonReader& in) {
  StateEvent event;
  if (const JsonValue* value = in.find("state")) {
    if (auto state = in.inside("state", *value, R"({"task":N,"fd":N,...})")) {
      event.holder = read_task(*state);
      state->need_integer("fd", event.fd.v, 0);
      event.object = read_object_state(*state);
      state->close();
    }
  }
  return event;
}

struct Kind {
  std::string_view key;
  bool names_call;  // the value is a call's name
  EventBody (*read)(JsonReader&);
};

constexpr std::array kKinds{
    Kind{"call", true, read_call_event},           Kind{"sleep", true, read_sleep_event},
    Kind{"return", true, read_return_event},       Kind{"died", false, read_died_event},
    Kind{"signal", false, read_signal_event},      Kind{"handled", false, read_handled_event},
    Kind{"advance_ns", false, read_advance_event}, Kind{"other_fd", false, read_other_fd_event},
    Kind{"note", false, read_note_event},          Kind{"state", false, read_state_event},
};

// What to say of an object that is no event.
std::string no_event(const JsonValue::Object& object) {
  if (std::ranges::find(object, "ipcsim_trace", &JsonValue::Member::key) != object.end()) {
    return "a second header, expected an event (one file is one trace)";
  }
  std::array<std::string_view, kKinds.size()> names;
  std::ranges::transform(kKinds, names.begin(), &Kind::key);
  std::string hint;
  for (const JsonValue::Member& member : object) {
    if (hint.empty() && member.key != "task") {
      hint = did_you_mean(names, member.key);
    }
  }
  return fmt::format("no event, expected one of the keys {}{}", fmt::join(names, ", "), hint);
}

// The one kind whose key the object has.
const Kind* kind_of(const JsonValue::Object& object, Problem& problem) {
  const Kind* found = nullptr;
  for (const JsonValue::Member& member : object) {
    for (const Kind& kind : kKinds) {
      if (member.key != kind.key) {
        continue;
      }
      if (found != nullptr) {
        problem.report(fmt::format("\"{}\" and \"{}\" in one line, expected one event a line",
                                   found->key, kind.key));
        return nullptr;
      }
      found = &kind;
    }
  }
  if (found == nullptr) {
    problem.report(no_event(object));
  }
  return found;
}

// How a call slept, where the event is its end.
std::optional<RecordedSleep> read_slept(JsonReader& in, const EventBody& body) {
  const auto* call = std::get_if<CallEvent>(&body);
  if (call == nullptr && !std::holds_alternative<ReturnEvent>(body)) {
    return std::nullopt;
  }
  constexpr std::string_view kExpected = "an object with times, ns and woken_by";
  const JsonValue* value = in.find("slept");
  if (value == nullptr) {
    return std::nullopt;
  }
  if (call != nullptr && !call->result) {
    in.report("\"slept\" belongs to a call's end, and this one has no \"ret\"");
    return std::nullopt;
  }
  auto inner = in.inside("slept", *value, kExpected);
  if (!inner) {
    return std::nullopt;
  }
  RecordedSleep slept;
  inner->need_integer("times", slept.times, u64{1});
  inner->need_integer("ns", slept.ns, i64{0});
  inner->integer("woken_by", slept.woken_by.v, 1U, kMostTask);
  inner->close();
  return slept;
}

// What messages about the line start with: "read", "return of read", "sleep".
std::string subject_of(const JsonValue::Object& object, const Kind& kind) {
  const auto member = std::ranges::find(object, kind.key, &JsonValue::Member::key);
  const std::string* name = member->value.string();
  const auto call = name != nullptr && kind.names_call ? known_call_name(*name) : std::nullopt;
  if (!call) {
    return std::string(kind.key);
  }
  return kind.key == "call" ? std::string(*call) : fmt::format("{} of {}", kind.key, *call);
}

}  // namespace

Event read_event(const JsonValue& value, Problem& problem) {
  Event event;
  const JsonValue::Object* object = value.object();
  if (object == nullptr) {
    problem.report(fmt::format("this is {}, expected an object with one event", describe(value)));
    return event;
  }
  const Kind* kind = kind_of(*object, problem);
  if (kind == nullptr) {
    return event;
  }
  JsonReader in(*object, subject_of(*object, *kind), problem);
  event.body = kind->read(in);
  event.slept = read_slept(in, event.body);
  if (in.has("time_ns")) {
    in.integer("time_ns", event.time_ns.emplace());
  }
  in.text("origin", event.origin);
  in.close();
  return event;
}

}  // namespace ipcsim
