#include <utility>

#include "sim/trace/call_json.hpp"
#include "sim/trace/json_text.hpp"
#include "sim/trace/names_json.hpp"
#include "sim/trace/object_state_json.hpp"
#include "sim/trace/trace.hpp"

namespace ipcsim {
namespace {

struct WriteBody {
  JsonObjectText& out;

  void operator()(const CallEvent& event) const {
    out.number("task", event.task.v).string("call", call_name(event.call));
    write_call(out, event.call);
    if (event.result) {
      write_result(out, *event.result);
    }
  }
  void operator()(const SleepEvent& event) const {
    out.number("task", event.task.v).string("sleep", event.call);
  }
  void operator()(const ReturnEvent& event) const {
    out.number("task", event.task.v).string("return", event.call);
    write_result(out, event.result);
  }
  void operator()(const DiedEvent& event) const {
    out.number("task", event.task.v)
        .json("died",
              event.signal.v == 0 ? "\"exit\"" : named_json(signal_names(), event.signal.v));
  }
  void operator()(const SignalEvent& event) const {
    out.number("task", event.task.v).json("signal", named_json(signal_names(), event.signal.v));
  }
  void operator()(const HandledEvent& event) const {
    const SignalInfo& info = event.info;
    out.number("task", event.task.v).json("handled", named_json(signal_names(), info.signal.v));
    if (info.code != kSiUnknown) {
      out.json("si_code", named_json(signal_code_names(), static_cast<u32>(info.code.v)));
    }
    if (info.pid != kNoTask) {
      out.number("si_pid", info.pid.v);
    }
    if (info.band.v != 0) {
      out.json("si_band", flags_json(flag_word(info.band), info.band.v));
    }
    if (info.fd.v >= 0) {
      out.number("si_fd", info.fd.v);
    }
    if (info.value != 0) {
      out.number("si_value", info.value);
    }
  }
  void operator()(const AdvanceEvent& event) const { out.number("advance_ns", event.ns.v); }
  void operator()(const OtherFdEvent& event) const {
    out.number("task", event.task.v).number("other_fd", event.fd.v);
    if (event.cloexec) {
      out.json("cloexec", "true");
    }
    if (!event.what.empty()) {
      out.string("what", event.what);
    }
  }
  void operator()(const NoteEvent& event) const { out.string("note", event.text); }
  void operator()(const StateEvent& event) const {
    JsonObjectText state;
    state.number("task", event.holder.v).number("fd", event.fd.v);
    write_object_state(state, event.object);
    out.json("state", state.text());
  }
};

}  // namespace

std::string format_event(const Event& event) {
  JsonObjectText out;
  std::visit(WriteBody{out}, event.body);
  if (event.slept) {
    JsonObjectText slept;
    slept.number("times", event.slept->times).number("ns", event.slept->ns);
    slept.number_unless("woken_by", event.slept->woken_by.v, kNoTask.v);
    out.json("slept", slept.text());
  }
  if (event.time_ns) {
    out.number("time_ns", *event.time_ns);
  }
  if (!event.origin.empty()) {
    out.string("origin", event.origin);
  }
  return out.text();
}

}  // namespace ipcsim
