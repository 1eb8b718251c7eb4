// The machine behind run_workload(): virtual processors that take lock-held sections of the model.
#pragma once

#include "sim/workload/periods.hpp"
#include "sim/workload/run_state.hpp"

namespace ipcsim::workload {

class Engine {
 public:
  Engine(const Workload& workload, const RunOptions& options);
  [[nodiscard]] RunResult run();

 private:
  /// How a section ended, for the task that took it.
  enum class End : u8 { kCallOver, kAsleep, kRefused };

  void scale_costs();
  void make_object(const WorkloadObject& wanted);

  // Processors (engine_schedule.cpp).
  [[nodiscard]] u32 next_task();
  [[nodiscard]] bool fair() const { return options_.policy == SchedulePolicy::kFair; }
  void enqueue(u32 id);
  void enqueue_first(u32 id);
  void unlink(Processor& processor, u32 id);
  void run_task(u32 id);
  void switch_to(Processor& processor, u32 id);
  void after_section(u32 id, End end);
  void wake(u32 id, i64 at, i64& cost, u32 waker);
  void wake_queue(WaitQueueId queue, WakeHow how, u32 key, i64 at, i64& cost, u32 waker);
  void fall_asleep(u32 id, i64 at);
  [[nodiscard]] i64 latency();

  // Programs (engine.cpp).
  void hold(u32 file);
  void start_task(u32 id, i64 at);
  void enter_step(u32 id);
  void next_step(u32 id);
  /// True when the task has a call to make; the steps before it that are none are taken.
  bool find_call(u32 id);
  /// Chooses the size of the next call. Returns when it asks for the lock if it begins at `at`.
  i64 prepare_call(u32 id, i64 at);
  End section(u32 id);
  void count_progress(Task& task, bool progress);
  void finish_read(u32 id, u64 moved);

  // Calls (engine_pipe.cpp, engine_queue.cpp). Each takes one section that begins at the task's
  // ready_at, and advances its processor to where the section is over.
  End poll_section(u32 id);
  bool sleeps_on(u32 id, const PipeSection& section, i64 at, bool moved);
  End write_section(u32 id);
  End read_section(u32 id);
  End open_section(u32 id);
  End release(u32 id);
  End send_section(u32 id);
  End receive_section(u32 id);
  void apply(u32 object, const PipeEffects& effects, i64 at, i64& cost, u32 waker);
  void note_pipe(Object& object, i64 at, u32 head_before, u32 live_before);
  void note_queue(Object& object, i64 at);

  /// When the section is over that the task begins now and that takes `cost` under the lock.
  i64 unlocked(u32 id, Object& object, i64 cost);
  [[nodiscard]] Processor& processor_of(u32 id) { return processors_[tasks_[id].processor]; }

  [[nodiscard]] const Step& step_of(const Task& task, u32 id) const {
    return workload_.tasks[id].steps[task.step];
  }
  [[nodiscard]] Object& object_of(const Step& step) { return objects_[files_[step.file].object]; }
  [[nodiscard]] bool nonblock(u32 id) const {
    return workload_.tasks[id].style != WaitStyle::kBlocking;
  }
  // Periods (engine_periods.cpp).
  [[nodiscard]] bool may_repeat() const;
  [[nodiscard]] Signature sign(i64 base) const;
  void sign_task(Signature& signature, const Task& task, i64 base, i64 earliest) const;
  void sign_object(Signature& signature, const Object& object, i64 base, i64 earliest) const;
  [[nodiscard]] Totals totals(i64 base) const;
  [[nodiscard]] u64 left_alike(u32 id) const;
  [[nodiscard]] u64 periods_left(const Totals& earlier) const;
  void repeat_object(Object& object, const Totals::OfObject& earlier, u64 n, i64 by);
  void repeat_since(const Totals& earlier, i64 base, u64 n);
  /// Whether the first task is at a point that a period may begin at.
  [[nodiscard]] bool is_moment() const;
  void look_for_period();

  [[nodiscard]] StuckTask stuck_task(u32 id) const;
  void collect(RunResult& result);

  const Workload& workload_;
  const RunOptions& options_;
  const KernelProfile& profile_;
  Costs costs_;
  PagePool pages_;
  WaitQueues waits_;
  std::vector<Object> objects_;
  std::vector<File> files_;
  std::vector<Task> tasks_;
  std::vector<Processor> processors_;
  Random jitter_;
  u64 sections_ = 0;
  PeriodFinder periods_;
  RunResult result_;
};

}  // namespace ipcsim::workload
