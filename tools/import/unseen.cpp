#include "tools/import/unseen.hpp"

#include <algorithm>
#include <utility>

#include "sim/kernel/constants_vfs.hpp"

namespace ipcsim::strace {
namespace {

TaskId number_of(const TaskState& task) { return TaskId{task.index + 1}; }

/// Of a message on the carrier only the descriptors matter.
UserSegment one_byte() { return {.data = Payload::of_bytes("x"), .len = 1}; }

}  // namespace

TaskState& Unseen::task() {
  if (!index_) {
    TaskState& task = tasks_.add_unseen();
    task.made_ours = true;
    index_ = task.index;
    recorder_.add(task, NoteEvent{"from here on: what the log shows"}, {1, {}});
  }
  return tasks_.at(*index_);
}

void Unseen::add(const TaskState& task, Call call, SysResult result, Origin origin) {
  const u32 event =
      recorder_.add(task, CallEvent{number_of(task), std::move(call), std::move(result)}, origin);
  recorder_.mark_supposed(event);
  ++calls_;
}

void Unseen::put(Call call, SysResult result, Origin origin) {
  add(task(), std::move(call), std::move(result), origin);
}

void Unseen::hold(Fd fd) { task().files->install(fd.v, FdKind::kOther, false); }

Fd Unseen::open(OpenCall call, Origin origin) {
  FdTable& table = *task().files;
  const Fd fd = lowest_free(table).first;
  put(std::move(call), SysResult::success(fd.v), origin);
  table.install(fd.v, FdKind::kOther, false);
  return fd;
}

void Unseen::drop(Fd fd, Origin origin) {
  put(CloseCall{fd}, SysResult::success(0), origin);
  task().files->close(fd.v);
}

u32 Unseen::send(const TaskState& from, std::vector<Fd> fds, Origin origin) {
  task();
  carries_ = true;
  carried_.push_back({++messages_, static_cast<u32>(fds.size())});
  add(from, SendmsgCall{carrier_in(), one_byte(), std::move(fds), {}}, SysResult::success(1),
      origin);
  return messages_;
}

/// The oldest message becomes the youngest.
void Unseen::turn_over(Origin origin) {
  const Carried oldest = carried_.front();
  carried_.pop_front();
  carried_.push_back(oldest);
  FdTable& table = *task().files;
  std::vector<Fd> fds;
  for (u32 i = 0; i < oldest.fds; ++i) {
    fds.push_back(lowest_free(table).first);
    table.install(fds.back().v, FdKind::kOther, false);
  }
  put(RecvmsgCall{carrier_out(), {.data = {}, .len = 1}, oldest.fds, {}},
      SysResult::success(1, ReceivedRights{Payload::of_bytes("x"), fds}), origin);
  put(SendmsgCall{carrier_in(), one_byte(), fds, {}}, SysResult::success(1), origin);
  for (const Fd fd : fds) {
    drop(fd, origin);
  }
}

void Unseen::receive(TaskState& to, u32 message, const std::vector<Fd>& fds, bool cloexec,
                     Origin origin) {
  const auto is_it = [&](const Carried& carried) { return carried.message == message; };
  if (std::ranges::none_of(carried_, is_it)) {
    return;
  }
  while (!is_it(carried_.front())) {
    turn_over(origin);
  }
  carried_.pop_front();
  RecvmsgCall call{carrier_out(), {.data = {}, .len = 1}, static_cast<u32>(fds.size()), {}};
  call.flags.v = cloexec ? kMsgCmsgCloexec : 0;
  add(fds.empty() ? task() : to, std::move(call),
      SysResult::success(1, ReceivedRights{Payload::of_bytes("x"), fds}), origin);
}

}  // namespace ipcsim::strace
