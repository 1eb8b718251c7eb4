#include "sim/kernel/transfer_at_once.hpp"

#include <memory>

#include "sim/kernel/kernel.hpp"

namespace ipcsim {

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

bool finish_at_once(KernelState& k, TaskId id) {
  Task& task = k.task(id);
  const auto* progress = std::get_if<ReadInProgress>(&task.progress);
  if (progress == nullptr || !task.in_any<ReadCall>() || progress->locals.done > 0 ||
      progress->locals.wake_writer || task.killed || task.stop_pending || task.sigpending ||
      task.extras) {
    return false;
  }
  File& file = k.files[progress->file];
  PipeObject& pipe = k.pipes[file.pipe];
  if (!pipe.alone || file.f_count == 1) {
    return false;
  }
  const ReadAtOnce read{&pipe, pipe_readable_at_once(pipe.inode, task.call.known<ReadCall>().buf)};
  if (read.bytes == 0) {
    return false;
  }
  finish_wait(k, id);
  Completion& completion = k.completions.emplace_back();
  completion.task = id;
  completion.result.ret = read.bytes;
  completion.result.out.emplace<ReadBytes>(ReadBytes{read_at_once(k, read)});
  if (k.profile->two_wait_queues && !pipe_empty(pipe.inode)) {
    wake_up(k, pipe.rd_wait, WakeCount::kOne, kPollIn | kPollRdNorm);
  }
  task.progress = std::monostate{};
  task.leave();
  --file.f_count;
  return true;
}

Section Kernel::syscall(TaskId id, const Call& call) {
  return is_any_call<ReadCall, WriteCall>(call_number(call)) ? transfer_syscall(id, call)
                                                             : any_syscall(id, call);
}

Section Kernel::transfer_syscall(TaskId id, const Call& call) {
  Task& task = state_.task(id);
  IPCSIM_CHECK(id.v > 0 && &task < std::to_address(state_.tasks.end()));
  if (in_user_space(task)) {
    if (const auto* write = get_if<WriteCall>(&call)) {
      if (const u32 bytes = write_at_once(state_, task, *write); bytes > 0) {
        return Section::returned(bytes);
      }
      if (wait_for_room(state_, id, *write) == WaitAtOnce::kWouldBlock) {
        return Section::failed(Errno::kEAGAIN);
      }
    } else if (const auto* read = get_if<ReadCall>(&call)) {
      const ReadAtOnce now = readable_at_once(state_, task, *read);
      if (now.bytes > 0) {
        task.entered = state_.now;
        return Section::returned(now.bytes, ReadBytes{read_at_once(state_, now)});
      }
      const WaitAtOnce waits =
          now.pipe == nullptr ? WaitAtOnce::kNo : wait_for_bytes(state_, id, *now.pipe, *read);
      if (waits != WaitAtOnce::kNo) {
        return waits == WaitAtOnce::kAsleep ? Section::asleep() : Section::failed(Errno::kEAGAIN);
      }
    }
  }
  return any_syscall(id, call);
}

}  // namespace ipcsim
