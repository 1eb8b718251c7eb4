#include "tools/import/importer.hpp"

#include <array>
#include <utility>

#include <fmt/format.h>
#include <range/v3/algorithm/any_of.hpp>
#include <range/v3/algorithm/contains.hpp>

namespace ipcsim::strace {
namespace {

struct ParsedCall {
  std::vector<Node> args;
  CallResult result;
  bool partial = false;  ///< more arguments may have been there
};

std::expected<ParsedCall, std::string> parse_call(const std::string& text, bool finished) {
  ParsedCall parsed;
  parsed.partial = !finished || text.ends_with("= ?") || text.ends_with("= ? <unavailable>");
  auto arguments = parse_arguments(text, parsed.partial);
  if (!arguments) {
    return std::unexpected(std::move(arguments.error()));
  }
  parsed.args = std::move(arguments->nodes);
  if (finished && arguments->complete) {
    auto result = parse_result(arguments->rest);
    if (!result) {
      return std::unexpected(std::move(result.error()));
    }
    parsed.result = *result;
  }
  return parsed;
}

/// A call whose arguments cannot all be read: the first of them, and the result at the end.
std::expected<ParsedCall, std::string> parse_roughly(const std::string& text) {
  ParsedCall parsed;
  parsed.partial = true;
  if (auto arguments = parse_arguments(text, true)) {
    parsed.args = std::move(arguments->nodes);
  }
  const std::size_t end = text.rfind(") ");
  const std::string_view rest =
      end == std::string::npos ? "" : std::string_view(text).substr(end + 1);
  auto result = parse_result(rest);
  if (!result) {
    return std::unexpected(std::move(result.error()));
  }
  parsed.result = *result;
  return parsed;
}

/// True when a call failed in a way that never has an effect. Garbage among its arguments may not
/// even have a form in a trace. mq_timedreceive() may have taken a message that it then could not
/// hand over.
bool left_all_as_it_was(const CallRecord& call) {
  const std::string text = call.text();
  const std::string_view error = error_text(text);
  constexpr std::array kEarly = std::to_array<std::string_view>(
      {"EINVAL", "EBADF", "EOPNOTSUPP", "ENOTTY", "ENOSYS", "ESPIPE", "EPERM"});
  constexpr std::array kOfVectors = std::to_array<std::string_view>(
      {"readv", "writev", "preadv", "pwritev", "preadv2", "pwritev2", "vmsplice"});
  return ranges::contains(kEarly, error) ||
         (error == "EFAULT" && ranges::contains(kOfVectors, call.name));
}

/// True for a call that fails with EMFILE only where no descriptor number is left.
bool takes_lowest_fd(std::string_view name) {
  constexpr std::array kNames =
      std::to_array<std::string_view>({"pipe", "pipe2", "dup", "open", "openat", "creat", "socket",
                                       "socketpair", "mq_open", "eventfd2", "memfd_create"});
  return ranges::contains(kNames, name);
}

/// True when a call is about something that the model has, as far as its first arguments tell.
bool is_about_ours(std::string_view name, const TaskState& task, const std::vector<Node>& args) {
  if (name.starts_with("mq_") || name == "pipe" || name == "pipe2") {
    return true;
  }
  return ranges::any_of(args, [&](const Node& node) {
    const bool fd = node.kind == Node::Kind::kNumber && !node.negative && node.number < 0x7fffffff;
    const FdSlot* slot = fd ? task.files->find(static_cast<i32>(node.number)) : nullptr;
    return slot != nullptr && is_ours(slot->kind);
  });
}

}  // namespace

Importer::Importer(const Log& log, const Survey& survey, i64 realtime_ns)
    : log_(log), state_(log, survey), realtime_ns_(realtime_ns) {
  state_.tasks.initial_cwd = survey.initial_cwd;
  const u32 uid = survey.limits.uid.value_or(0);
  state_.tasks.initial_creds = {uid, uid, uid, survey.initial_caps, survey.initial_caps};
  fates_.resize(log.calls.size());
  state_.tasks.on_root = [this](u32 root, FdTable& table) { state_.inherited.adopt(root, table); };
}

std::expected<void, TraceError> Importer::run() {
  for (const LogItem& item : log_.items) {
    switch (item.kind) {
      case LogItem::Kind::kEntry:
        if (auto entered = enter(item); !entered) {
          return entered;
        }
        break;
      case LogItem::Kind::kExit:
        leave(item);
        break;
      case LogItem::Kind::kSignal:
        take_signal(item);
        break;
      case LogItem::Kind::kExited:
      case LogItem::Kind::kKilled:
        take_death(item);
        break;
      case LogItem::Kind::kSuperseded:
        take_superseded(item);
        break;
      case LogItem::Kind::kLetGo:
        let_go(item);
        break;
    }
  }
  state_.give_up_in_flight();
  for (const auto& [line, text] : log_.cut_lines) {
    remark(line, kNoIndex, text);
  }
  for (const auto& [line, text] : log_.strange_lines) {
    remark(line, kNoIndex, fmt::format("this is no line of strace: '{}'", text));
  }
  return {};
}

/// FIFOs from before the log are made by its first task, before anything else, and queues are
/// mounted.
void Importer::make_known_fifos(TaskState& task) {
  if (state_.survey.queue_files && task.creds.effective == 0 && state_.mounts.unused()) {
    const std::string folder = state_.mounts.next_folder();
    for (Call call : {Call{MkdirCall{folder}}, Call{MountCall{folder, {}}}}) {
      state_.recorder.add(
          task, CallEvent{Conversion::number_of(task), std::move(call), SysResult::success(0)},
          {1, {}});
    }
    state_.mounts.mounted(std::string(QueueMounts::kUsual));
    task.made_ours = true;
  }
  for (const auto& [path, line] : known_fifos_) {
    const MkfifoCall call{state_.fifos.new_name(path), 0666};
    state_.fifos.made(path);
    state_.recorder.add(task, CallEvent{Conversion::number_of(task), call, SysResult::success(0)},
                        {line, {}});
    task.made_ours = true;
  }
  known_fifos_.clear();
}

/// Reads a call and lets its converter say what it becomes. A problem of the log itself is one only
/// if the call is about something that the model has.
std::expected<Plan, Problem> Importer::convert(const CallRecord& call, InFlight& flight) {
  if (call.name == "restart_syscall" && flight.task->interrupted) {
    return convert_restart(call, flight);
  }
  if (const Converter converter = find_converter(call.name)) {
    return apply(converter, call, flight);
  }
  const std::string text = call.text();
  if (text.contains("<pipe:[") && error_text(text).empty()) {
    return std::unexpected(Problem{true, fmt::format("{} on a pipe", call.name)});
  }
  return Plan::other();
}

std::expected<Plan, Problem> Importer::apply(Converter converter, const CallRecord& call,
                                             InFlight& flight) {
  const std::string text = call.text();
  auto parsed = parse_call(text, call.finished);
  if (!parsed) {
    auto rough = parse_roughly(text);
    if (!rough || is_about_ours(call.name, *flight.task, rough->args)) {
      // Arguments that cannot be read are no fault of the log when they are not about our objects.
      const bool foreign = !rough && !is_about_ours(call.name, *flight.task, {});
      return std::unexpected(
          Problem{foreign, fmt::format("{} cannot be read: {}", call.name, parsed.error())});
    }
    parsed = std::move(rough);
  }
  const CallResult& result = parsed->result;
  flight.duration_ns = result.duration_ns;
  flight.eintr = result.failed_with("EINTR");
  if (result.kind == CallResult::Kind::kRestart) {
    flight.restart = std::string(result.error);
  }
  ArgReader args(call.name, parsed->args, parsed->partial);
  args.set_faulted(result.failed_with("EFAULT"));
  Conversion conversion{.record = call,
                        .args = args,
                        .result = result,
                        .task = *flight.task,
                        .state = state_,
                        .origin = {call.line, call.time_ns},
                        .never_returns = result.kind == CallResult::Kind::kNone};
  state_.ran_out_of_fds =
      state_.ran_out_of_fds || (result.failed_with("EMFILE") && takes_lowest_fd(call.name));
  Plan plan = converter(conversion);
  cut_strings_ += args.cut_strings();
  if (args.problem()) {
    return std::unexpected(*args.problem());
  }
  if (result.injected && plan.fate == Plan::Fate::kKept) {
    plan.remark = "strace made this result up (-e inject)";
  }
  return plan;
}

/// restart_syscall(<... resuming interrupted poll ...>): the poll() goes on. What it found is not
/// shown.
std::expected<Plan, Problem> Importer::convert_restart(const CallRecord& call, InFlight& flight) {
  const std::string text = call.text();
  const auto result = parse_result(result_text(text));
  if (!result) {
    return std::unexpected(Problem{false, fmt::format("restart_syscall: {}", result.error())});
  }
  const InterruptedCall& interrupted = *flight.task->interrupted;
  flight.duration_ns = result->duration_ns;
  flight.began_ns = interrupted.began_ns;
  Plan plan = Plan::of(Plan::Fate::kKept);
  plan.calls.push_back({interrupted.call, {}});
  if (result->kind == CallResult::Kind::kRestart) {
    flight.restart = std::string(result->error);
  } else if (result->failed_with("EINTR")) {
    plan.calls.front().result = SysResult::failure(Errno::kEINTR);
  } else if (result->ok()) {
    plan.calls.front().result = SysResult::success(result->value);
    if (const auto* poll = get_if<PollCall>(&interrupted.call); poll && result->value == 0) {
      constexpr i64 kNanosecondsPerMillisecond = 1'000'000;
      plan.timeout = Timeout{false, poll->timeout * kNanosecondsPerMillisecond, true};
    }
  }
  return plan;
}

std::expected<void, TraceError> Importer::enter(const LogItem& item) {
  const CallRecord& call = log_.calls[item.call];
  TaskState& task = state_.tasks.of_pid(item.pid);
  make_known_fifos(task);
  task.epipe_event.reset();
  settle_told(task);
  if (task.open_event && !task.interrupted) {
    // "= ?", and yet the task lives. What the call did is not known.
    remark(call.line, task.index,
           "not imported: the task's call before this one, which never returned");
    state_.recorder.withdraw(*task.open_event);
    task.open_event.reset();
  }
  InFlight flight;
  flight.task = &task;
  flight.began_ns = state_.elapsed_ns();
  auto plan = convert(call, flight);
  flight.expected_in_shared = std::exchange(state_.expected_in_shared, {});
  CallFate& fate = fates_[item.call];
  fate.task = task.index;
  if (!plan) {
    // A call that failed may have been given anything.
    const bool failed = !error_text(call.text()).empty();
    if (!plan.error().unsupported && !failed) {
      return std::unexpected(log_.error(call.line, std::move(plan.error().what)));
    }
    fate.fate = Plan::Fate::kNoEffect;
    if (failed && left_all_as_it_was(call)) {
      return {};
    }
    remark(call.line, task.index, fmt::format("not imported: {}", plan.error().what));
    state_.recorder.add(task, NoteEvent{fmt::format("not imported: {}", plan.error().what)},
                        {call.line, call.time_ns});
    return {};
  }
  if (!plan->remark.empty()) {
    remark(call.line, task.index, fmt::format("{}: {}", call.name, plan->remark));
  }
  if (call.name == "rt_sigreturn" && flight.eintr) {
    settle_by_sigreturn(task);
  }
  suppose(state_.inherited, task, *plan, {call.line, call.time_ns});
  fate.fate = plan->fate;
  flight.plan = *std::move(plan);
  begin(call, flight);
  if (call.finished) {
    in_flight_.emplace(item.call, std::move(flight));
  }
  return {};
}

}  // namespace ipcsim::strace
