#include "sim/fuzz/program.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "sim/fuzz/makers.hpp"
#include "sim/fuzz/world.hpp"

namespace ipcsim {
namespace {

/// Tries at a step before another task is asked, and before the program is given up.
constexpr int kTries = 40;
constexpr u64 kMostAdvanceNs = 3'000'000;

bool about(MakerGroup group, const ProgramOptions& options) {
  switch (group) {
    case MakerGroup::kPipe:
    case MakerGroup::kFifo:
    case MakerGroup::kSplice:
    case MakerGroup::kVfs:
      return options.pipes;
    case MakerGroup::kQueue:
      return options.queues;
    default:
      return true;
  }
}

/// Each program leaves some kinds of calls out, and is fond of others.
Mood some_mood(const ProgramOptions& options, Random& chance) {
  Mood mood{.weights = {},
            .nonblock_percent = chance.one_of({5U, 25U, 50U, 90U}),
            .packet_percent = chance.one_of({0U, 3U, 10U, 50U}),
            .small_ring_percent = chance.one_of({10U, 60U, 95U}),
            .bad_percent = chance.one_of({0U, 1U, 2U, 8U}),
            .timers = chance.one_in(10)};
  std::array<u32, static_cast<std::size_t>(MakerGroup::kCount)> fondness{};
  for (u32& of_group : fondness) {
    of_group = chance.one_of({0U, 1U, 1U, 2U});
  }
  if (options.pipes && !options.queues) {
    fondness[static_cast<std::size_t>(MakerGroup::kPipe)] = 2;
  }
  if (options.queues && (!options.pipes || chance.one_in(3))) {
    fondness[static_cast<std::size_t>(MakerGroup::kQueue)] = 2;
  }
  for (const Maker& maker : makers()) {
    const u32 of_group = fondness[static_cast<std::size_t>(maker.group)];
    const u32 factor = maker.essential ? 2 : chance.one_of({0U, 1U, 2U, 2U, 4U});
    mood.weights.push_back(about(maker.group, options) ? maker.weight * of_group * factor : 0);
  }
  return mood;
}

Environment some_environment(const ProgramOptions& options, Random& chance) {
  Environment environment;
  environment.profile = std::string(options.profile->name);
  if (chance.one_in(2)) {
    environment.caps.add(Cap::kDacOverride);
  }
  if (chance.one_in(6)) {
    environment.mq_limits.mq_queues_max = chance.one_of({0U, 1U, 2U});
  }
  environment.tasks.clear();
  const u32 most = std::min(options.tasks, 3U);
  const u32 count = chance.one_in(3) ? static_cast<u32>(chance.between(1, most)) : 1;
  const u32 uid = chance.one_in(6) ? 1000 : 0;
  for (u32 number = 1; number <= count; ++number) {
    InitialTask task{.task = TaskId{number}, .uid = chance.one_in(6) ? 1000 : uid, .other_fds = {}};
    task.rlimit_nofile = chance.one_in(10) ? chance.between(8, 14) : task.rlimit_nofile;
    task.rlimit_msgqueue = chance.one_in(10) ? chance.between(1'000, 20'000) : task.rlimit_msgqueue;
    environment.tasks.push_back(std::move(task));
  }
  return environment;
}

/// Writes one program.
class Writer {
 public:
  Writer(const ProgramOptions& options, u64 seed, Coverage& coverage)
      : options_(options),
        chance_(seed),
        mood_(some_mood(options, chance_)),
        trace_{.name = {},
               .header = {.title = {}, .environment = some_environment(options, chance_)},
               .events = {}},
        world_(trace_.header.environment, *options.profile),
        coverage_(coverage) {}

  Trace write() {
    set_up();
    while (trace_.events.size() < options_.steps && living() > 0 && write_step()) {
    }
    return std::move(trace_);
  }

 private:
  bool take(EventBody body) {
    Event event{.body = std::move(body)};
    if (!world_.take(event, coverage_)) {
      return false;
    }
    trace_.events.push_back(std::move(event));
    return true;
  }

  [[nodiscard]] u32 living() const {
    return static_cast<u32>(world_.idle().size() + world_.asleep().size());
  }

  /// Something to work on, and somebody to work with.
  void set_up() {
    for (const InitialTask& initial : trace_.header.environment.tasks) {
      if (!chance_.one_in(4)) {
        take(CallEvent{initial.task,
                       RtSigactionCall{.signum = kSigpipe, .handler = Disposition::kHandler},
                       {}});
      }
      if (chance_.one_in(2)) {
        take(CallEvent{initial.task,
                       RtSigactionCall{.signum = kSigusr1,
                                       .handler = Disposition::kHandler,
                                       .sa_flags = SaFlags{chance_.one_in(2) ? kSaRestart : 0}},
                       {}});
      }
    }
    const TaskId first{1};
    for (u64 left = chance_.between(1, 3); left > 0; --left) {
      for (const Maker& maker : makers()) {
        const bool opens = maker.name == "pipe2" || maker.name == "mq_open";
        if (opens && about(maker.group, options_) && world_.state().exists(first)) {
          make_call(maker, first, {});
        }
      }
    }
    const u32 wanted =
        static_cast<u32>(chance_.between(std::min(2U, options_.tasks), options_.tasks));
    while (living() < wanted && !world_.idle().empty() && write_fork()) {
    }
  }

  bool make_call(const Maker& maker, TaskId task, Focus focus) {
    const Scene scene(world_.state(), chance_, mood_, task, focus);
    std::optional<Call> call = maker.make(scene);
    return call && take(CallEvent{task, *std::move(call), {}});
  }

  bool write_fork() {
    return std::ranges::any_of(makers(), [&](const Maker& maker) {
      return maker.name == "fork" && make_call(maker, chance_.one_of(world_.idle()), {});
    });
  }

  /// False when no step can be made up any more.
  bool write_step() {
    for (int tries = 0; tries < kTries; ++tries) {
      const std::vector<TaskId> idle = world_.idle();
      if (idle.empty() || chance_.one_in(next_timer() ? 4 : 30)) {
        if (write_outside_step()) {
          return true;
        }
        continue;
      }
      if (living() < options_.tasks && chance_.one_in(10) && write_fork()) {
        return true;
      }
      if (write_call(idle)) {
        return true;
      }
    }
    return false;
  }

  bool write_call(const std::vector<TaskId>& idle) {
    const Focus focus = some_focus();
    std::vector<TaskId> able;
    for (const TaskId task : idle) {
      if (holds(task, focus)) {
        able.push_back(task);
      }
    }
    const TaskId task = chance_.one_of(able.empty() ? idle : able);
    const Maker& maker = makers()[some_maker()];
    if (maker.name == "fork" && living() >= options_.tasks) {
      return false;
    }
    return make_call(maker, task, focus);
  }

  /// By weight.
  std::size_t some_maker() {
    u64 total = 0;
    for (const u32 weight : mood_.weights) {
      total += weight;
    }
    if (total == 0) {
      return 0;
    }
    u64 at = chance_.below(total);
    std::size_t maker = 0;
    while (at >= mood_.weights[maker]) {
      at -= mood_.weights[maker];
      ++maker;
    }
    return maker;
  }

  /// Often an object that somebody sleeps on: who works on it may wake that one, or sleep too.
  Focus some_focus() {
    if (chance_.one_in(3)) {
      return {};
    }
    std::vector<Focus> awaited;
    const KernelState& k = world_.state();
    k.pipes.each([&](PipeId id, const PipeObject& pipe) {
      if (!k.wait_queues.empty(pipe.rd_wait) || !k.wait_queues.empty(pipe.wr_wait)) {
        awaited.push_back({.pipe = id});
      }
    });
    k.mqueues.each([&](MqueueId id, const MqueueObject& queue) {
      if (!queue.inode.waiters(MqSide::kSend).empty() ||
          !queue.inode.waiters(MqSide::kRecv).empty() || !k.wait_queues.empty(queue.wait_q)) {
        awaited.push_back({.queue = id});
      }
    });
    return awaited.empty() ? Focus{} : chance_.one_of(awaited);
  }

  [[nodiscard]] bool holds(TaskId task, Focus focus) const {
    const KernelState& k = world_.state();
    const FdTable& table = k.fd_tables[k.task(task).files];
    return std::ranges::any_of(table.open_fds(), [&](Fd fd) {
      const File& file = k.files[table.file(fd)];
      return (file.kind == FileKind::kPipe && file.pipe == focus.pipe) ||
             (file.kind == FileKind::kMqueue && file.mqueue == focus.queue);
    });
  }

  /// When the next sleep in the near future ends. It must not be long in real time: a machine's
  /// clock runs.
  [[nodiscard]] std::optional<Nanoseconds> next_timer() const {
    const KernelState& k = world_.state();
    std::optional<Nanoseconds> next;
    for (const TaskId task : world_.asleep()) {
      const auto deadline = k.task(task).rare().deadline;
      if (deadline && deadline->v - k.now.v < kNanosecondsPerSecond &&
          (!next || *deadline < *next)) {
        next = deadline;
      }
    }
    return next;
  }

  /// A signal from outside, or time.
  bool write_outside_step() {
    const std::vector<TaskId> asleep = world_.asleep();
    if (const auto next = next_timer()) {
      return take(AdvanceEvent{Nanoseconds{next->v - world_.state().now.v}});
    }
    if (asleep.empty() || chance_.one_in(12)) {
      return take(AdvanceEvent{Nanoseconds{static_cast<i64>(chance_.below(kMostAdvanceNs))}});
    }
    // Who is stopped in no call needs a signal too.
    for (const TaskId task : world_.idle()) {
      if (world_.state().task(task).state == TaskState::kStopped && chance_.one_in(2)) {
        return write_signal(task);
      }
    }
    return write_signal(chance_.one_of(asleep));
  }

  bool write_signal(TaskId task) {
    const KernelState& k = world_.state();
    if (chance_.one_in(k.task(task).state == TaskState::kStopped ? 2 : 25)) {
      return take(SignalEvent{task, chance_.one_in(4) ? kSigstop : kSigcont});
    }
    const Process& process = k.processes[k.task(task).process.v];
    std::vector<Signal> harmless;
    for (u32 number = 1; number <= kMostSignal; ++number) {
      if (process.handled.has(Signal{number}) || process.ignored.has(Signal{number})) {
        harmless.push_back(Signal{number});
      }
    }
    if (harmless.empty() || chance_.one_in(10)) {
      return take(SignalEvent{task, chance_.one_of({kSigkill, kSigusr1, kSigchld, kSigalrm})});
    }
    return take(SignalEvent{task, chance_.one_of(harmless)});
  }

  ProgramOptions options_;
  Random chance_;
  Mood mood_;
  Trace trace_;
  World world_;
  Coverage& coverage_;
};

}  // namespace

const std::vector<Maker>& makers() {
  static const std::vector<Maker> all = [] {
    std::vector<Maker> list;
    for (const auto part : {pipe_makers(), fifo_makers(), splice_makers(), queue_makers(),
                            descriptor_makers(), task_makers(), event_makers(), vfs_makers()}) {
      list.insert(list.end(), part.begin(), part.end());
    }
    return list;
  }();
  return all;
}

Trace write_program(const ProgramOptions& options, u64 seed, Coverage& coverage) {
  return Writer(options, seed, coverage).write();
}

}  // namespace ipcsim
