#include "tools/host/run.hpp"

#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "tools/host/requirements.hpp"
#include "tools/host/setup_error.hpp"
#include "tools/host/spawn.hpp"

namespace ipcsim::host {
namespace {

/// Real uids of runs: high, and far from those that user databases and containers give out.
constexpr u32 kFirstRunUid = 0x6000'0000;
constexpr u32 kRunUidMask = 0x1fff'ff00;
constexpr u32 kUidsPerRun = 0x100;
/// Most bytes of a regular file that a trace makes by open() with O_CREAT.
constexpr u64 kMostFileBytes = u64{16} << 20U;

u64 random_number() {
  u64 number = 0;
  if (getrandom(&number, sizeof number, 0) != sizeof number) {
    number = static_cast<u64>(getpid()) * 0x9e37'79b9'7f4a'7c15U;
  }
  return number;
}

/// The kernel counts a user's bytes, and a run's last ones may linger after it. One that drew its
/// uids by chance would meet another's now and then: each process begins at a place of its own, and
/// takes one after another from there.
u32 next_first_uid() {
  static std::atomic<u32> next = static_cast<u32>(random_number());
  return kFirstRunUid + (next.fetch_add(kUidsPerRun) & kRunUidMask);
}

std::unexpected<MachineError> refused(std::string why) {
  return std::unexpected(MachineError{.unsupported = true, .message = std::move(why)});
}

std::string system_error(const char* what) {
  return fmt::format("{}: {}", what, std::strerror(errno));
}

/// A folder that exists on every system, to mount the run's root on.
const char* mount_point() {
  for (const char* folder : {"/tmp", "/var", "/run", "/mnt", "/usr"}) {
    if (access(folder, F_OK) == 0) {
      return folder;
    }
  }
  return "/proc";
}

std::string temporary_folder(u64 run) {
  const char* base = std::getenv("TMPDIR");
  if (base == nullptr || *base != '/') {
    base = "/tmp";
  }
  return fmt::format("{}/ipcsim-{:016x}", base, run);
}

bool copy_path(char (&to)[kPathBytes], const std::string& from) {
  if (from.size() >= kPathBytes) {
    return false;
  }
  std::memcpy(&to[0], from.c_str(), from.size() + 1);
  return true;
}

Setup make_setup(const Environment& environment, const RunPlan& plan) {
  Setup setup;
  setup.isolation = plan.isolation;
  setup.own_uid = plan.own_uid;
  setup.keep_root = plan.keep_root;
  setup.realtime = plan.realtime;
  setup.sets_nice = nice_is_set(environment, plan.isolation);
  setup.task_priority = static_cast<u32>(plan.task_priority);
  setup.reaping_priority = static_cast<u32>(plan.reaping_priority);
  setup.caps = environment.caps.bits & studied_caps().bits;
  const MqLimits& limits = environment.mq_limits;
  const u64 values[kMqLimitCount] = {limits.mq_queues_max, limits.mq_msg_max, limits.mq_msgsize_max,
                                     limits.mq_msg_default, limits.mq_msgsize_default};
  std::copy(std::begin(values), std::end(values), std::begin(setup.mq_limits));
  setup.file_bytes = kMostFileBytes;
  return setup;
}

}  // namespace

std::expected<std::unique_ptr<Run>, MachineError> Run::start(const Environment& environment,
                                                             const RunPlan& plan) {
  std::unique_ptr<Run> run(new Run(plan));
  if (auto done = run->connect(environment); !done) {
    return std::unexpected(done.error());
  }
  return run;
}

std::expected<void, MachineError> Run::connect(const Environment& environment) {
  const u64 number = random_number();
  const u32 first_uid = next_first_uid();
  book_.ids.begin(plan_.own_uid ? std::optional{first_uid} : std::nullopt, plan_.keep_root);
  queue_prefix_ = fmt::format("ipcsim-{:016x}-", number);
  Setup setup = make_setup(environment, plan_);
  setup.root_id = first_uid;
  if (plan_.isolation == Isolation::kFolder) {
    folder_ = temporary_folder(number);
  }
  if (!copy_path(setup.folder, folder_.empty() ? mount_point() : folder_)) {
    return refused(fmt::format("the path {} is too long", folder_));
  }
  int pair[2] = {-1, -1};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, &pair[0]) != 0) {
    return refused(system_error("socketpair()"));
  }
  socket_ = pair[0];
  const auto child = spawn_supervisor(plan_.isolation, pair[1]);
  close(pair[1]);
  if (!child) {
    return std::unexpected(child.error());
  }
  pid_ = child->pid;
  pidfd_ = child->pidfd;
  if (send(socket_, &setup, sizeof setup, MSG_NOSIGNAL) != sizeof setup) {
    return refused(system_error("send()"));
  }
  return receive_memory(environment);
}

std::expected<void, MachineError> Run::receive_memory(const Environment& environment) {
  int memory = -1;
  if (const auto ready = receive_ready(&memory); !ready) {
    return std::unexpected(ready.error());
  }
  if (memory < 0) {
    return refused("the supervisor sent no shared memory");
  }
  void* base =
      mmap(nullptr, kSharedBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, memory, 0);
  const std::string why = system_error("mmap() of the shared memory");
  close(memory);
  if (base == MAP_FAILED) {
    return refused(why);
  }
  shared_ = Shared(reinterpret_cast<u64>(base));
  if (auto done = schedule_supervisor(); !done) {
    return done;
  }
  if (auto filled = fill_slots(environment); !filled) {
    return filled;
  }
  const Go go{.initial_tasks = static_cast<u32>(environment.tasks.size())};
  if (send(socket_, &go, sizeof go, MSG_NOSIGNAL) != sizeof go) {
    return refused(system_error("send()"));
  }
  if (const auto started = receive_ready(nullptr); !started) {
    return std::unexpected(started.error());
  }
  close(std::exchange(socket_, -1));
  return {};
}

std::expected<void, MachineError> Run::schedule_supervisor() const {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(static_cast<std::size_t>(plan_.cpu), &cpus);
  if (sched_setaffinity(pid_, sizeof cpus, &cpus) != 0) {
    return refused(system_error("sched_setaffinity()"));
  }
  if (plan_.realtime) {
    sched_param parameter{};
    parameter.sched_priority = plan_.noting_priority;
    if (sched_setscheduler(pid_, SCHED_FIFO, &parameter) != 0) {
      return refused(system_error("sched_setscheduler(SCHED_FIFO)"));
    }
    // A task that neither sleeps nor ends would keep those below it from dying: the supervisor, and
    // the coordinator when somebody kills that. The tasks get this limit from the supervisor.
    // The watchdog, which may be late on a loaded machine, must come first.
    constexpr std::chrono::milliseconds kLate{5000};
    const auto most =
        std::chrono::microseconds(plan_.timeout + std::max(plan_.timeout, kLate)).count();
    const rlimit limit{.rlim_cur = static_cast<rlim_t>(most),
                       .rlim_max = static_cast<rlim_t>(most)};
    if (prlimit(pid_, RLIMIT_RTTIME, &limit, nullptr) != 0) {
      return refused(system_error("prlimit(RLIMIT_RTTIME)"));
    }
  }
  return {};
}

void Run::unschedule_supervisor() const {
  const sched_param none{};
  sched_setscheduler(pid_, SCHED_OTHER, &none);
  sched_setaffinity(pid_, sizeof plan_.spare_cpus, &plan_.spare_cpus);
}

/// The first process of a PID namespace reaps the others when it dies. Doing that it may wait
/// without sleeping, in the kernel, for one of them that strict priority does not let run.
void Run::unschedule_first_processes() const {
  if (shared_.base() == 0) {
    return;
  }
  const sched_param none{};
  for (u32 i = 0; i < shared_.header().slots; ++i) {
    const Slot& slot = shared_.slot(i);
    const Life life = slot.life;
    if (slot.first_there != 0 && (life == Life::kAlive || life == Life::kExiting)) {
      sched_setscheduler(slot.host_tid, SCHED_OTHER, &none);
    }
  }
}

std::expected<void, MachineError> Run::fill_slots(const Environment& environment) {
  Header& header = shared_.header();
  header.page_bytes = static_cast<u32>(sysconf(_SC_PAGESIZE));
  std::copy_n(queue_prefix_.c_str(), queue_prefix_.size() + 1, &header.queue_prefix[0]);
  for (u32 i = 0; i < environment.tasks.size(); ++i) {
    const InitialTask& task = environment.tasks[i];
    const std::optional<u32> uid = book_.ids.to_host(task.uid);
    if (!uid) {
      return refused(fmt::format("uid {} cannot be had here", task.uid));
    }
    Slot& slot = shared_.slot(i);
    slot.uid = *uid;
    slot.nice = task.nice;
    slot.rlimit_nofile = task.rlimit_nofile;
    slot.rlimit_msgqueue = task.rlimit_msgqueue;
    slot.task = task.task.v;
    slot.life = Life::kStarting;
  }
  header.slots = static_cast<u32>(environment.tasks.size());
  return {};
}

std::expected<Ready, MachineError> Run::receive_ready(int* descriptor) const {
  pollfd wait{.fd = socket_, .events = POLLIN, .revents = 0};
  if (poll(&wait, 1, static_cast<int>(plan_.timeout.count())) <= 0) {
    return refused("the supervisor does not answer");
  }
  Ready ready;
  iovec iov{.iov_base = &ready, .iov_len = sizeof ready};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &iov;
  message.msg_iovlen = 1;
  message.msg_control = &control[0];
  message.msg_controllen = sizeof control;
  if (recvmsg(socket_, &message, MSG_CMSG_CLOEXEC) != sizeof ready) {
    return refused("the supervisor ended while it was starting");
  }
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header != nullptr && header->cmsg_type == SCM_RIGHTS && descriptor != nullptr) {
    std::memcpy(descriptor, CMSG_DATA(header), sizeof *descriptor);
  }
  if (ready.failure.step != Step::kNone) {
    return refused(setup_error_text(ready.failure, ready.detail));
  }
  return ready;
}

bool Run::alive() const {
  pollfd wait{.fd = pidfd_, .events = POLLIN, .revents = 0};
  return poll(&wait, 1, 0) == 0;
}

void Run::kill() const {
  // It has to run to die, also where a task above it does not stop; and while it waits for its
  // children to die it must not be above them.
  unschedule_supervisor();
  unschedule_first_processes();
  // In a pid namespace its first process takes all others along.
  const int signal = plan_.isolation == Isolation::kFolder ? SIGTERM : SIGKILL;
  syscall(SYS_pidfd_send_signal, pidfd_, signal, nullptr, 0);
}

void Run::remove_leftovers() const {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
  if (shared_.base() != 0) {
    for (u32 i = 0; i < shared_.header().queue_names; ++i) {
      mq_unlink(fmt::format("/{}{}", queue_prefix_, i).c_str());
    }
  }
}

Run::~Run() {
  if (socket_ >= 0) {
    close(socket_);
  }
  if (pidfd_ >= 0) {
    kill();
    pollfd wait{.fd = pidfd_, .events = POLLIN, .revents = 0};
    if (poll(&wait, 1, static_cast<int>(plan_.timeout.count())) <= 0) {
      syscall(SYS_pidfd_send_signal, pidfd_, SIGKILL, nullptr, 0);
    }
    siginfo_t info{};
    while (waitid(P_PIDFD, static_cast<id_t>(pidfd_), &info, WEXITED | __WALL) != 0 &&
           errno == EINTR) {
    }
    close(pidfd_);
  }
  if (plan_.isolation == Isolation::kFolder && !folder_.empty()) {
    remove_leftovers();
  }
  if (shared_.base() != 0) {
    munmap(reinterpret_cast<void*>(shared_.base()), kSharedBytes);
  }
}

}  // namespace ipcsim::host
