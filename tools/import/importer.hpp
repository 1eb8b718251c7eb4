// Goes through a log once and makes its events.
#pragma once

#include <expected>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tools/import/conversion.hpp"
#include "tools/import/import_state.hpp"
#include "tools/import/log_reader.hpp"

namespace ipcsim::strace {

/// What became of one call of the log.
struct CallFate {
  Plan::Fate fate = Plan::Fate::kOther;
  u32 task = kNoIndex;
};

class Importer {
 public:
  /// `realtime_ns`: CLOCK_REALTIME of the trace's beginning.
  Importer(const Log& log, const Survey& survey, i64 realtime_ns);

  /// FIFOs that exist when the log begins; by path, with the line that shows them.
  void add_fifos(std::map<std::string, u32> paths) { known_fifos_ = std::move(paths); }

  /// Pipes that are to be left out; by the line of their pipe2().
  void leave_out_pipes(std::set<u32> lines) { state_.passed_pipes = std::move(lines); }

  /// What comes to epoll instances while calls wait there.
  void expect_items(std::map<u32, std::set<EpollWatch::Item>> items) {
    state_.coming_items = std::move(items);
  }

  /// Pipes from before the log, as far as passes before this one know them.
  void begin_with(const InheritedFacts& facts) {
    state_.unseen.begin_at(facts.base);
    state_.inherited.begin(facts);
  }

  std::expected<void, TraceError> run();

  [[nodiscard]] ImportState& state() { return state_; }
  [[nodiscard]] const ImportState& state() const { return state_; }
  /// One for each call of the log.
  [[nodiscard]] const std::vector<CallFate>& fates() const { return fates_; }
  /// A line that could not be imported, or not in full.
  struct Remark {
    u32 line = 0;
    u32 task = kNoIndex;  ///< whose it is; no remark is needed when that task does not matter
    std::string what;
  };
  [[nodiscard]] const std::vector<Remark>& remarks() const { return remarks_; }
  [[nodiscard]] u64 cut_strings() const { return cut_strings_; }

 private:
  using Outcome = std::expected<void, TraceError>;

  /// A call between its entry and its exit.
  struct InFlight {
    TaskState* task = nullptr;
    Plan plan;
    std::string restart;             ///< ERESTARTSYS or a relative, if that is its result
    std::optional<i64> duration_ns;  ///< of -T
    bool eintr = false;              ///< its result is -1 EINTR
    std::optional<u32> event;        ///< of the kept call, while its return is to come
    i64 began_ns = 0;                ///< virtual time
    /// Places held at the entry for descriptors that come.
    struct Held {
      u32 event = 0;
      u32 generation = 0;  ///< of the number then
    };
    std::vector<std::optional<Held>> held;
    std::vector<ImportState::ExpectedFd> expected_in_shared;
  };

  // Calls.
  Outcome enter(const LogItem& item);
  void leave(const LogItem& item);
  std::expected<Plan, Problem> convert(const CallRecord& call, InFlight& flight);
  std::expected<Plan, Problem> convert_restart(const CallRecord& call, InFlight& flight);
  std::expected<Plan, Problem> apply(Converter converter, const CallRecord& call, InFlight& flight);
  void begin(const CallRecord& call, InFlight& flight);
  bool resume_interrupted(InFlight& flight);
  void note_sleep(const CallRecord& call, u32 event);
  void hold_fds(const CallRecord& call, InFlight& flight);
  void place_fds(InFlight& flight, Origin origin);
  void end_first_call(const CallRecord& call, InFlight& flight, Origin origin);
  void run_out(const CallRecord& call, InFlight& flight, Origin origin);
  void note_result(TaskState& task, const Call& call, const std::optional<SysResult>& result,
                   u32 event);
  [[nodiscard]] std::optional<i64> elapsed_at(std::optional<i64> time_ns) const;
  void make_known_fifos(TaskState& task);

  // Signals and deaths.
  void take_signal(const LogItem& item);
  void interrupt(TaskState& task, Signal signal, Origin origin);
  void settle_by_sigreturn(TaskState& task);
  void take_death(const LogItem& item);
  void take_superseded(const LogItem& item);
  void let_go(const LogItem& item);
  void settle_told(TaskState& task);
  /// The signal comes from a call of the trace; that call is used up.
  bool was_sent(TaskState& task, Signal signal);
  [[nodiscard]] bool is_ignored(const TaskState& task, Signal signal);
  [[nodiscard]] bool is_sent_by_file(Signal signal, std::string_view info) const;

  void remark(u32 line, u32 task, std::string what) {
    remarks_.push_back({line, task, std::move(what)});
  }

  const Log& log_;
  ImportState state_;
  i64 realtime_ns_;
  std::map<u32, InFlight> in_flight_;
  std::map<std::string, u32> known_fifos_;
  std::vector<CallFate> fates_;
  std::vector<Remark> remarks_;
  u64 cut_strings_ = 0;
};

}  // namespace ipcsim::strace
