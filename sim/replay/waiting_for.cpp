#include "sim/replay/waiting_for.hpp"

#include <set>
#include <type_traits>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ipcsim {
namespace {

/// Who has the pipe open in the given way: "task 1 (4), task 3 (4)"; a table that tasks share is
/// named by its first.
std::string ends(const KernelState& k, PipeId pipe, bool writing) {
  std::vector<std::string> list;
  std::set<FdTableId> seen;
  for (u32 i = 0; i < k.tasks.size(); ++i) {
    const Task& task = k.tasks[i];
    if (task.state == TaskState::kDead || !seen.insert(task.files).second) {
      continue;
    }
    std::vector<i32> fds;
    const FdTable& table = k.fd_tables[task.files];
    for (const Fd fd : table.open_fds()) {
      const File& file = k.files[table.file(fd)];
      if (file.kind == FileKind::kPipe && file.pipe == pipe &&
          (writing ? file.f_mode.write : file.f_mode.read)) {
        fds.push_back(fd.v);
      }
    }
    if (!fds.empty()) {
      list.push_back(fmt::format("task {} ({})", i + 1, fmt::join(fds, ", ")));
    }
  }
  return list.empty() ? "nobody" : fmt::format("{}", fmt::join(list, ", "));
}

std::string openers(const KernelState& k, MqueueId queue) {
  std::vector<std::string> list;
  for (u32 i = 0; i < k.tasks.size(); ++i) {
    const Task& task = k.tasks[i];
    if (task.state == TaskState::kDead) {
      continue;
    }
    const FdTable& table = k.fd_tables[task.files];
    for (const Fd fd : table.open_fds()) {
      const File& file = k.files[table.file(fd)];
      if (file.kind == FileKind::kMqueue && file.mqueue == queue) {
        list.push_back(fmt::format("task {} ({})", i + 1, fd.v));
      }
    }
  }
  return list.empty() ? "nobody" : fmt::format("{}", fmt::join(list, ", "));
}

std::string object_name(const KernelState& k, FileId id) {
  const File& file = k.files[id];
  if (file.kind == FileKind::kPipe) {
    return pipe_name(k, file.pipe);
  }
  return file.kind == FileKind::kMqueue ? queue_name(k, file.mqueue) : "another file";
}

std::string waits_on_file(const KernelState& k, std::string_view call, FileId id) {
  const File& file = k.files[id];
  if (file.kind == FileKind::kMqueue) {
    return fmt::format("{}; the queue is open in {}",
                       call == "mq_timedsend" ? "waits for a message to be received"
                                              : "waits for a message to be sent",
                       openers(k, file.mqueue));
  }
  if (file.kind != FileKind::kPipe) {
    return "waits for a file that is not modelled";
  }
  if (call == "open") {
    return fmt::format("waits for the FIFO to be opened for {}",
                       file.f_mode.read ? "writing" : "reading");
  }
  if (file.f_mode.read && !call.contains("write")) {
    return fmt::format("waits for bytes, or for the last write end to close; write ends: {}",
                       ends(k, file.pipe, true));
  }
  return fmt::format("waits for room, or for the last read end to close; read ends: {}",
                     ends(k, file.pipe, false));
}

}  // namespace

std::string pipe_name(const KernelState& k, PipeId pipe) {
  return fmt::format("pipe:{}", k.pipes[pipe].serial);
}

std::string queue_name(const KernelState& k, MqueueId queue) {
  return "queue " + k.inodes[k.mqueues[queue].node].name;
}

std::string sleeps_on(const Kernel& kernel, TaskId task) {
  const KernelState& k = kernel.state();
  std::vector<std::string> names;
  for (const FileId file : held_files(k.task(task))) {
    names.push_back(object_name(k, file));
  }
  if (names.empty()) {
    const bool vfork = std::holds_alternative<VforkInProgress>(k.task(task).progress);
    return vfork ? "its child" : "an event";
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string waiting_for(const Kernel& kernel, TaskId task) {
  const KernelState& k = kernel.state();
  const std::string_view call = k.task(task).call.visit([](const auto& c) { return c.kName; });
  std::vector<std::string> list;
  for (const FileId file : held_files(k.task(task))) {
    list.push_back(waits_on_file(k, call, file));
  }
  if (std::holds_alternative<VforkInProgress>(k.task(task).progress)) {
    return "waits for its child to call execve() or to exit";
  }
  if (k.task(task).rare().deadline) {
    list.emplace_back("waits for its timeout");
  }
  return list.empty() ? "waits for something that is not told"
                      : fmt::format("{}", fmt::join(list, "; or "));
}

}  // namespace ipcsim
