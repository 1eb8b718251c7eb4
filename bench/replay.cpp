// Whole traces: from JSON Lines to the verdict, the same in memory, and what a parser alone costs;
// and the search for an order of a recorded pipeline's calls.
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>
#include <nlohmann/json.hpp>

#include "bench/support.hpp"
#include "model/base/check.hpp"
#include "model/base/kernel_profile.hpp"
#include "sim/replay/explain.hpp"
#include "sim/replay/sequential_runner.hpp"
#include "sim/trace/trace.hpp"
#include "sim/workload/size_probe.hpp"

namespace ipcsim::bench {
namespace {

constexpr u64 kPairs = 100'000;
constexpr u64 kPipelineCalls = 100'000;
constexpr u64 kLen = 4096;

Trace trace_of(TraceOrder order, std::vector<EventBody> bodies) {
  Trace trace;
  trace.name = "bench";
  trace.header.title = "bench";
  trace.header.order = order;
  u32 line = 1;
  for (EventBody& body : bodies) {
    trace.events.push_back({.body = std::move(body), .line = ++line});
  }
  return trace;
}

/// A pipe, and writes and reads in turn by one task, of which only lengths are known.
Trace sequential_trace() {
  std::vector<EventBody> events;
  events.emplace_back(CallEvent{kTask, Pipe2Call{}, SysResult::success(0, PipeFds{Fd{0}, Fd{1}})});
  for (u64 i = 0; i < kPairs; ++i) {
    const i64 len = static_cast<i64>(kLen);
    const Payload bytes = Payload::of_unknown(kLen);
    events.emplace_back(
        CallEvent{kTask, WriteCall{Fd{1}, {.data = bytes, .len = kLen}}, SysResult::success(len)});
    events.emplace_back(CallEvent{kTask, ReadCall{Fd{0}, {.data = {}, .len = kLen}},
                                  SysResult::success(len, ReadBytes{bytes})});
  }
  return trace_of(TraceOrder::kSettled, std::move(events));
}

/// A pipe of `slots`, filled by writes of `len` and drained again, over and over.
Trace filling_trace(u64 slots, u64 len) {
  constexpr u32 kPageSize = 4096;
  const u64 size = slots * kPageSize;
  const u64 fit = probe_pipe(size, len, false, kPageSize, newest_profile()).writes;
  const Payload bytes = Payload::of_unknown(len);
  const SysResult moved = SysResult::success(static_cast<i64>(len));
  std::vector<EventBody> events;
  events.emplace_back(CallEvent{kTask, Pipe2Call{}, SysResult::success(0, PipeFds{Fd{0}, Fd{1}})});
  events.emplace_back(CallEvent{kTask,
                                FcntlCall{Fd{1}, FcntlCmd{kFSetpipeSz}, static_cast<i64>(size), {}},
                                SysResult::success(static_cast<i64>(size))});
  while (events.size() < kPairs) {
    for (u64 i = 0; i < fit; ++i) {
      events.emplace_back(CallEvent{kTask, WriteCall{Fd{1}, {.data = bytes, .len = len}}, moved});
    }
    for (u64 i = 0; i < fit; ++i) {
      events.emplace_back(CallEvent{kTask, ReadCall{Fd{0}, {.data = {}, .len = len}},
                                    SysResult::success(static_cast<i64>(len), ReadBytes{bytes})});
    }
  }
  return trace_of(TraceOrder::kSettled, std::move(events));
}

void count_events(benchmark::State& state, std::size_t events) {
  state.SetItemsProcessed(static_cast<i64>(state.iterations()) * static_cast<i64>(events));
}

// Level: whole replay. The text is read, checked and run.
void replay_text(benchmark::State& state) {
  const std::string text = format_trace(sequential_trace());
  std::size_t events = 0;
  for (auto _ : state) {
    TraceReader reader(text, "bench");
    const auto header = reader.header();
    IPCSIM_CHECK(header.has_value());
    const auto report = run_sequential(*header, reader, newest_profile(), Contents::kLengthsOnly);
    IPCSIM_CHECK(report.has_value());
    events = report->steps;
  }
  count_events(state, events);
}

// The same text, each line parsed into nlohmann's values and no more.
void parse_dom(benchmark::State& state) {
  const std::string text = format_trace(sequential_trace());
  std::size_t lines = 0;
  for (auto _ : state) {
    lines = 0;
    for (std::string_view rest = text; !rest.empty(); ++lines) {
      const std::size_t end = rest.find('\n');
      benchmark::DoNotOptimize(nlohmann::json::parse(rest.substr(0, end)));
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
  }
  count_events(state, lines);
}

// Level: whole replay of events that are in memory.
void replay_memory(benchmark::State& state) {
  const Trace trace = sequential_trace();
  for (auto _ : state) {
    IPCSIM_CHECK(run_sequential(trace, newest_profile()).has_value());
  }
  count_events(state, trace.events.size());
}

// The same by slots of the ring and sizes of the writes.
void replay_sizes(benchmark::State& state) {
  const Trace trace =
      filling_trace(static_cast<u64>(state.range(0)), static_cast<u64>(state.range(1)));
  for (auto _ : state) {
    IPCSIM_CHECK(run_sequential(trace, newest_profile()).has_value());
  }
  count_events(state, trace.events.size());
}

/// Four tasks, each in a call, between three pipes: `advance` lets one of them run.
class Pipeline {
 public:
  Pipeline() : kernel_(Environment{}, newest_profile(), Contents::kLengthsOnly) {
    for (u32 i = 0; i < kPipes; ++i) {
      make(kTask, Pipe2Call{},
           PipeFds{Fd{static_cast<i32>(2 * i)}, Fd{static_cast<i32>(2 * i) + 1}});
    }
    for (u32 child = 2; child <= kTasks; ++child) {
      make(kTask, ForkCall{TaskId{child}}, {});
    }
  }

  std::vector<EventBody> run(u64 calls) {
    Random random(1);
    for (u32 i = 1; i <= kTasks; ++i) {
      enter(TaskId{i});
    }
    while (calls_ < calls) {
      const std::vector<TaskId> runnable = kernel_.runnable();
      kernel_.run_section(runnable[random.below(static_cast<u32>(runnable.size()))]);
      for (Completion& ended : kernel_.take_completions()) {
        const bool read = reads_[ended.task.v];
        events_.emplace_back(ReturnEvent{ended.task, read ? "read" : "write", ended.result});
        enter(ended.task);
      }
    }
    return std::move(events_);
  }

 private:
  static constexpr u32 kPipes = 3;
  static constexpr u32 kTasks = 4;

  void make(TaskId task, const Call& call, Output out) {
    const SysResult result = bench::call(kernel_, task, call).result;
    events_.emplace_back(CallEvent{task, call, SysResult::success(result.ret, std::move(out))});
  }

  /// The first task writes, the last reads, the others do both in turn.
  void enter(TaskId task) {
    const u32 i = task.v - 1;
    bool& read = reads_[task.v];
    read = i == kTasks - 1 || (i != 0 && !read);
    const Fd fd{static_cast<i32>(read ? 2 * (i - 1) : 2 * i + 1)};
    const Call call = read ? read_call(fd, kLen) : write_call(fd, kLen, Contents::kLengthsOnly);
    kernel_.post(task, call);
    events_.emplace_back(CallEvent{task, call, {}});
    ++calls_;
  }

  Kernel kernel_;
  std::vector<EventBody> events_;
  std::array<bool, kTasks + 1> reads_{};
  u64 calls_ = 0;
};

// Level: whole search. A recorded pipeline of four tasks whose calls overlap.
void explain_pipeline(benchmark::State& state) {
  const Trace trace = trace_of(TraceOrder::kObserved, Pipeline().run(kPipelineCalls));
  u64 peak = 0;
  for (auto _ : state) {
    const u64 watched = watch_resident();
    const auto found = explain(trace, newest_profile(), {});
    IPCSIM_CHECK(found.has_value() && found->verdict == Explanation::Verdict::kExplained);
    peak = peak_resident_growth(watched);
  }
  state.counters["peak_bytes"] = static_cast<double>(peak);
}

BENCHMARK(replay_text)->Unit(benchmark::kMillisecond);
BENCHMARK(parse_dom)->Unit(benchmark::kMillisecond);
BENCHMARK(replay_memory)->Unit(benchmark::kMillisecond);
BENCHMARK(replay_sizes)
    ->ArgNames({"ring_slots", "write"})
    ->ArgsProduct({{1, 16, 256}, {64, 4096}})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(explain_pipeline)->Unit(benchmark::kMillisecond)->Iterations(1);

}  // namespace
}  // namespace ipcsim::bench
