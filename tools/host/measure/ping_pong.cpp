#include "tools/host/measure/ping_pong.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "tools/host/measure/stopwatch.hpp"

namespace ipcsim::host {
namespace {

/// A pipe each way, and the process at the other end.
class Partner {
 public:
  Partner() {
    if (pipe2(there_, O_CLOEXEC) != 0 || pipe2(back_, O_CLOEXEC) != 0) {
      error_ = errno;
    }
  }
  Partner(const Partner&) = delete;
  Partner& operator=(const Partner&) = delete;
  ~Partner() {
    for (const int fd : {there_[0], there_[1], back_[0], back_[1]}) {
      if (fd >= 0) {
        close(fd);
      }
    }
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
  }

  /// Starts a process on `processor` that runs `program` and ends.
  bool start(int processor, auto&& program) {
    pid_ = error_ == 0 ? fork() : -1;
    if (pid_ == 0) {
      bind_to(processor);
      close(there_[1]);
      close(back_[0]);
      program(there_[0], back_[1]);
      _exit(0);
    }
    error_ = pid_ < 0 && error_ == 0 ? errno : error_;
    return pid_ > 0;
  }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] int to() const { return there_[1]; }
  [[nodiscard]] int from() const { return back_[0]; }
  [[nodiscard]] std::string error() const { return std::strerror(error_); }

 private:
  int there_[2] = {-1, -1};
  int back_[2] = {-1, -1};
  pid_t pid_ = -1;
  int error_ = 0;
};

bool put(int fd) {
  const char byte = 0;
  return write(fd, &byte, 1) == 1;
}
bool get(int fd) {
  char byte = 0;
  return read(fd, &byte, 1) == 1;
}

/// With real-time priority for both while this lives, where that is allowed.
class RealTime {
 public:
  explicit RealTime(pid_t partner) {
    run_first_in_first_out(0);
    run_first_in_first_out(partner);
  }
  RealTime(const RealTime&) = delete;
  RealTime& operator=(const RealTime&) = delete;
  ~RealTime() { run_ordinarily(0); }
};

}  // namespace

std::expected<PingPong, std::string> ping_pong(int here, int there, int trips, double clock_cost) {
  Partner partner;
  const auto echo = [](int in, int out) {
    while (get(in) && put(out)) {
    }
  };
  if (!bind_to(here) || !partner.start(there, echo)) {
    return std::unexpected(partner.error());
  }
  const RealTime priority(partner.pid());
  Stopwatch writes(clock_cost);
  std::vector<double> hops;
  for (int i = 0; i < trips; ++i) {
    const double began = wall_ns();
    if (!writes.time([&] { return put(partner.to()); }) || !get(partner.from())) {
      return std::unexpected("the other process is gone");
    }
    hops.push_back((wall_ns() - began - 2 * clock_cost) / 2);
  }
  return PingPong{.hop_ns = middle(std::move(hops)), .write_ns = writes.usual()};
}

std::expected<double, std::string> yield_ns(int processor, int yields) {
  Partner partner;
  const auto yield = [yields](int in, int /*out*/) {
    get(in);
    for (int i = 0; i < 2 * yields; ++i) {
      sched_yield();
    }
  };
  if (!bind_to(processor) || !partner.start(processor, yield)) {
    return std::unexpected(partner.error());
  }
  const RealTime priority(partner.pid());
  if (!put(partner.to())) {
    return std::unexpected("the other process is gone");
  }
  std::vector<double> times;
  for (int i = 0; i < yields; ++i) {
    const double began = wall_ns();
    sched_yield();
    times.push_back((wall_ns() - began) / 2);
  }
  return middle(std::move(times));
}

}  // namespace ipcsim::host
