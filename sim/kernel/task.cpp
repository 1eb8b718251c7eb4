#include "sim/kernel/task.hpp"

#include <concepts>
#include <tuple>

#include <range/v3/range/conversion.hpp>
#include <range/v3/view/transform.hpp>

namespace ipcsim {
namespace {

/// All of a task but what is shared between copies.
auto plain_fields(const Task& task) {
  return std::tie(task.call_number, task.process, task.files, task.fs, task.mm, task.state,
                  task.killed, task.stop_pending, task.sigpending, task.blocked, task.progress,
                  task.wait_entry, task.entered, task.prio, task.ipc, task.run_next);
}

/// What copies share is equal when it is the same, or has equal members.
template <class T>
bool equal(const std::shared_ptr<const T>& a, const std::shared_ptr<const T>& b) {
  return a == b || (a != nullptr && b != nullptr && *a == *b);
}

}  // namespace

bool operator==(const TaskExtras& a, const TaskExtras& b) {
  return a.pending == b.pending && a.saved_sigmask == b.saved_sigmask &&
         equal(a.returning, b.returning) && a.deadline == b.deadline &&
         a.restart_deadline == b.restart_deadline && a.vfork_parent == b.vfork_parent &&
         a.sched == b.sched && a.splice_pipe == b.splice_pipe &&
         a.pid_ns_for_children == b.pid_ns_for_children;
}

bool operator==(const Task& a, const Task& b) {
  return plain_fields(a) == plain_fields(b) && a.call == b.call && equal(a.cred, b.cred) &&
         a.rare() == b.rare();
}

std::vector<FileId> held_files(const Task& task) {
  return std::visit(
      [](const auto& call) -> std::vector<FileId> {
        if constexpr (std::same_as<decltype(call), const PollInProgress&>) {
          return call.files | ranges::views::transform(&PolledFile::file) |
                 ranges::to<std::vector>();
        } else if constexpr (requires { call.files; }) {
          return call.files;
        } else if constexpr (requires { call.file; }) {
          return {call.file};
        } else {
          return {};
        }
      },
      task.progress);
}

}  // namespace ipcsim
