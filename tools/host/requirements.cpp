#include "tools/host/requirements.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <set>

#include <fmt/format.h>

namespace ipcsim::host {
namespace {

/// Most processes that exist when a run begins.
constexpr std::size_t kMostInitialTasks = 64;

constexpr std::array kAllCaps{Cap::kChown,    Cap::kDacOverride, Cap::kDacReadSearch, Cap::kFowner,
                              Cap::kFsetid,   Cap::kKill,        Cap::kSetgid,        Cap::kSetuid,
                              Cap::kSysAdmin, Cap::kSysNice,     Cap::kSysResource};
/// Those that count inside a user namespace too; the others are asked for in the first one only.
constexpr std::array kNamespaceCaps{Cap::kDacOverride, Cap::kFowner, Cap::kKill};

std::unexpected<MachineError> lacks(std::string why) {
  return std::unexpected(MachineError{.unsupported = true, .message = std::move(why)});
}

bool in_first_user_namespace() {
  std::ifstream map("/proc/self/uid_map");
  u64 inside = 1;
  u64 outside = 1;
  u64 count = 0;
  map >> inside >> outside >> count;
  return !map || (inside == 0 && outside == 0 && count == 0xffff'ffffU);
}

Caps only(const auto& list) {
  Caps caps;
  for (const Cap cap : list) {
    caps.add(cap);
  }
  return caps;
}

std::string names_of(Caps caps) {
  std::string text;
  for (const Cap cap : kAllCaps) {
    if (caps.has(cap)) {
      text += fmt::format("{}{}", text.empty() ? "" : ", ", cap_name(cap));
    }
  }
  return text;
}

/// "pipe_max_size is 1048576 here, 65536 in the trace", or nothing.
std::string difference(std::string_view what, u64 here, u64 there) {
  return here == there ? "" : fmt::format("{} is {} here, {} in the trace", what, here, there);
}

}  // namespace

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

u64 number_in(const std::string& path, u64 fallback) {
  const std::string line = first_line(path);
  u64 number = fallback;
  std::from_chars(line.data(), line.data() + line.size(), number);
  return number;
}

u64 effective_caps() {
  std::ifstream status("/proc/thread-self/status");
  u64 caps = 0;
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("CapEff:")) {
      const std::size_t at = line.find_first_not_of(" \t", 7);
      std::from_chars(line.data() + std::min(at, line.size()), line.data() + line.size(), caps, 16);
    }
  }
  return caps;
}

Caps studied_caps() { return only(kAllCaps); }

Caps caps_for_tasks(Isolation isolation) {
  if (isolation == Isolation::kUserNamespace) {
    return only(kNamespaceCaps);
  }
  const Caps wanted = in_first_user_namespace() ? only(kAllCaps) : only(kNamespaceCaps);
  return Caps{effective_caps() & wanted.bits};
}

bool may_change_uids() {
  constexpr unsigned kChown = 0;
  constexpr unsigned kKill = 5;
  constexpr unsigned kSetgid = 6;
  constexpr unsigned kSetuid = 7;
  constexpr unsigned kSetpcap = 8;
  constexpr unsigned kSysPtrace = 19;
  const u64 caps = effective_caps();
  return std::ranges::all_of(std::array{kChown, kKill, kSetgid, kSetuid, kSetpcap, kSysPtrace},
                             [&](unsigned cap) { return (caps >> cap & 1U) != 0; });
}

PipeLimits host_pipe_limits() {
  const PipeLimits usual;
  return {.pipe_max_size =
              static_cast<u32>(number_in("/proc/sys/fs/pipe-max-size", usual.pipe_max_size)),
          .pipe_user_pages_soft =
              number_in("/proc/sys/fs/pipe-user-pages-soft", usual.pipe_user_pages_soft),
          .pipe_user_pages_hard =
              number_in("/proc/sys/fs/pipe-user-pages-hard", usual.pipe_user_pages_hard)};
}

void set_to_own_limits(InitialTask& task) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    task.rlimit_nofile = limit.rlim_cur;
  }
  if (getrlimit(RLIMIT_MSGQUEUE, &limit) == 0) {
    task.rlimit_msgqueue = limit.rlim_cur;
  }
}

bool all_equally_nice(const Environment& environment) {
  return std::ranges::all_of(environment.tasks, [&](const InitialTask& task) {
    return task.nice == environment.tasks.front().nice;
  });
}

bool nice_is_set(const Environment& environment, Isolation isolation) {
  constexpr unsigned kSysNice = 23;
  const int own = getpriority(PRIO_PROCESS, 0);
  const i32 wanted = environment.tasks.front().nice;
  const bool may_lower =
      isolation != Isolation::kUserNamespace && (effective_caps() >> kSysNice & 1U) != 0;
  return !all_equally_nice(environment) || wanted > own || (wanted < own && may_lower);
}

std::expected<void, MachineError> check_requirements(const Environment& environment) {
  const PipeLimits here = host_pipe_limits();
  const PipeLimits& there = environment.pipe_limits;
  for (const std::string& text :
       {difference("the page size", static_cast<u64>(sysconf(_SC_PAGESIZE)), environment.page_size),
        difference("/proc/sys/fs/pipe-max-size", here.pipe_max_size, there.pipe_max_size),
        difference("/proc/sys/fs/pipe-user-pages-soft", here.pipe_user_pages_soft,
                   there.pipe_user_pages_soft),
        difference("/proc/sys/fs/pipe-user-pages-hard", here.pipe_user_pages_hard,
                   there.pipe_user_pages_hard)}) {
    if (!text.empty()) {
      return lacks(text);
    }
  }
  std::set<TaskId> numbers;
  for (const InitialTask& task : environment.tasks) {
    if (task.task.v == 0 || !numbers.insert(task.task).second) {
      return lacks(fmt::format("task {} cannot be there twice, or be nobody", task.task.v));
    }
  }
  if (numbers.empty() || numbers.size() > kMostInitialTasks) {
    return lacks(fmt::format("a run begins with 1 to {} processes, not {}", kMostInitialTasks,
                             numbers.size()));
  }
  return {};
}

std::expected<void, MachineError> check_requirements(const Environment& environment,
                                                     Isolation isolation) {
  const Caps missing{environment.caps.bits & ~caps_for_tasks(isolation).bits};
  if (missing.bits != 0) {
    return lacks(fmt::format("the trace needs capabilities that tasks cannot have here: {}",
                             names_of(missing)));
  }
  const bool own_uids = isolation == Isolation::kNamespaces && may_change_uids();
  const u32 uid = environment.tasks.front().uid;
  const bool same = std::ranges::all_of(environment.tasks,
                                        [&](const InitialTask& task) { return task.uid == uid; });
  if (!own_uids && !same) {
    return lacks("tasks of different uids need the privilege to change uids");
  }
  return {};
}

}  // namespace ipcsim::host
