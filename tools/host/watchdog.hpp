// Ends a run that does not settle.
#pragma once

#include <sched.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "tools/host/run.hpp"

namespace ipcsim::host {

/// A thread above all tasks, on any CPU, that kills a run when its coordinator waits too long.
class Watchdog {
 public:
  /// `run` must outlive this. `cpus`: where the thread may run.
  Watchdog(const Run& run, std::chrono::milliseconds timeout, const cpu_set_t& cpus, bool realtime);
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  ~Watchdog();

  /// The coordinator begins to wait, `longer` more than the timeout at most.
  void arm(std::chrono::nanoseconds longer = {});
  /// It has what it waited for.
  void disarm() { deadline_ns_.store(0, std::memory_order_release); }
  /// True when the run was killed.
  [[nodiscard]] bool fired() const { return fired_.load(std::memory_order_acquire); }
  /// Which task was in which call. REQUIRES: fired().
  [[nodiscard]] const std::string& report() const { return report_; }

 private:
  void watch(cpu_set_t cpus, bool realtime);
  [[nodiscard]] std::string describe() const;

  const Run& run_;
  const std::chrono::milliseconds timeout_;
  std::atomic<i64> deadline_ns_ = 0;  ///< on the steady clock; 0: nobody waits
  std::atomic<bool> fired_ = false;
  std::string report_;
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace ipcsim::host
