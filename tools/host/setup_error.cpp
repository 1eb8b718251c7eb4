#include "tools/host/setup_error.hpp"

#include <cstring>
#include <string_view>

#include <fmt/format.h>

namespace ipcsim::host {
namespace {

constexpr std::string_view kMqLimitNames[kMqLimitCount] = {"queues_max", "msg_max", "msgsize_max",
                                                           "msg_default", "msgsize_default"};

std::string_view step_text(Step step) {
  switch (step) {
    case Step::kSocket:
      return "talking to the supervisor";
    case Step::kMounts:
      return "mounting the run's own file system";
    case Step::kFolder:
      return "making the run's folder";
    case Step::kSharedFile:
      return "making the shared memory";
    case Step::kMap:
      return "mapping the shared memory";
    case Step::kParentWatch:
      return "watching the coordinator";
    case Step::kStartTask:
      return "starting a task";
    case Step::kNice:
      return "setting a task's nice value";
    case Step::kRlimitNofile:
      return "setting a task's RLIMIT_NOFILE";
    case Step::kRlimitMsgqueue:
      return "setting a task's RLIMIT_MSGQUEUE";
    case Step::kIdentity:
      return "giving a task its uid";
    case Step::kCapabilities:
      return "giving a task its capabilities";
    case Step::kReadLimit:
    case Step::kWriteLimit:
    case Step::kNone:
      break;
  }
  return "setting up";
}

}  // namespace

std::string setup_error_text(const SetupError& error, u64 detail) {
  const bool limit = error.step == Step::kReadLimit || error.step == Step::kWriteLimit;
  if (limit && detail < kMqLimitCount) {
    const std::string_view name = kMqLimitNames[detail];
    if (error.error == 0) {
      return fmt::format(
          "/proc/sys/fs/mqueue/{} differs from the trace's and a run in a folder cannot change it",
          name);
    }
    return fmt::format("{} /proc/sys/fs/mqueue/{}: {}",
                       error.step == Step::kReadLimit ? "reading" : "writing", name,
                       std::strerror(error.error));
  }
  return fmt::format("{}: {}", step_text(error.step), std::strerror(error.error));
}

}  // namespace ipcsim::host
