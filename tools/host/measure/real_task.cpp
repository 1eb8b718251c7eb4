#include "tools/host/measure/real_task.hpp"

#include <mqueue.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include "tools/host/measure/placing.hpp"

namespace ipcsim::host {
namespace {

constexpr const char* kName = "ipcsim-task";
constexpr const char* kOurNames = "comm == \"ipcsim-task\"";
// Pages for a pipe may be in high memory (__GFP_HIGHMEM) and cannot be moved; a program's own can
// be moved, and page tables are in low memory.
constexpr const char* kPipePages = "(gfp_flags & 2) && migratetype == 0";

class RealTask {
 public:
  RealTask(const Workload& workload, u32 id, u64 seed, RealTaskFiles files, RealTaskRecord& record)
      : workload_(workload),
        task_(workload.tasks[id]),
        random_(seed),
        files_(std::move(files)),
        record_(record) {
    u64 most = 1;
    for (const Step& step : task_.steps) {
      most = std::max(most, step.size.largest());
      last_use_[step.file] = &step;
    }
    buffer_.assign(most, 'x');
  }

  /// Memory is there now, so that no run pays for it. False when nobody begins the task.
  bool wait_for_start() {
    char byte = 0;
    return write(files_.ready, &byte, 1) == 1 && close(files_.ready) == 0 &&
           read(files_.start, &byte, 1) == 1;
  }

  void run(const std::optional<Tracepoints>& tracepoints) {
    // An interrupt's wake-ups count for the thread that it hit, but are of threads with other
    // names.
    if (tracepoints) {
      wakeups_.emplace(tracepoints->sched_waking, kOurNames);
      pages_.emplace(tracepoints->mm_page_alloc, kPipePages);
    }
    rusage before{};
    getrusage(RUSAGE_THREAD, &before);
    record_.began_ns = wall_ns();
    for (const Step& step : task_.steps) {
      if (!take(step)) {
        return;
      }
    }
    record_.ended_ns = wall_ns();
    rusage after{};
    getrusage(RUSAGE_THREAD, &after);
    record_.sleeps = static_cast<u64>(after.ru_nvcsw - before.ru_nvcsw);
    record_.preemptions = static_cast<u64>(after.ru_nivcsw - before.ru_nivcsw);
    record_.page_faults = static_cast<u64>(after.ru_minflt - before.ru_minflt);
    if (tracepoints) {
      record_.wakeups = wakeups_->value();
      record_.new_pages = pages_->value();
      record_.counted = wakeups_->counts() && pages_->counts();
    }
    record_.finished = true;
  }

 private:
  bool take(const Step& step) {
    switch (step.kind) {
      case Step::Kind::kWrite:
      case Step::Kind::kRead:
      case Step::Kind::kSend:
      case Step::Kind::kReceive:
        return transfer(step);
      case Step::Kind::kRelease:
        if (last_use_[step.file] == &step && files_.fds[step.file] >= 0) {
          close(std::exchange(files_.fds[step.file], -1));
        }
        return true;
      case Step::Kind::kStart: {
        return start(step.task);
      }
      case Step::Kind::kOpen:  // the descriptors are there from the start
      case Step::Kind::kHold:
        return true;
    }
    return false;
  }

  /// Begins another task, through a pipe that is not the workload's.
  bool start(u32 task) {
    for (const auto* counter : {&wakeups_, &pages_}) {
      if (*counter) {
        (*counter)->pause();
      }
    }
    const char byte = 0;
    const bool begun = write(files_.starts[task], &byte, 1) == 1;
    for (const auto* counter : {&wakeups_, &pages_}) {
      if (*counter) {
        (*counter)->resume();
      }
    }
    return begun;
  }

  bool transfer(const Step& step) {
    u64 left = step.amount;
    const u32 object = workload_.files[step.file].object;
    if (step.kind == Step::Kind::kRead && left != kUntilEnd) {
      const u64 used = std::min(ahead_[object], left);
      ahead_[object] -= used;
      left -= used;
    }
    while (left > 0) {
      u64 bytes = step.size.draw(random_);
      if (step.kind == Step::Kind::kWrite ||
          (step.kind == Step::Kind::kRead && !step.reads_ahead)) {
        bytes = std::min(bytes, left);
      }
      think(step.think_ns);
      const ssize_t got = call(step, bytes);
      if (got < 0) {
        return errno == EPIPE;
      }
      if (step.kind == Step::Kind::kRead && got == 0) {
        return true;
      }
      const bool counts_calls = step.kind == Step::Kind::kSend || step.kind == Step::Kind::kReceive;
      const u64 done = counts_calls ? 1 : static_cast<u64>(got);
      if (step.kind == Step::Kind::kRead && left != kUntilEnd && done > left) {
        ahead_[object] += done - left;
      }
      left -= left == kUntilEnd ? 0 : std::min(left, done);
    }
    return true;
  }

  /// One transfer, after waiting for it in the task's style.
  ssize_t call(const Step& step, u64 bytes) {
    const int fd = files_.fds[step.file];
    const bool in = step.kind == Step::Kind::kRead || step.kind == Step::Kind::kReceive;
    for (;;) {
      wait_for(fd, in);
      ++record_.syscalls;
      ssize_t got = 0;
      switch (step.kind) {
        case Step::Kind::kWrite:
          got = write(fd, buffer_.data(), bytes);
          break;
        case Step::Kind::kRead:
          got = read(fd, buffer_.data(), bytes);
          break;
        case Step::Kind::kSend:
          got = mq_send(fd, buffer_.data(), bytes, step.prio);
          break;
        default:
          got = mq_receive(fd, buffer_.data(), bytes, nullptr);
      }
      if (got >= 0) {
        const u64 moved = step.kind == Step::Kind::kSend ? bytes : static_cast<u64>(got);
        (in ? record_.bytes_out : record_.bytes_in) += moved;
        return got;
      }
      if (errno != EAGAIN && errno != EINTR) {
        return got;
      }
    }
  }

  void wait_for(int fd, bool in) {
    if (task_.style == WaitStyle::kPoll) {
      ++record_.syscalls;
      pollfd one{.fd = fd, .events = static_cast<short>(in ? POLLIN : POLLOUT), .revents = 0};
      poll(&one, 1, -1);
    } else if (task_.style == WaitStyle::kEpoll) {
      ++record_.syscalls;
      epoll_event one{};
      epoll_wait(epoll_of(fd, in), &one, 1, -1);
    }
  }

  int epoll_of(int fd, bool in) {
    const auto [found, fresh] = epolls_.try_emplace(fd, -1);
    if (fresh) {
      found->second = epoll_create1(EPOLL_CLOEXEC);
      epoll_event wanted{};
      wanted.events = in ? EPOLLIN : EPOLLOUT;
      epoll_ctl(found->second, EPOLL_CTL_ADD, fd, &wanted);
    }
    return found->second;
  }

  static void think(u64 ns) {
    if (ns > 0) {
      const double end = thread_ns() + static_cast<double>(ns);
      while (thread_ns() < end) {
      }
    }
  }

  const Workload& workload_;
  const WorkloadTask& task_;
  Random random_;
  RealTaskFiles files_;
  RealTaskRecord& record_;
  std::optional<TracepointCounter> wakeups_;
  std::optional<TracepointCounter> pages_;
  std::vector<char> buffer_;
  std::map<u32, u64> ahead_;
  std::map<u32, const Step*> last_use_;
  std::map<int, int> epolls_;
};

}  // namespace

void name_real_task() { prctl(PR_SET_NAME, kName); }

void run_real_task(const Workload& workload, u32 id, u64 seed,
                   const std::optional<Tracepoints>& tracepoints, RealTaskFiles files,
                   RealTaskRecord& record) {
  RealTask task(workload, id, seed, std::move(files), record);
  if (task.wait_for_start()) {
    task.run(tracepoints);
  }
}

}  // namespace ipcsim::host
