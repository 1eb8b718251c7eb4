#include "sim/workload/workload_builder.hpp"

#include <set>
#include <utility>

#include <fmt/format.h>

namespace ipcsim {

void WorkloadBuilder::add_first_task(TaskId id) {
  tables_.emplace_back();
  add_task(id, static_cast<u32>(tables_.size() - 1), true);
}

void WorkloadBuilder::add_task(TaskId id, u32 table, bool starts) {
  tasks_[id] = {.number = static_cast<u32>(workload_.tasks.size()), .table = table};
  workload_.tasks.push_back({.name = fmt::format("task {}", id.v), .starts = starts, .steps = {}});
}

void WorkloadBuilder::fork(TaskId parent, TaskId child, bool shares) {
  if (tasks_.contains(child)) {
    return;
  }
  u32 number = tasks_.at(parent).table;
  if (shares) {
    ++tables_[number].users;
  } else {
    for (const auto& [fd, descriptor] : table(parent).fds) {
      steps(parent).push_back({.kind = Step::Kind::kHold, .file = descriptor.file});
    }
    tables_.push_back({.fds = table(parent).fds});
    number = static_cast<u32>(tables_.size() - 1);
  }
  add_task(child, number, false);
  steps(parent).push_back({.kind = Step::Kind::kStart, .task = tasks_.at(child).number});
}

void WorkloadBuilder::exec(TaskId id) {
  if (table(id).users > 1) {
    --table(id).users;
    tables_.push_back({.fds = table(id).fds});
    tasks_.at(id).table = static_cast<u32>(tables_.size() - 1);
  }
  std::vector<i32> closing;
  for (const auto& [fd, descriptor] : table(id).fds) {
    if (descriptor.cloexec) {
      closing.push_back(fd);
    }
  }
  for (const i32 fd : closing) {
    close_fd(id, fd);
  }
}

void WorkloadBuilder::leave(TaskId id) {
  TaskInfo& task = tasks_.at(id);
  if (std::exchange(task.gone, true) || --tables_[task.table].users > 0) {
    return;
  }
  while (!table(id).fds.empty()) {
    close_fd(id, table(id).fds.begin()->first);
  }
}

bool WorkloadBuilder::present(TaskId id) const {
  const auto found = tasks_.find(id);
  return found != tasks_.end() && !found->second.gone;
}

u32 WorkloadBuilder::add_object(WorkloadObject object) {
  workload_.objects.push_back(std::move(object));
  return static_cast<u32>(workload_.objects.size() - 1);
}

u32 WorkloadBuilder::add_file(u32 object, PipeMode mode) {
  workload_.files.push_back({object, mode});
  return static_cast<u32>(workload_.files.size() - 1);
}

WorkloadObject& WorkloadBuilder::object_of(u32 file) {
  return workload_.objects[workload_.files[file].object];
}

u32 WorkloadBuilder::file_of(TaskId id, Fd fd) {
  const auto& fds = table(id).fds;
  const auto found = fds.find(fd.v);
  return found == fds.end() ? kOtherFile : found->second.file;
}

void WorkloadBuilder::put_fd(TaskId id, i32 fd, Descriptor descriptor, bool opens_fifo) {
  close_fd(id, fd);
  steps(id).push_back(
      {.kind = opens_fifo ? Step::Kind::kOpen : Step::Kind::kHold, .file = descriptor.file});
  table(id).fds[fd] = descriptor;
}

void WorkloadBuilder::close_fd(TaskId id, i32 fd) {
  auto& fds = table(id).fds;
  if (const auto found = fds.find(fd); found != fds.end()) {
    steps(id).push_back({.kind = Step::Kind::kRelease, .file = found->second.file});
    fds.erase(found);
  }
}

void WorkloadBuilder::duplicate(TaskId id, Fd from, i32 to, bool cloexec) {
  const u32 file = file_of(id, from);
  if (file == kOtherFile) {
    close_fd(id, to);
  } else if (to != from.v) {
    put_fd(id, to, {file, cloexec});
  }
}

void WorkloadBuilder::set_cloexec(TaskId id, Fd fd, bool cloexec) {
  table(id).fds.at(fd.v).cloexec = cloexec;
}

void WorkloadBuilder::transfer(TaskId id, Step::Kind kind, Fd fd, u64 asked, i64 done, u32 prio) {
  const bool messages = kind == Step::Kind::kSend || kind == Step::Kind::kReceive;
  const u32 file = file_of(id, fd);
  if (file == kOtherFile || asked == 0 || object_of(file).queue != messages) {
    return;
  }
  u64 amount = messages ? 1 : static_cast<u64>(done);
  if (kind == Step::Kind::kRead && done == 0) {
    amount = kUntilEnd;
  } else if (amount == 0) {
    return;
  }
  const SizeSpec size = SizeSpec::fixed(asked);
  std::vector<Step>& program = steps(id);
  if (!program.empty()) {
    Step& last = program.back();
    if (last.kind == kind && last.file == file && last.size == size && last.prio == prio &&
        last.amount != kUntilEnd && amount != kUntilEnd) {
      last.amount += amount;
      return;
    }
  }
  program.push_back({.kind = kind, .file = file, .size = size, .amount = amount, .prio = prio});
}

void WorkloadBuilder::allow_reading_ahead() {
  std::vector<std::set<u32>> readers(workload_.objects.size());
  for (u32 task = 0; task < workload_.tasks.size(); ++task) {
    for (const Step& step : workload_.tasks[task].steps) {
      if (step.kind == Step::Kind::kRead) {
        readers[workload_.files[step.file].object].insert(task);
      }
    }
  }
  for (WorkloadTask& task : workload_.tasks) {
    for (Step& step : task.steps) {
      step.reads_ahead =
          step.kind == Step::Kind::kRead && readers[workload_.files[step.file].object].size() == 1;
    }
  }
}

}  // namespace ipcsim
