#include "tools/import/limits_survey.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <type_traits>

#include "tools/import/symbols.hpp"

namespace ipcsim::strace {
namespace {

constexpr std::string_view kSysctls = "/proc/sys/fs/";
/// What the kernel charges for a message beside its bytes, at least.
constexpr u64 kMessageOverhead = sizeof(u64);

std::optional<u64> leading_number(std::string_view text) {
  u64 value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} ? std::optional{value} : std::nullopt;
}

std::optional<u64> member_number(const Node& node, std::string_view name) {
  const Node* member = node.member(name);
  const bool good = member != nullptr && member->kind == Node::Kind::kNumber && !member->negative;
  return good ? std::optional{member->number} : std::nullopt;
}

template <class T>
void raise(T& limit, u64 least) {
  limit = std::max(limit, static_cast<T>(std::min<u64>(least, std::numeric_limits<T>::max())));
}

}  // namespace

void SeenLimits::apply(Environment& environment) const {
  const auto set = [&](std::string_view name, auto& limit) {
    if (const auto found = sysctl.find(std::string(name)); found != sysctl.end()) {
      limit = static_cast<std::remove_reference_t<decltype(limit)>>(found->second);
    }
  };
  MqLimits& mq = environment.mq_limits;
  PipeLimits& pipe = environment.pipe_limits;
  set("mqueue/msg_max", mq.mq_msg_max);
  set("mqueue/msgsize_max", mq.mq_msgsize_max);
  set("mqueue/msg_default", mq.mq_msg_default);
  set("mqueue/msgsize_default", mq.mq_msgsize_default);
  set("mqueue/queues_max", mq.mq_queues_max);
  set("pipe-max-size", pipe.pipe_max_size);
  set("pipe-user-pages-soft", pipe.pipe_user_pages_soft);
  set("pipe-user-pages-hard", pipe.pipe_user_pages_hard);
  if (default_maxmsg && default_msgsize) {
    mq.mq_msg_default = static_cast<u32>(*default_maxmsg);
    mq.mq_msgsize_default = static_cast<u32>(*default_msgsize);
    raise(mq.mq_msg_max, *default_maxmsg);
    raise(mq.mq_msgsize_max, *default_msgsize);
  }
  raise(mq.mq_msg_max, most_maxmsg);
  raise(mq.mq_msgsize_max, most_msgsize);
  if (too_large_a_pipe && *too_large_a_pipe <= pipe.pipe_max_size) {
    pipe.pipe_max_size = static_cast<decltype(pipe.pipe_max_size)>(*too_large_a_pipe / 2);
  }
  raise(pipe.pipe_max_size, largest_pipe);
  for (InitialTask& task : environment.tasks) {
    task.uid = uid.value_or(task.uid);
    if (most_queue_bytes > task.rlimit_msgqueue && !queue_bytes_ran_out) {
      task.rlimit_msgqueue = std::numeric_limits<u64>::max();
    }
  }
}

std::optional<LimitsSurveyor::Parsed> LimitsSurveyor::parse(const std::string& text) {
  auto arguments = parse_arguments(text, true);
  if (!arguments || !arguments->complete) {
    return std::nullopt;
  }
  auto result = parse_result(arguments->rest);
  if (!result) {
    return std::nullopt;
  }
  return Parsed{std::move(arguments->nodes), *result};
}

void LimitsSurveyor::see(const CallRecord& call) {
  const std::string_view name = call.name;
  if (!call.finished) {
    return;
  }
  const bool opens = name == "openat" || name == "open";
  if (opens && !call.head.contains(kSysctls)) {
    return;
  }
  const bool transfers = name == "read" || name == "write";
  if (transfers && sysctl_fds_.empty()) {
    return;
  }
  const bool ids = name == "getuid" || name == "geteuid";
  if (ids && seen_.uid) {
    return;
  }
  if (!opens && !transfers && !ids && name != "close" && name != "mq_open" && name != "mq_unlink" &&
      name != "mq_getsetattr" && name != "fcntl") {
    return;
  }
  if (name == "fcntl" && !call.head.contains("F_SETPIPE_SZ")) {
    return;
  }
  const std::string text = call.text();
  const auto parsed = parse(text);
  if (!parsed) {
    return;
  }
  if (ids && parsed->result.ok()) {
    seen_.uid = static_cast<u32>(parsed->result.value);
  } else if (opens) {
    see_open(call, *parsed);
  } else if (transfers) {
    see_transfer(call, *parsed);
  } else if (name == "close" && !parsed->args.empty()) {
    const std::pair fd{call.pid, static_cast<i64>(parsed->args[0].number)};
    sysctl_fds_.erase(fd);
    plain_queues_.erase(fd);
  } else if (name == "mq_open") {
    see_mq_open(call, *parsed);
  } else if (name == "mq_unlink" && parsed->result.ok() && !parsed->args.empty()) {
    queues_.erase(parsed->args[0].bytes);
  } else if (name == "mq_getsetattr") {
    see_mq_getsetattr(call, *parsed);
  } else if (name == "fcntl") {
    see_fcntl(*parsed);
  }
}

void LimitsSurveyor::see_open(const CallRecord& call, const Parsed& parsed) {
  for (const Node& node : parsed.args) {
    if (node.kind == Node::Kind::kString && node.bytes.starts_with(kSysctls) &&
        parsed.result.ok()) {
      sysctl_fds_[{call.pid, parsed.result.value}] = node.bytes.substr(kSysctls.size());
    }
  }
}

void LimitsSurveyor::see_transfer(const CallRecord& call, const Parsed& parsed) {
  if (parsed.args.size() < 2) {
    return;
  }
  const auto found = sysctl_fds_.find({call.pid, static_cast<i64>(parsed.args[0].number)});
  if (found == sysctl_fds_.end() || !parsed.result.ok() || parsed.result.value == 0) {
    return;
  }
  const auto value = leading_number(parsed.args[1].bytes);
  if (call.name == "write") {
    written_.insert(found->second);
  } else if (value && !written_.contains(found->second)) {
    seen_.sysctl.try_emplace(found->second, *value);
  }
}

void LimitsSurveyor::see_mq_open(const CallRecord& call, const Parsed& parsed) {
  if (parsed.args.size() < 2 || parsed.args[0].kind != Node::Kind::kString) {
    return;
  }
  seen_.queue_bytes_ran_out |= parsed.result.failed_with("EMFILE");
  const bool creates = parsed.args[1].text.contains("O_CREAT") && parsed.args.size() >= 4;
  const bool made = parsed.result.ok() && queues_.insert(parsed.args[0].bytes).second && creates;
  if (!made) {
    return;
  }
  const Node& attr = parsed.args[3];
  if (attr.is("NULL")) {
    plain_queues_.insert({call.pid, parsed.result.value});
    return;
  }
  const auto maxmsg = member_number(attr, "mq_maxmsg");
  const auto msgsize = member_number(attr, "mq_msgsize");
  if (maxmsg && msgsize && *maxmsg < 65537 && *msgsize < 16U * 1024 * 1024 + 1) {
    seen_.most_maxmsg = std::max(seen_.most_maxmsg, *maxmsg);
    seen_.most_msgsize = std::max(seen_.most_msgsize, *msgsize);
    seen_.most_queue_bytes =
        std::max(seen_.most_queue_bytes, *maxmsg * (*msgsize + kMessageOverhead));
  }
}

void LimitsSurveyor::see_mq_getsetattr(const CallRecord& call, const Parsed& parsed) {
  if (parsed.args.size() < 3 || !parsed.result.ok() ||
      !plain_queues_.contains({call.pid, static_cast<i64>(parsed.args[0].number)})) {
    return;
  }
  const auto maxmsg = member_number(parsed.args[2], "mq_maxmsg");
  const auto msgsize = member_number(parsed.args[2], "mq_msgsize");
  if (maxmsg && msgsize && !seen_.default_maxmsg && *maxmsg < 65537 &&
      *msgsize < 16U * 1024 * 1024 + 1) {
    seen_.default_maxmsg = maxmsg;
    seen_.default_msgsize = msgsize;
  }
}

void LimitsSurveyor::see_fcntl(const Parsed& parsed) {
  if (parsed.args.size() < 3) {
    return;
  }
  const u64 asked = parsed.args[2].number;
  if (parsed.result.ok() && parsed.result.value > 0) {
    seen_.largest_pipe = std::max(seen_.largest_pipe, static_cast<u64>(parsed.result.value));
  } else if (parsed.result.failed_with("EPERM") && asked > 4096) {
    seen_.too_large_a_pipe = std::min(seen_.too_large_a_pipe.value_or(asked), asked);
  }
}

}  // namespace ipcsim::strace
