#include "tools/import/survey.hpp"

#include <algorithm>
#include <array>

#include <range/v3/algorithm/any_of.hpp>

#include "tools/import/arg_reader.hpp"
#include "tools/import/argument.hpp"
#include "tools/import/call_result.hpp"
#include "tools/import/printable.hpp"
#include "tools/import/symbols.hpp"

namespace ipcsim::strace {
namespace {

constexpr std::size_t kMostTitleBytes = 120;

class Surveyor {
 public:
  explicit Surveyor(Survey& survey) : survey_(survey) {}

  void see(const LogItem& item) {
    if (!survey_.start_ns) {
      survey_.start_ns = item.time_ns;
    }
    if (item.kind == LogItem::Kind::kSignal || item.kind == LogItem::Kind::kKilled) {
      add_signal(signal_value(item.name));
    }
  }

  void see(const CallRecord& call) {
    survey_.queue_files = survey_.queue_files || call.head.contains("\"/dev/mqueue/");
    if (call.name == "kill" || call.name == "tkill") {
      add_signal_argument(call, 1);
    } else if (call.name == "tgkill") {
      add_signal_argument(call, 2);
    } else if (call.name == "prlimit64" || call.name == "getrlimit" || call.name == "setrlimit") {
      see_limit(call);
    } else if (call.name == "execve" && survey_.command.empty()) {
      see_command(call);
    } else if (call.name == "mq_timedsend" || call.name == "mq_timedreceive") {
      see_timeout(call);
    } else if (call.name == "splice" || call.name == "sendfile") {
      survey_.splices = true;
    } else if (call.name == "ioctl") {
      survey_.ioctls = true;
    } else if (call.name == "io_uring_setup") {
      survey_.rings = true;
    } else if (call.name == "mq_notify") {
      constexpr std::string_view kRaw = "sigev_notify=0x2,";  // -X raw
      const std::string text = call.text();
      survey_.notifies_threads =
          survey_.notifies_threads || text.contains("SIGEV_THREAD") || text.contains(kRaw);
      see_notification(call);
    } else if (call.name == "fcntl" && call.head.contains("F_SETSIG")) {
      add_signal_argument(call, 2);
    } else if (call.name == "fcntl" && call.head.contains("ASYNC")) {
      add_signal(Signal{29});  // SIGIO
    } else if (call.name == "unshare" || call.name.starts_with("clone")) {
      see_namespace(call);
    } else if (call.name == "chdir" || call.name == "fchdir") {
      moved_ = true;
    }
    see_cwd(call);
  }

  void finish(bool unix_clock) {
    if (unix_clock) {
      survey_.realtime_ns = survey_.start_ns;
    } else if (earliest_timeout_ns_) {
      survey_.realtime_ns = *earliest_timeout_ns_ - kNanosecondsPerSecond;
    }
  }

 private:
  static std::vector<Node> arguments(const std::string& text) {
    auto parsed = parse_arguments(text, true);
    return parsed ? std::move(parsed->nodes) : std::vector<Node>{};
  }

  void add_signal(std::optional<Signal> signal) {
    if (signal && signal->v != 0) {
      survey_.signals |= signal_bit(*signal);
    }
  }

  void add_signal_argument(const CallRecord& call, std::size_t index) {
    const std::string text = call.text();
    const auto args = arguments(text);
    if (index < args.size()) {
      add_signal(signal_value(args[index].text));
    }
  }

  /// The first look at a limit, before anything changes it.
  void see_limit(const CallRecord& call) {
    const std::string text = call.text();
    const auto args = arguments(text);
    const std::size_t which = call.name.starts_with("prlimit") ? 1 : 0;
    const auto resource =
        which + 1 < args.size() ? flags_value(args[which], rlimit_names()) : std::nullopt;
    const bool nofile = resource == kRlimitNofile;
    if (!nofile && resource != kRlimitMsgqueue) {
      return;
    }
    auto& limit = nofile ? survey_.rlimit_nofile : survey_.rlimit_msgqueue;
    bool& known = nofile ? nofile_set_ : msgqueue_set_;
    const Node& old = args.back();
    const Node* cur = old.member("rlim_cur");
    if (!known && cur != nullptr && call.name != "setrlimit") {
      limit = limit_value(*cur);
    }
    survey_.sets_nofile = survey_.sets_nofile || (nofile && !known && !limit);
    known = true;
  }

  void see_command(const CallRecord& call) {
    const std::string text = call.text();
    const auto args = arguments(text);
    if (args.size() < 2) {
      return;
    }
    for (const Node& word : args[1].items) {
      survey_.command += (survey_.command.empty() ? "" : " ") + word.bytes;
    }
    survey_.command = printable(survey_.command, kMostTitleBytes);
  }

  /// Where names begin that do not begin with a slash.
  void see_cwd(const CallRecord& call) {
    if (moved_ || !survey_.initial_cwd.empty()) {
      return;
    }
    const bool getcwd = call.name == "getcwd";
    if (!getcwd && !call.head.starts_with("AT_FDCWD</")) {
      return;
    }
    const std::string text = call.text();
    const auto args = arguments(text);
    if (args.empty()) {
      return;
    }
    if (getcwd && args[0].kind == Node::Kind::kString && !args[0].cut) {
      survey_.initial_cwd = args[0].bytes;
    } else if (args[0].annotation) {
      survey_.initial_cwd = std::string(*args[0].annotation);
    }
  }

  /// The signal that a queue sends.
  void see_notification(const CallRecord& call) {
    const std::string text = call.text();
    const auto args = arguments(text);
    const Node* signo = args.size() < 2 ? nullptr : args[1].member("sigev_signo");
    const Node* notify = args.size() < 2 ? nullptr : args[1].member("sigev_notify");
    const bool number = notify != nullptr && notify->kind == Node::Kind::kNumber;  // -X raw
    if (signo != nullptr && (number ? notify->number == 0 : text.contains("SIGEV_SIGNAL"))) {
      add_signal(signal_value(signo->text));
    }
  }

  /// The same where -X raw was given.
  static bool makes_namespace_by_number(const CallRecord& call) {
    const std::string text = call.text();
    return ranges::any_of(arguments(text), [&](const Node& arg) {
      const bool flags = arg.name == "flags" || call.name == "unshare";
      return flags && arg.kind == Node::Kind::kNumber &&
             (arg.number & (kCloneNewipc | kCloneNewpid)) != 0 && (arg.number & kCloneNewuser) == 0;
    });
  }

  void see_namespace(const CallRecord& call) {
    const std::string text = call.text();
    if (result_text(text).empty() || !error_text(text).empty()) {
      return;
    }
    const bool named = text.contains("CLONE_NEWIPC") || text.contains("CLONE_NEWPID");
    // Who makes a user namespace with it has the capability there.
    if ((named && !text.contains("CLONE_NEWUSER")) || makes_namespace_by_number(call)) {
      survey_.caps.add(Cap::kSysAdmin);
    }
  }

  /// Without a clock of its own a log shows the time by the timeouts that ran out.
  void see_timeout(const CallRecord& call) {
    const std::string text = call.text();
    if (!text.contains("ETIMEDOUT")) {
      return;
    }
    const auto args = arguments(text);
    ArgReader reader(call.name, args, true);
    const auto timeout = reader.timespec(reader.at(4), "abs_timeout");
    constexpr i64 kMostSeconds = 9'000'000'000;
    if (timeout.kind != UserPtr<Timespec>::Kind::kValue || timeout.value.tv_sec < 1 ||
        timeout.value.tv_sec > kMostSeconds) {
      return;
    }
    const i64 ns = timeout.value.tv_sec * kNanosecondsPerSecond;
    earliest_timeout_ns_ = std::min(earliest_timeout_ns_.value_or(ns), ns);
  }

  Survey& survey_;
  bool moved_ = false;
  bool nofile_set_ = false;
  bool msgqueue_set_ = false;
  std::optional<i64> earliest_timeout_ns_;
};

}  // namespace

Survey survey_log(const Log& log) {
  Survey survey;
  survey.signals = signal_bit(kSigpipe);
  Surveyor surveyor(survey);
  LimitsSurveyor limits(survey.limits);
  bool opens = false;
  for (const LogItem& item : log.items) {
    surveyor.see(item);
    if (item.kind == LogItem::Kind::kEntry) {
      surveyor.see(log.calls[item.call]);
      limits.see(log.calls[item.call]);
      const std::string_view name = log.calls[item.call].name;
      opens = opens || name.starts_with("open") || name == "creat";
    }
  }
  survey.opens = opens || survey.command.empty();
  surveyor.finish(log.unix_clock);
  return survey;
}

}  // namespace ipcsim::strace
