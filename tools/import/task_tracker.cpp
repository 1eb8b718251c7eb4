#include "tools/import/task_tracker.hpp"

#include <utility>

namespace ipcsim::strace {

TaskState& TaskTracker::add(i64 pid) {
  TaskState& task = tasks_.emplace_back();
  task.index = static_cast<u32>(tasks_.size() - 1);
  task.pid = pid;
  return task;
}

TaskState* TaskTracker::find(i64 pid) {
  const auto found = current_.find(pid);
  return found == current_.end() ? nullptr : &tasks_[found->second];
}

TaskState& TaskTracker::of_pid(i64 pid) {
  if (TaskState* task = find(pid)) {
    return *task;
  }
  if (!nameless_.empty()) {
    TaskState& child = tasks_[nameless_.front()];
    nameless_.pop_front();
    child.pid = pid;
    current_[pid] = child.index;
    return child;
  }
  TaskState& task = add(pid);
  begin_process(task, std::make_shared<RootFds>(RootFds{.number = seen_roots_}));
  if (on_root) {
    on_root(seen_roots_, *task.files);
  }
  ++seen_roots_;
  current_[pid] = task.index;
  return task;
}

void TaskTracker::begin_process(TaskState& task, std::shared_ptr<RootFds> fds) {
  task.process = static_cast<u32>(processes_.size());
  processes_.emplace_back().leader = task.index;
  roots_[task.index] = fds;
  task.files = std::make_shared<FdTable>(std::move(fds));
  task.fs = std::make_shared<FsState>(FsState{.cwd = initial_cwd});
  task.creds = initial_creds;
}

TaskState& TaskTracker::add_unseen() {
  constexpr i64 kNoPid = -1;
  TaskState& task = add(kNoPid);
  begin_process(task, std::make_shared<RootFds>(RootFds{.inherited = {}}));
  for (const i32 fd : {0, 1, 2}) {
    task.files->close(fd);
  }
  processes_[task.process].group = kNoPid;  // no group of the log has it
  return task;
}

TaskState* TaskTracker::find_as(const TaskState& by, i64 pid) {
  if (by.pid_namespace == 0) {
    return find(pid);
  }
  for (TaskState& task : tasks_) {
    if (task.alive && task.pid_namespace == by.pid_namespace && task.inner_pid == pid) {
      return &task;
    }
  }
  return nullptr;
}

const RootFds* TaskTracker::root_fds(u32 index) const {
  const auto found = roots_.find(index);
  return found == roots_.end() ? nullptr : found->second.get();
}

TaskState& TaskTracker::fork(TaskState& parent, i64 pid, CloneSharing sharing) {
  TaskState& child = add(pid);
  child.parent = parent.index;
  child.blocked = parent.blocked;
  child.creds = parent.creds;
  child.asked_for = parent.asked_for;
  child.shares_files = sharing.files;
  child.files = sharing.files ? parent.files : parent.files->copy();
  if (sharing.files) {
    ++child.files->users;
  }
  child.fs = sharing.fs ? parent.fs : std::make_shared<FsState>(*parent.fs);
  if (sharing.thread) {
    child.process = parent.process;
    ++processes_[child.process].live_threads;
  } else {
    child.process = static_cast<u32>(processes_.size());
    const std::array<SignalAction, 65> actions = processes_[parent.process].actions;
    const i64 group = processes_[parent.process].group;
    ProcessState& process = processes_.emplace_back();
    process.leader = child.index;
    process.actions = actions;
    process.group = group;
  }
  const bool inner = parent.pid_namespace != 0;
  child.pid_namespace = sharing.new_pids ? ++pid_namespaces_ : parent.child_pid_namespace;
  child.child_pid_namespace = child.pid_namespace;
  child.inner_pid = child.pid_namespace == parent.pid_namespace ? pid : 1;
  if (inner) {
    nameless_.push_back(child.index);
    return child;
  }
  if (!current_.try_emplace(pid, child.index).second) {
    next_[pid] = child.index;
  }
  return child;
}

void TaskTracker::fork_returned(TaskState& child) {
  const auto found = next_.find(child.pid);
  if (found != next_.end() && found->second == child.index) {
    current_[child.pid] = child.index;
    next_.erase(found);
  }
}

TaskState* TaskTracker::find_last(i64 pid) {
  const auto found = ended_.find(pid);
  TaskState* const living = find(pid);
  return living != nullptr || found == ended_.end() ? living : &tasks_[found->second];
}

void TaskTracker::end(TaskState& task) {
  ended_[task.pid] = task.index;
  task.alive = false;
  task.open_event.reset();
  task.interrupted.reset();
  --task.files->users;
  --processes_[task.process].live_threads;
  if (const auto found = current_.find(task.pid);
      found != current_.end() && found->second == task.index) {
    current_.erase(found);
  }
  if (const auto next = next_.find(task.pid); next != next_.end() && next->second != task.index) {
    current_[task.pid] = next->second;
    next_.erase(next);
  }
}

void TaskTracker::supersede(i64 pid, i64 by) {
  TaskState* thread = find(by);
  if (thread == nullptr) {
    return;
  }
  if (TaskState* leader = find(pid); leader != nullptr && leader != thread) {
    end(*leader);
  }
  current_.erase(by);
  thread->pid = pid;
  processes_[thread->process].leader = thread->index;
  current_[pid] = thread->index;
}

void TaskTracker::unshare_files(TaskState& task) {
  if (task.files->users > 1) {
    task.made_ours = task.made_ours || task.files->ever_ours();
    --task.files->users;
    task.files = task.files->copy();
  }
}

void TaskTracker::exec(TaskState& task) {
  unshare_files(task);
  task.files->close_on_exec();
  for (SignalAction& action : processes_[task.process].actions) {
    if (action.handler == Disposition::kHandler) {
      action = {};
    }
  }
}

}  // namespace ipcsim::strace
