#include "sim/trace/header_json.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <set>

#include "sim/trace/call_json.hpp"
#include "sim/trace/json_reader.hpp"
#include "sim/trace/json_text.hpp"
#include "sim/trace/names_json.hpp"

namespace ipcsim {
namespace {

std::string_view order_name(TraceOrder order) {
  return order == TraceOrder::kSettled      ? "settled"
         : order == TraceOrder::kConcurrent ? "concurrent"
                                            : "observed";
}

constexpr u32 kLeastPageSize = 4096;
constexpr u32 kMostPageSize = 65536;
constexpr i32 kLeastNice = -20;
constexpr i32 kMostNice = 19;

// Returns whether the rest of the header can be read.
bool read_version(JsonReader& in) {
  const JsonValue* value = in.find("ipcsim_trace");
  if (value == nullptr) {
    in.report(fmt::format("\"ipcsim_trace\" is missing; a trace starts with a line such as {}",
                          kHeaderExample));
    return false;
  }
  const auto version = value->integer<i64>(1, std::numeric_limits<i64>::max());
  if (!version) {
    in.refuse("ipcsim_trace", *value, fmt::format("the format's version, {}", kTraceVersion));
    return false;
  }
  if (*version != kTraceVersion) {
    in.report(
        fmt::format("this trace is format version {}; this ipcsim reads version {}: update "
                    "ipcsim, or make the trace again with this one",
                    *version, kTraceVersion));
    return false;
  }
  return true;
}

void read_order(JsonReader& in, TraceOrder& order) {
  if (const JsonValue* value = in.find("order")) {
    const std::string* name = value->string();
    if (name != nullptr && *name == "settled") {
      order = TraceOrder::kSettled;
    } else if (name != nullptr && *name == "concurrent") {
      order = TraceOrder::kConcurrent;
    } else if (name != nullptr && *name == "observed") {
      order = TraceOrder::kObserved;
    } else {
      in.refuse("order", *value, R"("settled", "concurrent" or "observed")");
    }
  }
}

void read_page_size(JsonReader& in, u32& page_size) {
  if (const JsonValue* value = in.find("page_size")) {
    const auto size = value->integer(kLeastPageSize, kMostPageSize);
    if (size && std::has_single_bit(*size)) {
      page_size = *size;
    } else {
      in.refuse("page_size", *value,
                fmt::format("a power of two from {} to {}", kLeastPageSize, kMostPageSize));
    }
  }
}

// Calls `member(name, pipe or mqueue limit)` for each limit.
void each_limit(auto& environment, auto&& member) {
  auto& pipe = environment.pipe_limits;
  auto& mq = environment.mq_limits;
  member("pipe_max_size", pipe.pipe_max_size);
  member("pipe_user_pages_soft", pipe.pipe_user_pages_soft);
  member("pipe_user_pages_hard", pipe.pipe_user_pages_hard);
  member("mq_queues_max", mq.mq_queues_max);
  member("mq_msg_max", mq.mq_msg_max);
  member("mq_msgsize_max", mq.mq_msgsize_max);
  member("mq_msg_default", mq.mq_msg_default);
  member("mq_msgsize_default", mq.mq_msgsize_default);
}

void read_limits(JsonReader& in, Environment& environment) {
  if (const JsonValue* value = in.find("limits")) {
    if (auto limits = in.inside("limits", *value, "an object with limits")) {
      each_limit(environment, [&]<class T>(std::string_view name, T& limit) {
        limits->integer(name, limit, T{0});
      });
      limits->close();
    }
  }
}

void read_other_fds(JsonReader& in, std::vector<Fd>& fds) {
  const JsonValue::List* list = in.list("other_fds", "a list of descriptors");
  std::set<i32> seen;
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    i32& fd = fds.emplace_back().v;
    in.integer_of(indexed("other_fds", i), (*list)[i], fd, 0, kMostOtherFd);
    if (!seen.insert(fd).second) {
      in.report(fmt::format("\"{}\" lists {} twice", in.path("other_fds"), fd));
    }
  }
}

void read_task(JsonReader& in, InitialTask& task) {
  in.need_integer("task", task.task.v, 1U, kMostTask);
  in.integer("uid", task.uid);
  in.integer("nice", task.nice, kLeastNice, kMostNice);
  in.integer("rlimit_nofile", task.rlimit_nofile);
  in.integer("rlimit_msgqueue", task.rlimit_msgqueue);
  read_other_fds(in, task.other_fds);
  in.close();
}

void read_tasks(JsonReader& in, std::vector<InitialTask>& tasks) {
  const JsonValue::List* list = in.list("tasks", "a list of tasks");
  if (list == nullptr) {
    return;
  }
  if (list->empty()) {
    in.report("\"tasks\" is empty, expected at least one task");
  }
  tasks.clear();
  std::set<TaskId> seen;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const std::string key = indexed("tasks", i);
    InitialTask& task = tasks.emplace_back();
    if (auto object = in.inside(key, (*list)[i], R"({"task":N,...})")) {
      read_task(*object, task);
    }
    if (!seen.insert(task.task).second) {
      in.report(
          fmt::format("\"{}\" is task {} again, expected a number of its own", key, task.task.v));
    }
  }
}

std::string limits_json(const Environment& environment) {
  const Environment defaults;
  std::vector<u64> usual;
  each_limit(defaults, [&](std::string_view /*name*/, auto limit) {
    usual.push_back(static_cast<u64>(limit));
  });
  JsonObjectText object;
  auto next = usual.begin();
  each_limit(environment, [&](std::string_view name, auto limit) {
    object.number_unless(name, static_cast<u64>(limit), *next++);
  });
  return object.text();
}

std::string task_json(const InitialTask& task) {
  const InitialTask usual;
  JsonObjectText object;
  object.number("task", task.task.v)
      .number_unless("uid", task.uid, usual.uid)
      .number_unless("nice", task.nice, usual.nice)
      .number_unless("rlimit_nofile", task.rlimit_nofile, usual.rlimit_nofile)
      .number_unless("rlimit_msgqueue", task.rlimit_msgqueue, usual.rlimit_msgqueue);
  if (!task.other_fds.empty()) {
    std::vector<std::string> fds;
    for (const Fd fd : task.other_fds) {
      fds.push_back(fmt::format("{}", fd.v));
    }
    object.json("other_fds", json_list(fds));
  }
  return object.text();
}

}  // namespace

TraceHeader read_header(const JsonValue& value, Problem& problem) {
  TraceHeader header;
  const JsonValue::Object* object = value.object();
  if (object == nullptr) {
    problem.report(fmt::format("the header: this is {}; a trace starts with a line such as {}",
                               describe(value), kHeaderExample));
    return header;
  }
  JsonReader in(*object, "the header", problem);
  if (!read_version(in)) {
    return header;
  }
  Environment& environment = header.environment;
  in.text("title", header.title);
  read_order(in, header.order);
  in.text("kernel", environment.kernel);
  in.text("profile", environment.profile);
  read_page_size(in, environment.page_size);
  read_caps(in, "caps", environment.caps);
  read_limits(in, environment);
  in.integer("realtime_ns", environment.realtime_ns, i64{0});
  read_tasks(in, environment.tasks);
  in.close();
  return header;
}

std::string header_json(const TraceHeader& header) {
  const Environment& environment = header.environment;
  const Environment usual;
  JsonObjectText object;
  object.number("ipcsim_trace", kTraceVersion)
      .string("title", header.title)
      .string("order", order_name(header.order));
  if (!environment.kernel.empty()) {
    object.string("kernel", environment.kernel);
  }
  if (!environment.profile.empty()) {
    object.string("profile", environment.profile);
  }
  object.number_unless("page_size", environment.page_size, usual.page_size);
  if (environment.caps != usual.caps) {
    object.json("caps", caps_json(environment.caps));
  }
  if (environment.pipe_limits != usual.pipe_limits || environment.mq_limits != usual.mq_limits) {
    object.json("limits", limits_json(environment));
  }
  object.number_unless("realtime_ns", environment.realtime_ns, usual.realtime_ns);
  if (environment.tasks != usual.tasks) {
    std::vector<std::string> tasks;
    for (const InitialTask& task : environment.tasks) {
      tasks.push_back(task_json(task));
    }
    object.json("tasks", json_list(tasks));
  }
  return object.text();
}

}  // namespace ipcsim
