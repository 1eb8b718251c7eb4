#include "sim/kernel/transfer_at_once.hpp"

#include <memory>

#include "sim/kernel/kernel.hpp"

namespace ipcsim {

void learn_pipe(const KernelState& k, FdTable::Entry& entry) {
  if (entry.file == kNoFile) {
    return;
  }
  const File& file = k.files[entry.file];
  if (file.kind == FileKind::kPipe && !file.path_only && (file.f_flags & kODirect) == 0 &&
      file.pipe.v >> FdTable::kPipeBits == 0) {
    entry.pipe = file.pipe.v & ((1U << FdTable::kPipeBits) - 1);
    entry.reads_pipe = file.f_mode.read;
    entry.writes_pipe = file.f_mode.write;
  }
}

WaitAtOnce wait_for_bytes(KernelState& k, TaskId id, const PipeObject& pipe, const ReadCall& call) {
  const KernelProfile& profile = *k.profile;
  const PipeInode& inode = pipe.inode;
  if (profile.read_tells_before_sleep || profile.read_waits_for_sleeping_writer ||
      !pipe_empty(inode) || inode.note_loss || inode.writers == 0 || call.buf.len == 0 ||
      call.buf.len > kMaxRwCount) {
    return WaitAtOnce::kNo;
  }
  Task& task = k.task(id);
  const FileId number = k.fd_tables[task.files].file(call.fd);
  File& file = k.files[number];
  task.entered = k.now;
  if ((file.f_flags & kONonblock) != 0) {
    return WaitAtOnce::kWouldBlock;
  }
  ++file.f_count;
  task.call_number = kCallNumber<ReadCall>;
  task.call = StoredCall(call);
  task.progress.emplace<ReadInProgress>(
      ReadInProgress{.file = number, .locals = {.slept = true}, .bytes = {}});
  sleep_on(k, id, pipe.rd_wait, profile.two_wait_queues);
  return WaitAtOnce::kAsleep;
}

WaitAtOnce wait_for_room(KernelState& k, TaskId id, const WriteCall& call) {
  Task& task = k.task(id);
  PipeObject* pipe = plain_pipe<true>(k, task, call.fd);
  const u32 page_size = k.pages.page_size();
  if (pipe == nullptr || pipe->inode.readers == 0 || !pipe_full(pipe->inode) || call.buf.len == 0 ||
      call.buf.len > page_size || call.buf.mapped < call.buf.len ||
      (k.files[k.fd_tables[task.files].file(call.fd)].f_flags & kONonblock) == 0) {
    return WaitAtOnce::kNo;
  }
  const u32 len = static_cast<u32>(call.buf.len);
  if (len < page_size && pipe_merge_slot(pipe->inode, len, page_size, *k.profile) != nullptr) {
    return WaitAtOnce::kNo;
  }
  task.entered = k.now;
  if (write_wakes_readers(pipe->inode, false, false, *k.profile)) {
    wake_up(k, pipe->rd_wait, WakeCount::kOne, kPollIn | kPollRdNorm);
  }
  return WaitAtOnce::kWouldBlock;
}

namespace {

bool end_read_at_once(KernelState& k, TaskId id, const ReadInProgress& progress) {
  Task& task = k.task(id);
  if (!task.in_any<ReadCall>() || progress.locals.done > 0 || progress.locals.wake_writer) {
    return false;
  }
  File& file = k.files[progress.file];
  PipeObject& pipe = k.pipes[file.pipe];
  if (!pipe.alone || file.f_count == 1) {
    return false;
  }
  const ReadAtOnce read = readable_at_once(pipe, task.call.known<ReadCall>());
  if (read.bytes == 0) {
    return false;
  }
  finish_wait(k, id);
  SysResult& result = completion_at_once(k, id);
  result.ret = read.bytes;
  result.out.emplace<ReadBytes>(ReadBytes{read_at_once(k, read)});
  if (k.profile->two_wait_queues && !pipe_empty(pipe.inode)) {
    wake_up(k, pipe.rd_wait, WakeCount::kOne, kPollIn | kPollRdNorm);
  }
  task.progress = std::monostate{};
  task.leave();
  --file.f_count;
  return true;
}

}  // namespace

bool finish_at_once(KernelState& k, TaskId id) {
  Task& task = k.task(id);
  if (task.killed || task.stop_pending || task.sigpending || task.extras) {
    return false;
  }
  if (auto* receive = std::get_if<MqReceiveInProgress>(&task.progress)) {
    return end_receive_at_once(k, id, *receive);
  }
  const auto* read = std::get_if<ReadInProgress>(&task.progress);
  return read != nullptr && end_read_at_once(k, id, *read);
}

namespace {

/// The task that makes a call. REQUIRES: it exists. Number 0 comes out far beyond the last one.
[[gnu::always_inline]] inline Task& caller(KernelState& k, TaskId id) {
  Task& task = k.task(id);
  IPCSIM_CHECK(&task < std::to_address(k.tasks.end()));
  return task;
}

}  // namespace

Section Kernel::write_syscall(TaskId id, const Call& any, const WriteCall& write) {
  Task& task = caller(state_, id);
  if (in_user_space(task)) {
    if (const u32 bytes = write_at_once(state_, task, write); bytes > 0) {
      return Section::returned(bytes);
    }
    if (wait_for_room(state_, id, write) == WaitAtOnce::kWouldBlock) {
      return Section::failed(Errno::kEAGAIN);
    }
  }
  return any_syscall(id, any);
}

Section Kernel::read_syscall(TaskId id, const Call& any, const ReadCall& read) {
  Task& task = caller(state_, id);
  if (in_user_space(task)) {
    const ReadAtOnce now = readable_at_once(state_, task, read);
    if (now.bytes > 0) {
      task.entered = state_.now;
      return Section::returned(now.bytes, ReadBytes{read_at_once(state_, now)});
    }
    const WaitAtOnce waits =
        now.pipe == nullptr ? WaitAtOnce::kNo : wait_for_bytes(state_, id, *now.pipe, read);
    if (waits != WaitAtOnce::kNo) {
      return waits == WaitAtOnce::kAsleep ? Section::asleep() : Section::failed(Errno::kEAGAIN);
    }
  }
  return any_syscall(id, any);
}

}  // namespace ipcsim
