#include "tools/ipcsim/perfetto.hpp"

#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

namespace ipcsim {
namespace {

using nlohmann::ordered_json;

constexpr int kProcess = 1;  // all tracks belong to one process: the recorded run
constexpr double kNanosecondsPerMicrosecond = 1e3;

/// Trace-event files count microseconds; times are kept small by counting from the first.
class Writer {
 public:
  explicit Writer(const Story& story) : story_(story) {
    for (const ToldCall& call : story.calls) {
      first_ns_ = std::min(first_ns_.value_or(call.began_ns), call.began_ns);
      last_ns_ = std::max({last_ns_, call.began_ns, call.ended_ns.value_or(0)});
    }
  }

  std::string write(const std::string& title) {
    meta("process_name", 0, title);
    std::set<TaskId> tasks;
    for (const ToldCall& call : story_.calls) {
      if (tasks.insert(call.task).second) {
        meta("thread_name", call.task.v, "task " + std::to_string(call.task.v));
      }
      add_call(call);
    }
    for (const ToldObject& object : story_.objects) {
      for (const ToldObject::Level& level : object.levels) {
        events_.push_back({{"ph", "C"},
                           {"pid", kProcess},
                           {"name", object.name},
                           {"ts", micros(level.time_ns)},
                           {"args", {{"bytes", level.bytes}, {"places", level.slots}}}});
      }
    }
    const ordered_json file = {{"traceEvents", std::move(events_)}, {"displayTimeUnit", "ns"}};
    return file.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
  }

 private:
  [[nodiscard]] double micros(i64 ns) const {
    return static_cast<double>(ns - first_ns_.value_or(0)) / kNanosecondsPerMicrosecond;
  }

  void meta(const char* what, u32 task, const std::string& name) {
    events_.push_back({{"ph", "M"},
                       {"pid", kProcess},
                       {"tid", task},
                       {"name", what},
                       {"args", {{"name", name}}}});
  }

  void slice(const ToldCall& call, const std::string& name, i64 from_ns, i64 to_ns,
             ordered_json args) {
    events_.push_back({{"ph", "X"},
                       {"pid", kProcess},
                       {"tid", call.task.v},
                       {"name", name},
                       {"ts", micros(from_ns)},
                       {"dur", micros(std::max(from_ns, to_ns)) - micros(from_ns)},
                       {"args", std::move(args)}});
  }

  void add_call(const ToldCall& call) {
    const i64 end_ns = call.ended_ns.value_or(last_ns_);
    const std::string name = call.text.substr(0, call.text.find('('));
    slice(call, name, call.began_ns, end_ns,
          {{"call", call.text}, {"result", call.result.empty() ? "none" : call.result}});
    if (!call.slept) {
      return;
    }
    const i64 woken_ns = call.ended_ns ? std::min(call.woken_ns, end_ns) : end_ns;
    slice(call, "asleep on " + call.where, call.began_ns, woken_ns, ordered_json::object());
    if (call.woken_by && call.ended_ns) {
      arrow("s", story_.calls[*call.woken_by], woken_ns);
      arrow("f", call, woken_ns);
      ++arrows_;
    }
  }

  void arrow(const char* phase, const ToldCall& call, i64 time_ns) {
    ordered_json event = {{"ph", phase},          {"pid", kProcess}, {"tid", call.task.v},
                          {"name", "wakes"},      {"cat", "wake"},   {"id", arrows_},
                          {"ts", micros(time_ns)}};
    if (*phase == 'f') {
      event["bp"] = "e";
    }
    events_.push_back(std::move(event));
  }

  const Story& story_;
  ordered_json events_ = ordered_json::array();
  std::optional<i64> first_ns_;
  i64 last_ns_ = 0;
  u64 arrows_ = 0;
};

}  // namespace

std::string perfetto_json(const Story& story, const std::string& title) {
  return Writer(story).write(title);
}

}  // namespace ipcsim
