#include "tools/host/measure/calibrate.hpp"

#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <thread>

#include <fmt/format.h>

#include "model/base/check.hpp"
#include "tools/host/measure/ping_pong.hpp"
#include "tools/host/measure/stopwatch.hpp"

namespace ipcsim {
namespace {

using host::middle;
using host::Stopwatch;

constexpr u64 kPage = 4096;
constexpr u64 kLargestPipe = u64{1} << 20U;
constexpr double kKib = 1024;
constexpr int kCalls = 300;

/// What one round gave: the quantities, not yet freed of what they have in common.
using Round = std::array<double, static_cast<std::size_t>(Quantity::kCount)>;

/// The pipe and queue that are timed.
class TimedObjects {
 public:
  TimedObjects() : buffer_(kCopyClasses.back(), 'x') {
    if (pipe2(ends_, O_CLOEXEC) != 0 ||
        fcntl(ends_[1], F_SETPIPE_SZ, static_cast<int>(kLargestPipe)) < 0) {
      error_ = fmt::format("a pipe of 1 MiB: {}", std::strerror(errno));
      return;
    }
    // One that has ever been polled wakes at every write.
    if (pipe2(polled_, O_CLOEXEC) != 0) {
      error_ = fmt::format("a pipe: {}", std::strerror(errno));
      return;
    }
    const std::string name = fmt::format("/ipcsim-calibrate-{}", getpid());
    mq_attr attr{};
    attr.mq_maxmsg = 10;
    attr.mq_msgsize = kMessage;
    constexpr mode_t kOwnerOnly = 0600;
    queue_ = mq_open(name.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, kOwnerOnly, &attr);
    if (queue_ < 0) {
      error_ = fmt::format("a message queue: {}", std::strerror(errno));
      return;
    }
    mq_unlink(name.c_str());
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    epoll_event wanted{};
    wanted.events = EPOLLOUT;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, polled_[1], &wanted);
  }
  TimedObjects(const TimedObjects&) = delete;
  TimedObjects& operator=(const TimedObjects&) = delete;
  ~TimedObjects() {
    close(ends_[0]);
    close(ends_[1]);
    close(polled_[0]);
    close(polled_[1]);
    close(epoll_);
    mq_close(queue_);
  }

  static constexpr u64 kMessage = 8192;
  [[nodiscard]] const std::string& error() const { return error_; }

  /// What a write takes, and the read of all of it.
  std::pair<double, double> transfer(u64 bytes, int calls, double clock_cost) {
    Stopwatch writes(clock_cost);
    Stopwatch reads(clock_cost);
    const u64 piece = std::min(bytes, kLargestPipe);
    for (int i = 0; i < calls; ++i) {
      // A call of more than the pipe holds goes through the buffer piece by piece.
      const u64 offset = bytes > piece ? (static_cast<u64>(i) % (bytes / piece)) * piece : 0;
      writes.time([&] { return write(ends_[1], buffer_.data() + offset, piece); });
      reads.time([&] { return read(ends_[0], buffer_.data() + offset, piece); });
    }
    return {writes.usual(), reads.usual()};
  }

  /// What a write of a byte behind another takes, and a read of one before another.
  std::pair<double, double> part(double clock_cost) {
    Stopwatch merges(clock_cost);
    Stopwatch parts(clock_cost);
    // Many of a kind in a row, as a task makes them.
    constexpr int kInARow = 30;
    for (int i = 0; i < kCalls / kInARow; ++i) {
      fill_one();
      for (int n = 0; n < kInARow; ++n) {
        merges.time([&] { return write(ends_[1], buffer_.data(), 1); });
      }
      for (int n = 0; n < kInARow; ++n) {
        parts.time([&] { return read(ends_[0], buffer_.data(), 1); });
      }
      drain_one();
    }
    return {merges.usual(), parts.usual()};
  }

  std::pair<double, double> message(u64 bytes, double clock_cost) {
    Stopwatch sends(clock_cost);
    Stopwatch receives(clock_cost);
    for (int i = 0; i < kCalls; ++i) {
      sends.time([&] { return mq_send(queue_, buffer_.data(), bytes, 0); });
      receives.time([&] { return mq_receive(queue_, buffer_.data(), kMessage, nullptr); });
    }
    return {sends.usual(), receives.usual()};
  }

  double poll_once(double clock_cost) {
    Stopwatch polls(clock_cost);
    for (int i = 0; i < kCalls; ++i) {
      pollfd one{.fd = polled_[1], .events = POLLOUT, .revents = 0};
      polls.time([&] { return poll(&one, 1, -1); });
    }
    return polls.usual();
  }

  double epoll_once(double clock_cost) {
    Stopwatch waits(clock_cost);
    for (int i = 0; i < kCalls; ++i) {
      epoll_event one{};
      waits.time([&] { return epoll_wait(epoll_, &one, 1, -1); });
    }
    return waits.usual();
  }

 private:
  void fill_one() { IPCSIM_CHECK(write(ends_[1], buffer_.data(), 1) == 1); }
  void drain_one() { IPCSIM_CHECK(read(ends_[0], buffer_.data(), 1) == 1); }

  int ends_[2] = {-1, -1};
  int polled_[2] = {-1, -1};
  mqd_t queue_ = -1;
  int epoll_ = -1;
  std::vector<char> buffer_;
  std::string error_;
};

double syscall_once(double clock_cost) {
  Stopwatch calls(clock_cost);
  for (int i = 0; i < kCalls; ++i) {
    calls.time([] { return syscall(SYS_getppid); });
  }
  return calls.usual();
}

double& at(Round& round, Quantity quantity, std::size_t offset = 0) {
  return round[static_cast<std::size_t>(quantity) + offset];
}

/// Pages that a transfer takes beyond those that the pipe keeps.
double fresh_pages(u64 bytes) {
  constexpr u64 kKept = 2;
  const u64 pages = std::min(bytes, kLargestPipe) / kPage;
  return pages > kKept ? static_cast<double>(pages - kKept) : 0;
}

/// Splits the times of transfers into what a call, a page and a KiB take.
void take_transfers(TimedObjects& objects, Round& round, double clock_cost) {
  const double entry = at(round, Quantity::kSyscall);
  const auto [write_one, read_one] = objects.transfer(1, kCalls, clock_cost);
  at(round, Quantity::kWrite) = std::max(0.0, write_one - entry);
  at(round, Quantity::kRead) = std::max(0.0, read_one - entry);

  const auto [merge, part] = objects.part(clock_cost);
  at(round, Quantity::kMerge) = std::max(0.0, merge - entry);
  at(round, Quantity::kReadPart) = std::max(0.0, part - entry);

  std::array<double, kCopyClasses.size()> writes{};
  std::array<double, kCopyClasses.size()> reads{};
  for (std::size_t i = 0; i < kCopyClasses.size(); ++i) {
    const u64 bytes = kCopyClasses[i];
    const auto [in, out] =
        objects.transfer(bytes, bytes < kLargestPipe / 16 ? kCalls : 20, clock_cost);
    writes[i] = in - write_one;
    reads[i] = out - read_one;
  }
  constexpr std::size_t kOnePage = 2;
  constexpr std::size_t kManyPages = 4;
  static_assert(kCopyClasses[kOnePage] == kPage);
  const auto split = [&](const auto& times, Quantity page, Quantity copy) {
    const double page_kib = times[kOnePage] / (kPage / kKib);
    const u64 many = kCopyClasses[kManyPages];
    const double copied = page_kib * static_cast<double>(many) / kKib;
    at(round, page) = std::max(0.0, (times[kManyPages] - copied) / fresh_pages(many));
    for (std::size_t i = 0; i < kCopyClasses.size(); ++i) {
      const double kib = static_cast<double>(std::min(kCopyClasses[i], kLargestPipe)) / kKib;
      at(round, copy, i) =
          std::max(0.0, (times[i] - fresh_pages(kCopyClasses[i]) * at(round, page)) / kib);
    }
  };
  split(writes, Quantity::kPageAlloc, Quantity::kCopyIn);
  split(reads, Quantity::kPageFree, Quantity::kCopyOut);
}

void take_messages(TimedObjects& objects, Round& round, double clock_cost) {
  const double entry = at(round, Quantity::kSyscall);
  const auto [send, receive] = objects.message(1, clock_cost);
  const auto [long_send, long_receive] = objects.message(TimedObjects::kMessage, clock_cost);
  at(round, Quantity::kSend) = std::max(0.0, send - entry);
  at(round, Quantity::kReceive) = std::max(0.0, receive - entry);
  at(round, Quantity::kCopyMessage) =
      std::max(0.0, (long_send + long_receive - send - receive) / (TimedObjects::kMessage / kKib));
}

/// Sleeping and waking, between two processes.
std::expected<void, std::string> take_waking(Round& round, const std::vector<int>& processors,
                                             double clock_cost) {
  constexpr int kTrips = 200;
  const double entry = at(round, Quantity::kSyscall);
  const double write = entry + at(round, Quantity::kWrite);
  const double pair = write + entry + at(round, Quantity::kRead);
  const auto yield = host::yield_ns(processors[0], kTrips);
  const auto same = host::ping_pong(processors[0], processors[0], kTrips, clock_cost);
  const auto other = host::ping_pong(processors[0], processors[1], kTrips, clock_cost);
  if (!yield || !same || !other) {
    return std::unexpected(!yield ? yield.error() : !same ? same.error() : other.error());
  }
  at(round, Quantity::kSwitch) = std::max(0.0, *yield - entry);
  at(round, Quantity::kWakeSame) = std::max(0.0, same->write_ns - write);
  at(round, Quantity::kSleepSame) = std::max(
      0.0, same->hop_ns - pair - at(round, Quantity::kSwitch) - at(round, Quantity::kWakeSame));
  at(round, Quantity::kWakeOther) = std::max(0.0, other->write_ns - write);
  at(round, Quantity::kLatencyOther) =
      std::max(0.0, other->hop_ns - pair - at(round, Quantity::kWakeOther));
  return {};
}

/// The fair scheduler's slice, as the kernel tells it of this thread; where it does not, what
/// kernels have by default for so many processors. Linux kernel/sched/fair.c
/// get_update_sysctl_factor().
double slice_ns(std::size_t processors) {
  std::ifstream file("/proc/self/sched");
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(':');
    if (line.starts_with("se.slice") && colon != std::string::npos) {
      return std::strtod(line.c_str() + colon + 1, nullptr);
    }
  }
  constexpr double kNormalised = 700'000;
  constexpr std::size_t kMostCounted = 8;
  return kNormalised * (1 + std::floor(std::log2(std::min(processors, kMostCounted))));
}

Spread spread_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto at_tenth = [&](std::size_t tenths) {
    return values[std::min(values.size() - 1, values.size() * tenths / 10)];
  };
  return {values[values.size() / 2], at_tenth(1), at_tenth(9)};
}

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) {
      const auto colon = line.find(": ");
      return colon == std::string::npos ? line : line.substr(colon + 2);
    }
  }
  return "unknown";
}

void describe_machine(Calibration& calibration) {
  utsname names{};
  uname(&names);
  calibration.kernel = static_cast<const char*>(names.release);
  calibration.cpu = cpu_model();
  calibration.processors = std::thread::hardware_concurrency();
  const std::time_t now = std::time(nullptr);
  std::tm day{};
  gmtime_r(&now, &day);
  calibration.date =
      fmt::format("{:04}-{:02}-{:02}", day.tm_year + 1900, day.tm_mon + 1, day.tm_mday);
}

}  // namespace

std::expected<Calibration, MachineError> calibrate(u32 rounds,
                                                   const std::function<void(u32 done)>& progress) {
  const std::vector<int> processors = host::usable_processors();
  if (processors.size() < 2) {
    return std::unexpected(MachineError{
        .unsupported = true, .message = "a calibration needs two processors; this has one"});
  }
  TimedObjects objects;
  if (!objects.error().empty()) {
    return std::unexpected(MachineError{.unsupported = true, .message = objects.error()});
  }
  host::bind_to(processors[0]);
  const double clock_cost = host::clock_cost_ns();
  std::vector<Round> all;
  for (u32 i = 0; i < rounds; ++i) {
    Round round{};
    at(round, Quantity::kSyscall) = syscall_once(clock_cost);
    const double entry = at(round, Quantity::kSyscall);
    take_transfers(objects, round, clock_cost);
    at(round, Quantity::kSlice) = slice_ns(processors.size());
    at(round, Quantity::kPoll) = std::max(0.0, objects.poll_once(clock_cost) - entry);
    at(round, Quantity::kEpoll) = std::max(0.0, objects.epoll_once(clock_cost) - entry);
    take_messages(objects, round, clock_cost);
    if (const auto woken = take_waking(round, processors, clock_cost); !woken) {
      return std::unexpected(MachineError{.unsupported = false, .message = woken.error()});
    }
    all.push_back(round);
    progress(i + 1);
  }
  Calibration calibration{.rounds = rounds};
  describe_machine(calibration);
  for (std::size_t i = 0; i < calibration.values.size(); ++i) {
    std::vector<double> values;
    for (const Round& round : all) {
      values.push_back(round[i]);
    }
    calibration.values[i] = spread_of(std::move(values));
  }
  return calibration;
}

}  // namespace ipcsim
