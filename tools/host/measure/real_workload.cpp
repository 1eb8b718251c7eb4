#include "tools/host/measure/real_workload.hpp"

#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <set>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "tools/host/measure/placing.hpp"
#include "tools/host/measure/real_task.hpp"

namespace ipcsim {
namespace {

using host::RealTaskFiles;
using host::RealTaskRecord;

MachineError broken(std::string_view what) {
  return {.unsupported = false, .message = fmt::format("{}: {}", what, std::strerror(errno))};
}

MachineError failed() {
  return {.unsupported = false, .message = "a process of the real run failed"};
}

/// The descriptors, processes and shared memory of one run, all gone at its end.
class RealRunner {
 public:
  RealRunner(const Workload& workload, Placement placement, u64 seed)
      : workload_(workload), placement_(placement), seed_(seed) {}
  RealRunner(const RealRunner&) = delete;
  RealRunner& operator=(const RealRunner&) = delete;
  ~RealRunner() {
    for (const pid_t pid : alive_) {
      kill(pid, SIGKILL);
      waitpid(pid, nullptr, 0);
    }
    close_all();
    if (records_ != nullptr) {
      munmap(records_, record_bytes());
    }
  }

  std::expected<RealRun, MachineError> run(double timeout_seconds, RealCounting counting) {
    void* const memory =
        mmap(nullptr, record_bytes(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
      return std::unexpected(broken("memory for the results"));
    }
    records_ = static_cast<RealTaskRecord*>(memory);
    if (auto made = make_objects(); !made) {
      return std::unexpected(made.error());
    }
    if (auto made = make_starts(); !made) {
      return std::unexpected(made.error());
    }
    if (counting == RealCounting::kOn) {
      tracepoints_ = host::find_tracepoints();
    }
    if (auto started = start_tasks(); !started) {
      return std::unexpected(started.error());
    }
    return wait_for_end(timeout_seconds);
  }

 private:
  [[nodiscard]] std::size_t record_bytes() const {
    return sizeof(RealTaskRecord) * std::max<std::size_t>(1, workload_.tasks.size());
  }

  std::expected<void, MachineError> make_objects() {
    fds_.assign(workload_.files.size(), -1);
    for (u32 object = 0; object < workload_.objects.size(); ++object) {
      const WorkloadObject& wanted = workload_.objects[object];
      auto made = wanted.queue ? make_queue(object) : make_pipe(object);
      if (!made) {
        return made;
      }
    }
    return {};
  }

  [[nodiscard]] bool nonblocking() const {
    return std::any_of(workload_.tasks.begin(), workload_.tasks.end(),
                       [](const auto& task) { return task.style != WaitStyle::kBlocking; });
  }

  std::expected<void, MachineError> make_pipe(u32 object) {
    const WorkloadObject& wanted = workload_.objects[object];
    int ends[2] = {-1, -1};
    const int flags =
        O_CLOEXEC | (wanted.packets ? O_DIRECT : 0) | (nonblocking() ? O_NONBLOCK : 0);
    if (pipe2(ends, flags) != 0) {
      return std::unexpected(broken("pipe2()"));
    }
    opened_.insert({ends[0], ends[1]});
    if (fcntl(ends[1], F_SETPIPE_SZ, static_cast<int>(wanted.pipe_bytes)) < 0) {
      return std::unexpected(MachineError{
          .unsupported = errno == EPERM,
          .message =
              fmt::format("a pipe of {} bytes: {}", wanted.pipe_bytes, std::strerror(errno))});
    }
    for (u32 file = 0; file < workload_.files.size(); ++file) {
      if (workload_.files[file].object == object) {
        fds_[file] = workload_.files[file].mode.write ? ends[1] : ends[0];
      }
    }
    return {};
  }

  std::expected<void, MachineError> make_queue(u32 object) {
    const WorkloadObject& wanted = workload_.objects[object];
    const std::string name = fmt::format("/ipcsim-measure-{}-{}", getpid(), object);
    mq_attr attr{};
    attr.mq_maxmsg = wanted.mq.mq_maxmsg;
    attr.mq_msgsize = wanted.mq.mq_msgsize;
    constexpr mode_t kOwnerOnly = 0600;
    const int flags = O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | (nonblocking() ? O_NONBLOCK : 0);
    const mqd_t queue = mq_open(name.c_str(), flags, kOwnerOnly, &attr);
    if (queue < 0) {
      return std::unexpected(MachineError{
          .unsupported = errno == EINVAL || errno == EMFILE || errno == EPERM || errno == ENOSYS,
          .message = fmt::format("a queue of {} messages of {} bytes: {}", attr.mq_maxmsg,
                                 attr.mq_msgsize, std::strerror(errno))});
    }
    mq_unlink(name.c_str());
    opened_.insert(queue);
    for (u32 file = 0; file < workload_.files.size(); ++file) {
      if (workload_.files[file].object == object) {
        fds_[file] = queue;
      }
    }
    return {};
  }

  /// A pipe for each task: a byte in it begins the task. One more that ends with the last task,
  /// and one in which each task says that it is ready.
  std::expected<void, MachineError> make_starts() {
    int done[2] = {-1, -1};
    if (pipe2(done, O_CLOEXEC) != 0) {
      return std::unexpected(broken("pipe2()"));
    }
    opened_.insert({done[0], done[1]});
    done_read_ = done[0];
    done_write_ = done[1];
    int ready[2] = {-1, -1};
    if (pipe2(ready, O_CLOEXEC) != 0) {
      return std::unexpected(broken("pipe2()"));
    }
    opened_.insert({ready[0], ready[1]});
    ready_read_ = ready[0];
    ready_write_ = ready[1];
    for (std::size_t i = 0; i < workload_.tasks.size(); ++i) {
      int ends[2] = {-1, -1};
      if (pipe2(ends, O_CLOEXEC) != 0) {
        return std::unexpected(broken("pipe2()"));
      }
      opened_.insert({ends[0], ends[1]});
      start_reads_.push_back(ends[0]);
      start_writes_.push_back(ends[1]);
    }
    return {};
  }

  std::expected<void, MachineError> start_tasks() {
    const std::vector<int> processors = host::usable_processors();
    const std::size_t wanted = placement_ == Placement::kTwo ? 2 : 1;
    if (processors.size() < wanted) {
      return std::unexpected(
          MachineError{.unsupported = true, .message = "this machine has one processor only"});
    }
    Random seeds(seed_);
    for (u32 id = 0; id < workload_.tasks.size(); ++id) {
      const u64 seed = seeds.next();
      const pid_t pid = fork();
      if (pid < 0) {
        return std::unexpected(broken("fork()"));
      }
      if (pid == 0) {
        host::bind_to(processors[id % wanted]);
        host::name_real_task();
        child(id, seed);
      }
      alive_.insert(pid);
    }
    close_files();
    for (const pid_t pid : alive_) {
      if (placement_ == Placement::kOneFifo && !host::run_first_in_first_out(pid)) {
        return std::unexpected(MachineError{
            .unsupported = true, .message = "real-time priorities are not allowed here"});
      }
    }
    for (std::size_t i = 0; i < workload_.tasks.size(); ++i) {
      char byte = 0;
      if (read(ready_read_, &byte, 1) != 1) {  // the end: one of them is gone
        return std::unexpected(failed());
      }
    }
    for (u32 id = 0; id < workload_.tasks.size(); ++id) {
      const char byte = 0;
      if (workload_.tasks[id].starts && write(start_writes_[id], &byte, 1) != 1) {
        return std::unexpected(broken("write()"));
      }
    }
    return {};
  }

  /// In the child: keeps the descriptors that its program names, and runs it.
  [[noreturn]] void child(u32 id, u64 seed) {
    signal(SIGPIPE, SIG_IGN);
    std::set<int> used(start_writes_.begin(), start_writes_.end());
    RealTaskFiles files{.fds = std::vector<int>(fds_.size(), -1),
                        .starts = start_writes_,
                        .ready = ready_write_,
                        .start = start_reads_[id]};
    for (const Step& step : workload_.tasks[id].steps) {
      if (step.kind != Step::Kind::kStart) {
        files.fds[step.file] = fds_[step.file];
        used.insert(fds_[step.file]);
      }
    }
    used.insert({start_reads_[id], ready_write_, done_write_});
    for (const int fd : opened_) {
      if (!used.contains(fd)) {
        close(fd);
      }
    }
    host::run_real_task(workload_, id, seed, tracepoints_, std::move(files), records_[id]);
    _exit(0);
  }

  std::expected<RealRun, MachineError> wait_for_end(double timeout_seconds) {
    // The processes alone hold the pipe's other end: it ends when the last of them has ended.
    pollfd done{.fd = done_read_, .events = POLLIN, .revents = 0};
    if (poll(&done, 1, static_cast<int>(timeout_seconds * 1000)) == 0) {
      return std::unexpected(MachineError{
          .unsupported = false,
          .message = fmt::format("the real run was not over after {:.0f} s and was ended",
                                 timeout_seconds)});
    }
    for (const pid_t pid : std::exchange(alive_, {})) {
      waitpid(pid, nullptr, 0);
    }
    return summed();
  }

  [[nodiscard]] std::expected<RealRun, MachineError> summed() const {
    RealRun run{.counted = KernelCounts{}};
    double began = 0;
    double ended = 0;
    for (const RealTaskRecord& record : std::span(records_, workload_.tasks.size())) {
      if (!record.finished) {
        return std::unexpected(failed());
      }
      began = began == 0 ? record.began_ns : std::min(began, record.began_ns);
      ended = std::max(ended, record.ended_ns);
      run.tasks.push_back({.syscalls = record.syscalls,
                           .sleeps = record.sleeps,
                           .preemptions = record.preemptions,
                           .bytes_in = record.bytes_in,
                           .bytes_out = record.bytes_out});
      run.all.add(run.tasks.back());
      run.page_faults += record.page_faults;
      if (!record.counted) {
        run.counted.reset();
      } else if (run.counted) {
        run.counted->wakeups += record.wakeups;
        run.counted->new_pages += record.new_pages;
      }
    }
    run.elapsed_ns = ended - began;
    return run;
  }

  /// The coordinator holds none of the objects, or nobody would see an end of data.
  void close_files() {
    for (const int fd : std::set<int>(fds_.begin(), fds_.end())) {
      if (opened_.erase(fd) > 0) {
        close(fd);
      }
    }
    // The other end of a pipe that only one file names.
    std::set<int> keep(start_reads_.begin(), start_reads_.end());
    keep.insert(start_writes_.begin(), start_writes_.end());
    keep.insert({ready_read_, done_read_});
    std::erase_if(opened_, [&](int fd) {
      if (keep.contains(fd)) {
        return false;
      }
      close(fd);
      return true;
    });
  }

  void close_all() {
    for (const int fd : opened_) {
      close(fd);
    }
  }

  const Workload& workload_;
  Placement placement_;
  u64 seed_;
  RealTaskRecord* records_ = nullptr;
  std::set<int> opened_;
  std::vector<int> fds_;  // by file
  std::vector<int> start_reads_;
  std::vector<int> start_writes_;
  int done_read_ = -1;
  int done_write_ = -1;
  int ready_read_ = -1;
  int ready_write_ = -1;
  std::set<pid_t> alive_;
  std::optional<host::Tracepoints> tracepoints_;
};

}  // namespace

std::expected<RealRun, MachineError> run_real_workload(const Workload& workload,
                                                       Placement placement, u64 seed,
                                                       double timeout_seconds,
                                                       RealCounting counting) {
  return RealRunner(workload, placement, seed).run(timeout_seconds, counting);
}

}  // namespace ipcsim
