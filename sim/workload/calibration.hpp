// What operations cost on one machine, in numbers that were measured there.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "model/base/types.hpp"

namespace ipcsim {

/// A measured number: the median of several rounds and what the middle eight tenths lie between.
struct Spread {
  double median = 0;
  double low = 0;
  double high = 0;

  bool operator==(const Spread&) const = default;
};

/// What is measured. The order is that of kQuantities.
enum class Quantity : u8 {
  kSyscall,       ///< entry and exit
  kWrite,         ///< one byte into a page that the pipe kept, beyond the entry
  kRead,          ///< that byte out again, beyond the entry
  kMerge,         ///< one byte behind others in a page, beyond the entry
  kReadPart,      ///< a byte out of a page that keeps others, beyond the entry
  kPageAlloc,     ///< a fresh page for a slot instead of a kept one
  kPageFree,      ///< giving a page back instead of keeping it
  kPoll,          ///< poll() of one pipe that is ready, beyond the entry
  kEpoll,         ///< epoll_wait() of one pipe that is ready, beyond the entry
  kSend,          ///< mq_send() of one byte, beyond the entry
  kReceive,       ///< mq_receive() of that byte, beyond the entry
  kSwitch,        ///< from one task to another on one processor (sched_yield())
  kSleepSame,     ///< falling asleep and being woken on one processor, beyond the switch
  kWakeSame,      ///< what the waker spends on a task of its own processor
  kWakeOther,     ///< what the waker spends on a task of another processor
  kLatencyOther,  ///< until that task runs there
  kSlice,         ///< what a task may run until the fair scheduler's deadline for it
  kCopyIn,        ///< the first of kCopyClasses: a KiB into the pipe, by the size of the call
  kCopyOut = kCopyIn + 8,
  kCopyMessage = kCopyOut + 8,  ///< a KiB into a message and out of it
  kCount,
};

/// Sizes of calls for which copying was measured.
inline constexpr std::array<u64, 8> kCopyClasses{64,    512,    4096,    16384,
                                                 65536, 262144, 1048576, 4194304};

/// A quantity, for people and for the file.
struct QuantityInfo {
  std::string_view name;  ///< key in the file: "page_alloc_ns"
  std::string_view about;
};
[[nodiscard]] std::span<const QuantityInfo> quantity_infos();

/// One machine's numbers, in nanoseconds.
struct Calibration {
  std::string name;    ///< what a prediction says it was made with
  std::string date;    ///< "2026-11-25"
  std::string kernel;  ///< "6.18.44"
  std::string cpu;     ///< model name
  u32 processors = 0;
  u32 rounds = 0;
  std::array<Spread, static_cast<std::size_t>(Quantity::kCount)> values{};

  [[nodiscard]] const Spread& of(Quantity quantity) const {
    return values[static_cast<std::size_t>(quantity)];
  }
  [[nodiscard]] Spread& of(Quantity quantity) { return values[static_cast<std::size_t>(quantity)]; }
  bool operator==(const Calibration&) const = default;
};

/// The numbers of the machine that this was developed on. Another machine's sleeps are the same,
/// its times are not: see `ipcsim calibrate`.
[[nodiscard]] const Calibration& reference_calibration();

/// Which value of each spread is used.
enum class CostLevel : u8 { kLow, kMedian, kHigh };

/// A calibration as whole picoseconds, so that every build computes the same times.
struct Costs {
  i64 syscall = 0;
  i64 write = 0;
  i64 read = 0;
  i64 merge = 0;
  i64 read_part = 0;
  i64 page_alloc = 0;
  i64 page_free = 0;
  i64 poll = 0;
  i64 epoll = 0;
  i64 send = 0;
  i64 receive = 0;
  i64 switch_task = 0;
  i64 sleep_same = 0;
  i64 wake_same = 0;
  i64 wake_other = 0;
  i64 latency_other = 0;
  i64 latency_least = 0;  ///< of latency_other, by chance
  i64 latency_most = 0;
  i64 slice = 0;
  i64 message_kib = 0;
  std::array<i64, kCopyClasses.size()> in_kib{};
  std::array<i64, kCopyClasses.size()> out_kib{};

  /// Copying `bytes` of a call of `call_bytes`.
  [[nodiscard]] i64 copy_in(u64 bytes, u64 call_bytes) const {
    return static_cast<i64>(bytes) * in_kib[copy_class(call_bytes)] / 1024;
  }
  [[nodiscard]] i64 copy_out(u64 bytes, u64 call_bytes) const {
    return static_cast<i64>(bytes) * out_kib[copy_class(call_bytes)] / 1024;
  }
  /// The class whose size is the nearest that is not less.
  [[nodiscard]] static std::size_t copy_class(u64 call_bytes) {
    std::size_t at = 0;
    while (at + 1 < kCopyClasses.size() && kCopyClasses[at] < call_bytes) {
      ++at;
    }
    return at;
  }
};

/// `copying` picks the level of everything that a task spends on its own processor, `waking` that
/// of wake-ups and their latency.
[[nodiscard]] Costs costs_of(const Calibration& calibration, CostLevel copying, CostLevel waking);

}  // namespace ipcsim
