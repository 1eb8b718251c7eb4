// A run is apart from the machine and from other runs, and leaves nothing.
#include <dirent.h>
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>

#include <fmt/format.h>

#include "tests/host/support.hpp"

namespace ipcsim {
namespace {

std::string whole_file(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::set<std::string> entries(const std::string& folder) {
  std::set<std::string> names;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    names.insert(entry.path().filename());
  }
  return names;
}

/// What a run could leave behind: descriptors and mounts of this process, files, queues' limits.
struct Traces {
  std::set<std::string> descriptors = entries("/proc/self/fd");
  std::set<std::string> threads = entries("/proc/self/task");
  std::string mounts = whole_file("/proc/self/mountinfo");
  std::set<std::string> temporary = only_ours("/tmp");
  std::string mq_limit = whole_file("/proc/sys/fs/mqueue/msg_max");
  std::string pipe_limit = whole_file("/proc/sys/fs/pipe-max-size");

  static std::set<std::string> only_ours(const std::string& folder) {
    std::set<std::string> ours;
    for (const std::string& name : entries(folder)) {
      if (name.starts_with("ipcsim-")) {
        ours.insert(name);
      }
    }
    return ours;
  }
  bool operator==(const Traces&) const = default;
};

/// Scheduling of this thread.
struct Schedule {
  int policy = sched_getscheduler(0);
  int priority = 0;
  int cpus = 0;
  Schedule() {
    sched_param parameter{};
    sched_getparam(0, &parameter);
    priority = parameter.sched_priority;
    cpu_set_t set;
    sched_getaffinity(0, sizeof set, &set);
    cpus = CPU_COUNT(&set);
  }
  bool operator==(const Schedule&) const = default;
};

bool process_exists(int pid) { return kill(pid, 0) == 0 || errno != ESRCH; }

/// Waits until a process that is nobody's child here is gone. False after 20 seconds.
bool wait_until_gone(int pid) {
  const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (pidfd < 0) {
    return errno == ESRCH;
  }
  pollfd wait{.fd = pidfd, .events = POLLIN, .revents = 0};
  const bool gone = poll(&wait, 1, 20'000) == 1;
  close(pidfd);
  return gone;
}

class HostIsolationTest : public EveryMode {};

TEST_P(HostIsolationTest, NothingIsLeft) {
  run_.reset();
  const Traces before;
  const Schedule schedule_before;
  std::vector<int> pids;
  {
    HostRun run(plain_environment(), options());
    ASSERT_TRUE(run.made());
    run.step(kT1, pipe_call());
    run.step(kT1, mq_call("q", kOCreat | kORdwr));
    run.step(kT1, MkfifoCall{"/tmp/fifo"});
    run.step(kT1, open_call("regular", kOCreat | kORdwr));
    run.step(kT1, ForkCall{kT2});
    run.step(kT2, thread_call(kT3));
    run.step(kT2, VforkCall{kT4});
    EXPECT_EQ(run.step(kT3, read_call(0, 9)), "~t2 ~t3");
    for (const TaskId task : {kT1, kT2, kT3, kT4}) {
      pids.push_back(run.host().host_pid(task));
      EXPECT_TRUE(process_exists(pids.back()));
    }
    pids.push_back(run.host().run().supervisor_pid());
  }
  for (const int pid : pids) {
    EXPECT_FALSE(process_exists(pid));
  }
  EXPECT_EQ(Schedule(), schedule_before);
  const Traces after;
  EXPECT_EQ(after.descriptors, before.descriptors);
  EXPECT_EQ(after.threads, before.threads);
  EXPECT_EQ(after.mounts, before.mounts);
  EXPECT_EQ(after.temporary, before.temporary);
  EXPECT_TRUE(after == before);
}

/// Runs `body` in a child of this process, which then waits to be killed, and gives it a pipe to
/// talk through. Returns what it said first; the child is still there.
struct Child {
  int pid = -1;
  std::string said;
};
Child start_child(const std::function<std::string()>& body) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  Child child;
  child.pid = fork();
  if (child.pid == 0) {
    close(ends[0]);
    const std::string text = body();
    const ssize_t written = write(ends[1], text.data(), text.size());
    close(ends[1]);
    if (written == static_cast<ssize_t>(text.size())) {
      pause();
    }
    _exit(1);
  }
  close(ends[1]);
  char buffer[4096];
  for (ssize_t len = 0; (len = read(ends[0], buffer, sizeof buffer)) > 0;) {
    child.said.append(buffer, static_cast<std::size_t>(len));
  }
  close(ends[0]);
  return child;
}
void kill_child(const Child& child) {
  kill(child.pid, SIGKILL);
  EXPECT_EQ(waitpid(child.pid, nullptr, 0), child.pid);
}

// Not even a coordinator that is killed leaves anything.
TEST_P(HostIsolationTest, NothingIsLeftOfAKilledRun) {
  run_.reset();
  const Traces before;
  const Child child = start_child([this]() -> std::string {
    auto* run = new HostRun(plain_environment(), options());  // nobody will destroy it
    if (!run->made()) {
      return run->error().message;
    }
    run->step(kT1, pipe_call());
    run->step(kT1, mq_call("q", kOCreat | kORdwr));
    run->step(kT1, MkfifoCall{"/tmp/fifo"});
    run->step(kT1, ForkCall{kT2});
    run->step(kT2, thread_call(kT3));
    run->step(kT2, read_call(0, 9));
    std::string text =
        fmt::format("{} {}", run->host().run().supervisor_pid(), run->host().run().queue_prefix());
    for (const TaskId task : {kT1, kT2, kT3}) {
      text += fmt::format(" {}", run->host().host_pid(task));
    }
    return text;
  });
  std::istringstream said(child.said);
  int supervisor = 0;
  std::string prefix;
  ASSERT_TRUE(said >> supervisor >> prefix) << child.said;
  EXPECT_TRUE(process_exists(supervisor));
  if (GetParam().isolation == HostIsolation::kFolder) {
    EXPECT_NE(Traces().temporary, before.temporary);
  }
  kill_child(child);
  EXPECT_TRUE(wait_until_gone(supervisor));
  for (int pid = 0; said >> pid;) {
    EXPECT_TRUE(wait_until_gone(pid)) << pid;
  }
  const Traces after;
  EXPECT_EQ(after.temporary, before.temporary);
  EXPECT_EQ(after.mounts, before.mounts);
  EXPECT_EQ(mq_open(fmt::format("/{}0", prefix).c_str(), O_RDONLY), -1);
  EXPECT_EQ(errno, ENOENT);
}

// Killed between any two of the steps that make a run, too.
TEST_P(HostIsolationTest, NothingIsLeftOfARunKilledAtItsStart) {
  run_.reset();
  const Traces before;
  for (int i = 0; i < 20; ++i) {
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    const int pid = fork();
    if (pid == 0) {
      close(ends[0]);
      char go = 'g';
      if (write(ends[1], &go, 1) != 1) {
        _exit(1);
      }
      // The supervisor has this end no longer once it has begun; this process's death closes it.
      const HostRun run(plain_environment(), options());
      pause();
    }
    close(ends[1]);
    char go = 0;
    EXPECT_EQ(read(ends[0], &go, 1), 1);
    // However far it has come: the machine is the clock here.
    for (int spin = 0; spin < i * 20'000; ++spin) {
      asm volatile("" ::: "memory");
    }
    kill(pid, SIGKILL);
    EXPECT_EQ(waitpid(pid, nullptr, 0), pid);
    // Every process of the run that has not begun its program yet holds the pipe.
    EXPECT_EQ(read(ends[0], &go, 1), 0);
    close(ends[0]);
  }
  // Supervisors end by themselves when they find nobody; their folder goes with them.
  for (int i = 0; i < 1000 && Traces().temporary != before.temporary; ++i) {
    pollfd nothing{.fd = -1, .events = 0, .revents = 0};
    poll(&nothing, 1, 10);
  }
  EXPECT_EQ(Traces().temporary, before.temporary);
}

// Two runs do not see each other's queues, FIFOs or tasks.
TEST_P(HostIsolationTest, RunsDoNotMeet) {
  HostRun other(plain_environment(), options());
  ASSERT_TRUE(other.made());
  EXPECT_EQ(run_->step(kT1, mq_call("q", kOCreat | kOExcl | kORdwr)), "t1=0");
  EXPECT_EQ(other.step(kT1, mq_call("q", kORdwr)), "t1=-ENOENT");
  EXPECT_EQ(other.step(kT1, mq_call("q", kOCreat | kOExcl | kORdwr)), "t1=0");
  EXPECT_EQ(run_->step(kT1, MkfifoCall{"/f"}), "t1=0");
  EXPECT_EQ(other.step(kT1, MkfifoCall{"/f"}), "t1=0");
  EXPECT_EQ(run_->step(kT1, send_call(0, "x")), "t1=0");
  EXPECT_EQ(other.step(kT1, MqGetsetattrCall{Fd{0}}), "t1=0/4");
}

INSTANTIATE_TEST_SUITE_P(Modes, HostIsolationTest, testing::ValuesIn(every_mode()), mode_name);

// Where nothing is allowed: no privilege at all, with and without user namespaces.
TEST(Unprivileged, RunsAsNobody) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "needs root to become nobody";
  }
  for (const HostIsolation isolation :
       {HostIsolation::kBest, HostIsolation::kUserNamespace, HostIsolation::kFolder}) {
    const Traces before;
    const Child child = start_child([isolation]() -> std::string {
      const gid_t nobody = 65534;
      if (syscall(SYS_setgroups, 0, nullptr) != 0 || setresgid(nobody, nobody, nobody) != 0 ||
          setresuid(nobody, nobody, nobody) != 0) {
        return "cannot become nobody";
      }
      prctl(PR_SET_DUMPABLE, 1);  // as it is in a program that nobody started
      HostRun run(plain_environment(), {.isolation = isolation, .verify = true});
      if (!run.made()) {
        return "not made: " + run.error().message;
      }
      run.step(kT1, pipe_call());
      run.step(kT1, mq_call("q", kOCreat | kORdwr));
      run.step(kT1, ForkCall{kT2});
      std::string text = run.step(kT2, read_call(0, 9));
      text += "|" + sorted(run.step(kT1, write_call(1, "hello")));
      text += "|" + run.step(kT2, receive_call(2));
      text += "|" + sorted(run.step(kT1, send_call(2, "m", 3)));
      text += "|" + run.step(kT2, ExecveCall{"x"});
      text += "|" + run.step(kT2, open_call("/proc/self/fd/0", kORdonly | kONonblock));
      text += run.realtime() ? " ordered" : "";
      run.destroy();
      return text;
    });
    EXPECT_EQ(child.said.substr(0, child.said.find(" ordered")),
              "~t2|t1=5 t2='hello'|~t2|t1=0 t2='m'@3|t2=0|t2=2")
        << static_cast<int>(isolation);
    kill_child(child);
    EXPECT_EQ(Traces().temporary, before.temporary);
  }
}

// A run is not made twice as large by a large coordinator: nothing of it is copied.
TEST(Coordinator, IsNotCopied) {
  HostRun run;
  if (!run.made()) {
    GTEST_SKIP() << run.error().message;
  }
  const std::string status = whole_file(fmt::format("/proc/{}/status", run.host().host_pid(kT1)));
  const std::size_t at = status.find("RssAnon:");
  ASSERT_NE(at, std::string::npos);
  EXPECT_LT(std::stoi(status.substr(at + 8)), 256) << "kB";
}

}  // namespace
}  // namespace ipcsim
