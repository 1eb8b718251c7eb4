#include "sim/workload/advise.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "model/base/check.hpp"
#include "sim/workload/trace_workload.hpp"

namespace ipcsim {
namespace {

constexpr double kMatters = 0.05;
constexpr double kNanosecondsInSecond = 1e9;

Interval seconds_of(const SweepRow& row) {
  const double middle = static_cast<double>(row.run.elapsed_ns) / kNanosecondsInSecond;
  const Interval& speed = row.bytes_per_second;
  if (speed.middle == 0) {
    return {middle, middle, middle};
  }
  return {middle * speed.middle / speed.high, middle, middle * speed.middle / speed.low};
}

std::string size_of(const Advice& advice, u64 size) {
  return advice.queue ? fmt::format("mq_maxmsg {}", size) : bytes_text(size);
}

std::string seconds_text(const Interval& seconds) {
  constexpr double kMillisecond = 1e-3;
  return seconds.high - seconds.low < 0.01 * seconds.high
             ? fmt::format("{:.3g} ms", seconds.middle / kMillisecond)
             : fmt::format("{:.3g} ms ({:.3g} .. {:.3g})", seconds.middle / kMillisecond,
                           seconds.low / kMillisecond, seconds.high / kMillisecond);
}

}  // namespace

Advice advise(const Workload& workload, u32 object, const std::vector<u64>& sizes,
              const SweepOptions& options) {
  const WorkloadObject& chosen = workload.objects[object];
  Advice advice{.object = chosen.name,
                .queue = chosen.queue,
                .present = chosen.queue ? static_cast<u64>(chosen.mq.mq_maxmsg) : chosen.pipe_bytes,
                .amount = amounts_into(workload)[object],
                .stuck = {}};
  std::vector<SweepRow> rows;
  for (const u64 size : sizes) {
    rows.push_back(sweep_row({size, chosen.queue, resized(workload, object, size)}, options));
  }
  const auto present = std::find_if(
      rows.begin(), rows.end(), [&](const SweepRow& row) { return row.size == advice.present; });
  IPCSIM_CHECK(present != rows.end());
  for (const StuckTask& stuck : present->run.stuck) {
    advice.stuck.push_back(fmt::format("{} in {} on {}", stuck.task, stuck.call, stuck.where));
  }
  advice.present_deadlocks = !present->run.stuck.empty();
  double least_seconds = 0;
  for (const SweepRow& row : rows) {
    if (!row.run.stuck.empty()) {
      continue;
    }
    const double seconds = seconds_of(row).middle;
    least_seconds = advice.least_without_deadlock == 0 ? seconds : std::min(least_seconds, seconds);
    if (advice.least_without_deadlock == 0) {
      advice.least_without_deadlock = row.size;
    }
  }
  advice.best = advice.present;
  if (advice.least_without_deadlock == 0) {
    return advice;
  }
  const double present_seconds = seconds_of(*present).middle;
  advice.matters = advice.present_deadlocks || least_seconds < present_seconds * (1 - kMatters);
  const SweepRow* best = &*present;
  if (advice.matters) {
    best = &*std::find_if(rows.begin(), rows.end(), [&](const SweepRow& row) {
      return row.run.stuck.empty() && seconds_of(row).middle <= least_seconds * (1 + kMatters);
    });
  }
  advice.best = best->size;
  advice.seconds_present = seconds_of(*present);
  advice.seconds_best = seconds_of(*best);
  advice.sleeps_present = static_cast<double>(present->run.all.sleeps);
  advice.sleeps_best = static_cast<double>(best->run.all.sleeps);
  advice.most_bytes_best = best->run.objects[object].most_bytes;
  return advice;
}

std::string advice_text(const Advice& advice, u32 page_size) {
  std::string text =
      fmt::format("{}, {}, {} {} through it: ", advice.object, size_of(advice, advice.present),
                  advice.amount, advice.queue ? "messages" : "bytes");
  if (advice.least_without_deadlock == 0) {
    text += "this workload is stuck at every size that was tried; its size is not the reason.\n";
    for (const std::string& stuck : advice.stuck) {
      text += fmt::format("  asleep for ever: {}\n", stuck);
    }
    return text;
  }
  if (!advice.matters) {
    return text + fmt::format(
                      "size does not matter. The workload takes {} and {:.0f} sleeps, and "
                      "no other size makes it a twentieth faster.\n",
                      seconds_text(advice.seconds_present), advice.sleeps_present);
  }
  text += fmt::format("take {}.\n", size_of(advice, advice.best));
  if (advice.present_deadlocks) {
    text += fmt::format("  At {} it deadlocks; the least size that does not is {}.\n",
                        size_of(advice, advice.present),
                        size_of(advice, advice.least_without_deadlock));
    for (const std::string& stuck : advice.stuck) {
      text += fmt::format("  asleep for ever: {}\n", stuck);
    }
  } else {
    const double gain = advice.seconds_present.middle / advice.seconds_best.middle;
    text += fmt::format(
        "  Gain: the workload takes {} instead of {}, {:.2f} times as fast; {:.0f} "
        "sleeps instead of {:.0f}.\n",
        seconds_text(advice.seconds_best), seconds_text(advice.seconds_present), gain,
        advice.sleeps_best, advice.sleeps_present);
  }
  text += advice.queue
              ? fmt::format(
                    "  Cost: room for {} messages is charged to RLIMIT_MSGQUEUE; up to {} "
                    "bytes wait in it.\n",
                    advice.best, advice.most_bytes_best)
              : fmt::format(
                    "  Cost: {} pages of the user's pipe-user-pages-soft instead of {}; up "
                    "to {} bytes wait in it.\n",
                    advice.best / page_size, advice.present / page_size, advice.most_bytes_best);
  return text;
}

}  // namespace ipcsim
