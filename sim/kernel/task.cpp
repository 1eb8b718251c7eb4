#include "sim/kernel/task.hpp"

#include <tuple>

namespace ipcsim {
namespace {

/// All of a task but its call, which is shared between copies.
auto plain_fields(const Task& task) {
  return std::tie(task.process, task.files, task.fs, task.mm, task.state, task.killed, task.pending,
                  task.blocked, task.progress, task.wait_entry, task.entered, task.deadline,
                  task.vfork_parent, task.prio, task.nice, task.policy, task.rt_priority, task.ipc,
                  task.run_next);
}

}  // namespace

bool operator==(const Task& a, const Task& b) {
  const bool same_call =
      a.call == b.call || (a.call != nullptr && b.call != nullptr && *a.call == *b.call);
  const bool same_cred =
      a.cred == b.cred || (a.cred != nullptr && b.cred != nullptr && *a.cred == *b.cred);
  return same_call && same_cred && plain_fields(a) == plain_fields(b);
}

}  // namespace ipcsim
