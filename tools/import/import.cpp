#include "tools/import/import.hpp"

#include <algorithm>
#include <iterator>
#include <map>

#include <fmt/format.h>

#include "tools/import/importer.hpp"
#include "tools/import/log_reader.hpp"
#include "tools/import/survey.hpp"

namespace ipcsim {
namespace {

using strace::Importer;
using strace::Log;
using strace::Plan;
using strace::Survey;

/// A program may use any number up to the kernel's own limit (fs.nr_open).
constexpr u64 kLargeNofile = 1'048'576;
/// Root may do everything. Limits say what CAP_SYS_RESOURCE would: they are raised to what was
/// seen.
constexpr u64 kCapsOfRoot = ((u64{1} << 41U) - 1) & ~(u64{1} << u64{24});
/// Each pass may show more FIFOs and pipes that were there before the log.
constexpr int kMostPasses = 12;

CallCounts to_counts(const std::map<std::string, u64>& counts) {
  return {counts.begin(), counts.end()};
}

/// RLIMIT_NOFILE at the beginning, if the log does not show it: where numbers ran out all below the
/// limit were in use.
u64 limit_of_files(const Importer& importer, const Survey& survey) {
  const strace::ImportState& state = importer.state();
  if (survey.rlimit_nofile || survey.sets_nofile || !state.ran_out_of_fds || state.highest_fd < 0) {
    return survey.rlimit_nofile.value_or(kLargeNofile);
  }
  return static_cast<u64>(state.highest_fd) + 1;
}

/// A task as the log begins, without descriptors.
InitialTask first_task(const Importer& importer, const Survey& survey, const InitialTask& model) {
  InitialTask task = model;
  task.rlimit_nofile = limit_of_files(importer, survey);
  task.rlimit_msgqueue = survey.rlimit_msgqueue.value_or(model.rlimit_msgqueue);
  task.other_fds.clear();
  return task;
}

/// The log's tasks without a parent, with what they had open when it began.
std::vector<InitialTask> initial_tasks(Importer& importer, const std::vector<u32>& order,
                                       const Survey& survey, const InitialTask& model) {
  std::vector<InitialTask> tasks;
  for (u32 i = 0; i < order.size(); ++i) {
    const strace::RootFds* fds = importer.state().tasks.root_fds(order[i]);
    if (fds == nullptr) {
      continue;
    }
    InitialTask task = first_task(importer, survey, model);
    task.task = TaskId{i + 1};
    for (const i32 fd : fds->inherited) {
      task.other_fds.push_back(Fd{fd});
    }
    tasks.push_back(std::move(task));
  }
  return tasks;
}

void list_remarks(const Log& log, const Importer& importer, const std::vector<bool>& kept_task,
                  ImportReport& report) {
  for (const Importer::Remark& remark : importer.remarks()) {
    if (remark.task != strace::kNoIndex && !kept_task[remark.task]) {
      continue;
    }
    ++report.not_understood_total;
    if (report.not_understood.size() < kMostNotUnderstood) {
      report.not_understood.push_back(fmt::format("{}: {}", log.where(remark.line), remark.what));
    }
  }
  report.not_understood_total += log.strange_count - log.strange_lines.size();
}

void count_calls(const Log& log, const Importer& importer, const std::vector<bool>& kept_task,
                 ImportReport& report) {
  std::map<std::string, u64> dropped;
  std::map<std::string, u64> no_effect;
  std::map<std::string, u64> inherited;
  for (std::size_t i = 0; i < log.calls.size(); ++i) {
    const strace::CallFate& fate = importer.fates()[i];
    const bool kept = fate.task != strace::kNoIndex && kept_task[fate.task];
    const std::string name(log.calls[i].name);
    if (kept && fate.fate == Plan::Fate::kKept) {
      ++report.calls_kept;
      continue;
    }
    ++report.calls_dropped;
    if (fate.fate == Plan::Fate::kNoEffect) {
      ++no_effect[name];
    } else if (fate.fate == Plan::Fate::kInheritedPipe) {
      ++inherited[name];
    } else {
      ++dropped[name];
    }
  }
  report.dropped_by_call = to_counts(dropped);
  report.no_effect_by_call = to_counts(no_effect);
  report.inherited_pipe_by_call = to_counts(inherited);
}

/// Where the log does not show all, the unseen task makes those that the log begins with.
std::vector<Event> begin_unseen(const Importer& importer, const std::vector<u32>& order,
                                const Survey& survey, const InitialTask& model,
                                Environment& environment) {
  const strace::ImportState& state = importer.state();
  if (!state.unseen.index()) {
    return {};
  }
  environment.pipe_limits.pipe_max_size =
      std::max(environment.pipe_limits.pipe_max_size, static_cast<u32>(state.inherited.largest()));
  InitialTask unseen = first_task(importer, survey, model);
  std::vector<strace::InheritedPipes::Root> roots;
  for (u32 i = 0; i < order.size(); ++i) {
    if (order[i] == *state.unseen.index()) {
      unseen.task = TaskId{i + 1};
    } else if (const strace::RootFds* fds = state.tasks.root_fds(order[i])) {
      roots.push_back({.number = fds->number,
                       .task = TaskId{i + 1},
                       .fds = fds->inherited,
                       .rlimit_nofile = unseen.rlimit_nofile});
    }
  }
  unseen.rlimit_nofile = kLargeNofile;
  environment.tasks = {unseen};
  return state.inherited.setup(unseen.task, roots);
}

/// Where descriptors of the unseen task can begin: above all that the log has.
i32 base_of_unseen(const strace::ImportState& state) {
  i32 most = 0;
  for (const strace::TaskState& task : state.tasks.all()) {
    most = task.index == *state.unseen.index() ? most : std::max(most, task.files->most());
  }
  return most + 1;
}

bool is_call(const Event& event) { return std::holds_alternative<CallEvent>(event.body); }

bool maps_ids(const Event& event) {
  const auto* call = std::get_if<CallEvent>(&event.body);
  return call != nullptr && holds_alternative<IdMapCall>(call->call);
}

std::pair<Trace, ImportReport> assemble(const Log& log, Importer& importer, const Survey& survey,
                                        const ImportOptions& options, i64 realtime_ns) {
  ImportReport report;
  strace::Recorder::Finished finished = importer.state().recorder.finish(importer.state().tasks);
  Trace trace;
  trace.name = log.files.front().name;
  trace.header.order = TraceOrder::kObserved;
  trace.header.title = !options.title.empty()    ? options.title
                       : !survey.command.empty() ? survey.command
                                                 : "a recorded program";
  trace.header.environment = options.environment;
  trace.header.environment.realtime_ns = realtime_ns;
  trace.header.environment.caps.bits |= survey.caps.bits;
  const InitialTask model =
      options.environment.tasks.empty() ? InitialTask{} : options.environment.tasks.front();
  auto tasks = initial_tasks(importer, finished.tasks, survey, model);
  if (!tasks.empty()) {
    trace.header.environment.tasks = std::move(tasks);
  }
  survey.limits.apply(trace.header.environment);
  trace.header.environment.caps.bits |= survey.initial_caps;
  trace.events = begin_unseen(importer, finished.tasks, survey, model, trace.header.environment);
  report.inherited_pipes = importer.state().inherited.count();
  report.supposed_calls = importer.state().unseen.calls() +
                          static_cast<u64>(std::ranges::count_if(trace.events, is_call));
  trace.events.insert(trace.events.end(), std::make_move_iterator(finished.events.begin()),
                      std::make_move_iterator(finished.events.end()));
  if (std::ranges::any_of(trace.events, maps_ids)) {
    // For a map of user 0; only maps that were taken are here.
    trace.header.environment.caps.add(Cap::kSetfcap);
  }

  report.lines = log.lines;
  report.tasks = finished.tasks.size();
  report.tasks_dropped = importer.state().tasks.all().size() - finished.tasks.size();
  std::vector<bool> kept_task(importer.state().tasks.all().size(), false);
  for (const u32 index : finished.tasks) {
    kept_task[index] = true;
  }
  count_calls(log, importer, kept_task, report);
  list_remarks(log, importer, kept_task, report);
  report.cut_strings = importer.cut_strings();
  report.passed_descriptors = importer.state().passed_fds;
  report.unseen_descriptors = importer.state().unseen_descriptors;
  return {std::move(trace), std::move(report)};
}

void append_counts(std::string& text, std::string_view title, const CallCounts& counts) {
  u64 sum = 0;
  std::string list;
  for (const auto& [name, count] : counts) {
    sum += count;
    list += fmt::format("{}{} {}", list.empty() ? "" : ", ", name, count);
  }
  if (sum > 0) {
    text += fmt::format("{}: {} ({})\n", title, sum, list);
  }
}

}  // namespace

std::expected<std::pair<Trace, ImportReport>, TraceError> import_strace(
    std::string_view text, std::string name, const ImportOptions& options) {
  const LogFile log{.name = std::move(name), .text = text, .pid = {}};
  return import_strace(std::span{&log, 1}, options);
}

std::expected<std::pair<Trace, ImportReport>, TraceError> import_strace(
    std::span<const LogFile> logs, const ImportOptions& options) {
  std::vector<strace::LogText> texts;
  for (const LogFile& file : logs) {
    texts.push_back({file.text, file.name, file.pid});
  }
  auto log = strace::read_log(texts);
  if (!log) {
    return std::unexpected(std::move(log.error()));
  }
  Survey survey = strace::survey_log(*log);
  const bool root = survey.limits.uid.value_or(0) == 0;
  survey.initial_caps = options.environment.caps.bits != 0 ? options.environment.caps.bits
                        : root                             ? kCapsOfRoot
                                                           : 0;
  const i64 realtime_ns = survey.realtime_ns.value_or(options.environment.realtime_ns);
  std::map<std::string, u32> fifos;
  std::set<u32> passed_pipes;
  strace::InheritedFacts inherited;
  std::map<u32, std::set<strace::EpollWatch::Item>> items;
  for (int pass = 1;; ++pass) {
    Importer importer(*log, survey, realtime_ns);
    importer.add_fifos(fifos);
    importer.leave_out_pipes(passed_pipes);
    importer.expect_items(items);
    importer.begin_with(inherited);
    if (auto done = importer.run(); !done) {
      return std::unexpected(std::move(done.error()));
    }
    const auto& discovered = importer.state().discovered_fifos;
    const auto& passed = importer.state().newly_passed_pipes;
    strace::InheritedFacts learned = importer.state().inherited.learn();
    if (importer.state().unseen.index()) {
      learned.base = base_of_unseen(importer.state());
    }
    const auto& found = importer.state().found_items;
    const bool same =
        discovered.empty() && passed.empty() && learned == inherited && found == items;
    if (same || pass == kMostPasses) {
      return assemble(*log, importer, survey, options, realtime_ns);
    }
    inherited = std::move(learned);
    items = found;
    fifos.insert(discovered.begin(), discovered.end());
    passed_pipes.insert(passed.begin(), passed.end());
  }
}

std::string to_text(const ImportReport& report) {
  std::string text =
      fmt::format("{} lines, {} tasks ({} left out), {} calls kept, {} dropped\n", report.lines,
                  report.tasks, report.tasks_dropped, report.calls_kept, report.calls_dropped);
  append_counts(text, "on other files, or about other things", report.dropped_by_call);
  append_counts(text, "on pipes, FIFOs and queues, without effect", report.no_effect_by_call);
  append_counts(text,
                "on pipes from before the recording, or passed between processes, not modelled yet",
                report.inherited_pipe_by_call);
  if (report.cut_strings > 0) {
    text += fmt::format("data that was cut: {} (record with a larger -s)\n", report.cut_strings);
  }
  if (report.inherited_pipes > 0) {
    text += fmt::format("pipes from before the recording: {}\n", report.inherited_pipes);
  }
  if (report.passed_descriptors > 0) {
    text +=
        fmt::format("descriptors that went to another process: {}\n", report.passed_descriptors);
  }
  if (report.supposed_calls > 0) {
    text += fmt::format("calls that were supposed, for what the log does not show: {}\n",
                        report.supposed_calls);
  }
  if (report.unseen_descriptors > 0) {
    text += fmt::format("descriptors that no line opened: {}\n", report.unseen_descriptors);
  }
  if (report.not_understood_total > 0) {
    text += fmt::format("not understood: {}\n", report.not_understood_total);
    for (const std::string& line : report.not_understood) {
      text += fmt::format("  {}\n", line);
    }
  }
  return text;
}

}  // namespace ipcsim
