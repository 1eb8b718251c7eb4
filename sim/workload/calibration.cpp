#include "sim/workload/calibration.hpp"

#include <algorithm>
#include <cmath>

namespace ipcsim {
namespace {

constexpr auto kQuantities = std::to_array<QuantityInfo>({
    {"syscall_ns", "entering and leaving the kernel (getppid)"},
    {"write_ns", "write of a byte into a kept page, beyond the entry"},
    {"read_ns", "read of that byte, beyond the entry"},
    {"merge_ns", "write of a byte behind others in a page, beyond the entry"},
    {"read_part_ns", "read of a byte of a page that keeps others, beyond the entry"},
    {"page_alloc_ns", "a fresh page for a slot instead of a kept one"},
    {"page_free_ns", "giving a page back instead of keeping it"},
    {"poll_ns", "poll of a ready pipe, beyond the entry"},
    {"epoll_ns", "epoll_wait of a ready pipe, beyond the entry"},
    {"send_ns", "mq_send of a byte, beyond the entry"},
    {"receive_ns", "mq_receive of that byte, beyond the entry"},
    {"switch_ns", "from one task to another on one processor (sched_yield)"},
    {"sleep_same_ns", "falling asleep and waking up on one processor, beyond the switch"},
    {"wake_same_ns", "what a waker spends on a task of its own processor"},
    {"wake_other_ns", "what a waker spends on a task of another processor"},
    {"latency_other_ns", "until that task runs there"},
    {"slice_ns", "processor time until the fair scheduler's deadline (/proc/self/sched)"},
    {"copy_in_64_ns_per_kib", "copying into a pipe, calls of 64 bytes"},
    {"copy_in_512_ns_per_kib", "calls of 512 bytes"},
    {"copy_in_4k_ns_per_kib", "calls of 4 KiB"},
    {"copy_in_16k_ns_per_kib", "calls of 16 KiB"},
    {"copy_in_64k_ns_per_kib", "calls of 64 KiB"},
    {"copy_in_256k_ns_per_kib", "calls of 256 KiB"},
    {"copy_in_1m_ns_per_kib", "calls of 1 MiB"},
    {"copy_in_4m_ns_per_kib", "calls of 4 MiB"},
    {"copy_out_64_ns_per_kib", "copying out of a pipe, calls of 64 bytes"},
    {"copy_out_512_ns_per_kib", "calls of 512 bytes"},
    {"copy_out_4k_ns_per_kib", "calls of 4 KiB"},
    {"copy_out_16k_ns_per_kib", "calls of 16 KiB"},
    {"copy_out_64k_ns_per_kib", "calls of 64 KiB"},
    {"copy_out_256k_ns_per_kib", "calls of 256 KiB"},
    {"copy_out_1m_ns_per_kib", "calls of 1 MiB"},
    {"copy_out_4m_ns_per_kib", "calls of 4 MiB"},
    {"copy_message_ns_per_kib", "copying a message in and out"},
});
static_assert(kQuantities.size() == static_cast<std::size_t>(Quantity::kCount));

Calibration make_reference() {
  Calibration reference{.name = "reference (built in)",
                        .date = "2026-11-25",
                        .kernel = "6.18.44",
                        .cpu = "AMD EPYC, 2 virtual processors",
                        .processors = 2,

                        .rounds = 21};
  // As `ipcsim calibrate` writes them, rounded; but for the latency, which a busy machine hides:
  // its processors were awake. 5 us there, 24 us and more where they sleep.
  constexpr std::array<Spread, static_cast<std::size_t>(Quantity::kCount)> kValues{{
      {116, 110, 119},
      {150, 141, 159},
      {110, 107, 118},
      {90, 85, 95},
      {90, 85, 95},
      {294, 279, 299},
      {342, 336, 350},
      {145, 141, 150},
      {147, 141, 152},
      {311, 308, 318},
      {331, 326, 338},
      {879, 866, 896},
      {367, 353, 372},
      {530, 519, 545},
      {5770, 5730, 5860},
      {24000, 5000, 75000},
      {1400000, 1400000, 1400000},
      {18, 0, 40},
      {18, 10, 22},
      {2, 0.5, 2.5},
      {5, 4, 6},
      {2, 0.5, 2.5},
      {1, 0, 2},
      {5.4, 3, 9},
      {16, 8, 52},
      {14, 0, 60},
      {14, 7, 23},
      {5.6, 5, 6.4},
      {7.8, 7.3, 8.9},
      {5.6, 5, 6.4},
      {4, 2.5, 5.2},
      {12, 11, 14},
      {13, 12, 26},
      {131, 130, 133},
  }};
  reference.values = kValues;
  return reference;
}

i64 picoseconds(const Spread& spread, CostLevel level) {
  constexpr double kPerNanosecond = 1000.0;
  const double value = level == CostLevel::kLow      ? spread.low
                       : level == CostLevel::kMedian ? spread.median
                                                     : spread.high;
  return std::llround(value * kPerNanosecond);
}

}  // namespace

std::span<const QuantityInfo> quantity_infos() { return kQuantities; }

const Calibration& reference_calibration() {
  static const Calibration reference = make_reference();
  return reference;
}

Costs costs_of(const Calibration& calibration, CostLevel copying, CostLevel waking) {
  const auto own = [&](Quantity quantity) {
    return picoseconds(calibration.of(quantity), copying);
  };
  const auto other = [&](Quantity quantity) {
    return picoseconds(calibration.of(quantity), waking);
  };
  Costs costs{.syscall = own(Quantity::kSyscall),
              .write = own(Quantity::kWrite),
              .read = own(Quantity::kRead),
              .merge = own(Quantity::kMerge),
              .read_part = own(Quantity::kReadPart),
              .page_alloc = own(Quantity::kPageAlloc),
              .page_free = own(Quantity::kPageFree),
              .poll = own(Quantity::kPoll),
              .epoll = own(Quantity::kEpoll),
              .send = own(Quantity::kSend),
              .receive = own(Quantity::kReceive),
              .switch_task = own(Quantity::kSwitch),
              .sleep_same = own(Quantity::kSleepSame),
              .wake_same = own(Quantity::kWakeSame),
              .wake_other = other(Quantity::kWakeOther),
              .latency_other = other(Quantity::kLatencyOther),
              .slice = own(Quantity::kSlice),
              .message_kib = own(Quantity::kCopyMessage)};
  // A calibration's tasks sleep for longer than those of a busy pipe.
  constexpr i64 kDeeper = 5;
  const Spread& latency = calibration.of(Quantity::kLatencyOther);
  costs.latency_least = std::max<i64>(1, picoseconds(latency, CostLevel::kLow) / kDeeper);
  costs.latency_most = std::max(costs.latency_least, picoseconds(latency, CostLevel::kHigh));
  for (std::size_t i = 0; i < kCopyClasses.size(); ++i) {
    const auto at = [&](Quantity first) {
      return static_cast<Quantity>(static_cast<std::size_t>(first) + i);
    };
    costs.in_kib[i] = own(at(Quantity::kCopyIn));
    costs.out_kib[i] = own(at(Quantity::kCopyOut));
  }
  return costs;
}

}  // namespace ipcsim
