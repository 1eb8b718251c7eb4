#include "tools/host/tracer/traced_run.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <ctime>
#include <optional>

#include <fmt/format.h>

#include "tools/host/tracer/trace_log.hpp"

namespace ipcsim::host {
namespace {

constexpr int kMostInherited = 1024;

std::unexpected<std::string> failed(std::string_view what) {
  return std::unexpected(fmt::format("{}: {}", what, std::strerror(errno)));
}

i64 clock_ns(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return i64{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

/// Records in a file: what a long run records need not fit into memory while it goes on.
class Spool {
 public:
  explicit Spool(const std::string& path)
      : file_(::open(path.c_str(), O_RDWR | O_TRUNC | O_CLOEXEC)) {}
  [[nodiscard]] bool good() const { return file_.get() >= 0 && !failed_; }

  void add(std::span<const std::byte> record) {
    const auto length = static_cast<u32>(record.size());
    const auto* bytes = reinterpret_cast<const std::byte*>(&length);
    buffer_.insert(buffer_.end(), bytes, bytes + sizeof length);
    buffer_.insert(buffer_.end(), record.begin(), record.end());
    if (buffer_.size() >= kBufferBytes) {
      flush();
    }
  }

  void flush() {
    for (std::span<const std::byte> rest = buffer_; !rest.empty() && !failed_;) {
      const ssize_t written = ::write(file_.get(), rest.data(), rest.size());
      failed_ = written <= 0;
      rest = rest.subspan(failed_ ? 0 : static_cast<std::size_t>(written));
      size_ += failed_ ? 0 : static_cast<std::size_t>(written);
    }
    buffer_.clear();
  }

  /// The log that the records make.
  [[nodiscard]] std::optional<TraceLog> log(const TraceLogOptions& options) {
    flush();
    if (size_ == 0 || failed_) {
      return failed_ ? std::nullopt : std::optional{TraceLog{}};
    }
    void* memory = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file_.get(), 0);
    if (memory == MAP_FAILED) {
      return std::nullopt;
    }
    TraceLog log = write_trace_log({static_cast<const std::byte*>(memory), size_}, options);
    ::munmap(memory, size_);
    return log;
  }

 private:
  static constexpr std::size_t kBufferBytes = std::size_t{1} << 20U;
  OwnedFd file_;
  bool failed_ = false;
  std::size_t size_ = 0;
  std::vector<std::byte> buffer_;
};

/// In the child: calls whose results say how the program begins, then the program. Returns only if
/// it cannot be started.
void become(u64 key, const std::vector<std::string>& command) {
  std::vector<char*> argv;
  argv.reserve(command.size() + 1);
  for (const std::string& word : command) {
    argv.push_back(const_cast<char*>(word.c_str()));
  }
  argv.push_back(nullptr);
  std::vector<int> open;
  for (int fd = 0; fd < kMostInherited; ++fd) {
    const int flags = ::fcntl(fd, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) == 0) {
      open.push_back(fd);
    }
  }
  std::array<char, PATH_MAX> folder{};
  rlimit limit{};
  ::syscall(SYS_prctl, key, 0, 0, 0, 0);
  ::syscall(SYS_getcwd, folder.data(), folder.size());
  ::syscall(SYS_geteuid);
  ::syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, nullptr, &limit);
  ::syscall(SYS_prlimit64, 0, RLIMIT_MSGQUEUE, nullptr, &limit);
  for (const int fd : open) {
    ::syscall(SYS_fcntl, fd, F_GETFD, 0);
  }
  ::execvp(argv.front(), argv.data());
}

/// Starts the program; its number, or why it cannot be started.
std::expected<pid_t, std::string> start(u64 key, const std::vector<std::string>& command,
                                        const sigset_t& mask) {
  std::array<int, 2> trouble{};
  if (::pipe2(trouble.data(), O_CLOEXEC) != 0) {
    return failed("pipe2()");
  }
  const OwnedFd in{trouble[0]};
  OwnedFd out{trouble[1]};
  const pid_t child = ::fork();
  if (child < 0) {
    return failed("fork()");
  }
  if (child == 0) {
    ::sigprocmask(SIG_SETMASK, &mask, nullptr);
    become(key, command);
    const int error = errno;
    [[maybe_unused]] const ssize_t told = ::write(out.get(), &error, sizeof error);
    ::_exit(127);
  }
  out = OwnedFd{};
  int error = 0;
  if (::read(in.get(), &error, sizeof error) == sizeof error) {
    ::waitpid(child, nullptr, 0);
    return std::unexpected(
        fmt::format("{} cannot be run: {}", command.front(), std::strerror(error)));
  }
  return child;
}

/// SIGCHLD, SIGINT and SIGTERM are waited for, not delivered.
class Signals {
 public:
  Signals() {
    ::sigemptyset(&set_);
    for (const int signal : {SIGCHLD, SIGINT, SIGTERM}) {
      ::sigaddset(&set_, signal);
    }
    ::sigprocmask(SIG_BLOCK, &set_, &before_);
  }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals() {
    const timespec now{};
    while (::sigtimedwait(&set_, nullptr, &now) > 0) {
    }
    ::sigprocmask(SIG_SETMASK, &before_, nullptr);
  }
  [[nodiscard]] const sigset_t& before() const { return before_; }
  /// True if someone asks for the end. Waits a little.
  [[nodiscard]] bool asked_to_stop() const {
    const timespec pause{.tv_sec = 0, .tv_nsec = 1'000'000};
    const int signal = ::sigtimedwait(&set_, nullptr, &pause);
    return signal == SIGINT || signal == SIGTERM;
  }

 private:
  sigset_t set_{};
  sigset_t before_{};
};

}  // namespace

std::expected<TracedRun, std::string> run_traced(Tracer& tracer,
                                                 const std::vector<std::string>& command,
                                                 const std::string& spool_path) {
  Spool spool(spool_path);
  if (!spool.good()) {
    return failed(spool_path);
  }
  const i64 offset = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);
  TracedRun run;
  u64 alive = 0;
  const auto drain = [&] {
    tracer.drain([&](std::span<const std::byte> record) {
      RecordHead head;
      std::memcpy(&head, record.data(), sizeof head);
      alive += head.kind == RecordKind::kStart || head.kind == RecordKind::kFork ? 1 : 0;
      alive -= head.kind == RecordKind::kDead ? 1 : 0;
      spool.add(record);
    });
  };
  const Signals signals;
  const auto child = start(tracer.key(), command, signals.before());
  tracer.close_entrance();
  if (!child) {
    return std::unexpected(child.error());
  }
  bool ended = false;
  while (!ended || alive > 0) {
    const bool asked = signals.asked_to_stop();
    ended = ended || ::waitpid(*child, &run.status, WNOHANG) == *child;
    drain();
    // A program that is interrupted has a word in its own ending; those it left behind have none.
    run.stopped = ended && alive > 0 && asked;
    if (run.stopped || (ended && tracer.lost() > 0)) {
      break;
    }
  }
  drain();
  run.lost = tracer.lost();
  run.foreign = tracer.foreign();
  run.untracked = tracer.untracked();
  auto log = spool.log(
      {.realtime_offset_ns = offset, .end_ns = run.lost > 0 ? tracer.first_lost_ns() : ~u64{0}});
  if (!log) {
    return failed(spool_path);
  }
  run.log = std::move(log->text);
  run.calls = log->calls;
  run.left_out = log->left_out;
  return run;
}

}  // namespace ipcsim::host
