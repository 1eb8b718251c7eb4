#include "sim/kernel/task.hpp"

#include <tuple>

namespace ipcsim {
namespace {

/// All of a task but what is shared between copies.
auto plain_fields(const Task& task) {
  return std::tie(task.call_number, task.process, task.files, task.fs, task.mm, task.state,
                  task.killed, task.stop_pending, task.sigpending, task.pending, task.blocked,
                  task.saved_sigmask, task.progress, task.wait_entry, task.entered, task.deadline,
                  task.restart_deadline, task.vfork_parent, task.prio, task.nice, task.policy,
                  task.rt_priority, task.ipc, task.splice_pipe, task.run_next);
}

/// What copies share is equal when it is the same, or has equal members.
template <class T>
bool equal(const std::shared_ptr<const T>& a, const std::shared_ptr<const T>& b) {
  return a == b || (a != nullptr && b != nullptr && *a == *b);
}

}  // namespace

bool operator==(const Task& a, const Task& b) {
  return a.call == b.call && equal(a.returning, b.returning) && equal(a.cred, b.cred) &&
         plain_fields(a) == plain_fields(b);
}

}  // namespace ipcsim
