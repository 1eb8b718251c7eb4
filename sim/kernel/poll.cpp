#include "sim/kernel/poll.hpp"

#include <algorithm>
#include <cstdint>

#include "model/mqueue/mq_ops.hpp"
#include "sim/kernel/sys_netlink.hpp"

namespace ipcsim {
namespace {

constexpr i64 kNanosecondsPerMillisecond = 1'000'000;

}  // namespace

bool knows_events(const File& file) {
  return file.kind != FileKind::kOther && file.kind != FileKind::kSocket;
}

u32 vfs_poll(KernelState& k, const File& file) {
  switch (file.kind) {
    case FileKind::kPipe:
      return pipe_poll_mask(k.pipes[file.pipe].inode, file.f_mode, file.f_pipe);
    case FileKind::kMqueue:
      return mq_poll_mask(k.mqueues[file.mqueue].inode);
    case FileKind::kEpoll:
      return ep_eventpoll_poll(k, file.epoll);
    case FileKind::kNetlink:
      return netlink_poll_mask(k.netlinks[file.netlink]);
    case FileKind::kOther:
    case FileKind::kSocket:
    case FileKind::kMqLimit:
    case FileKind::kRegular:
    case FileKind::kDirectory:
    case FileKind::kDevice:
      break;
  }
  IPCSIM_CHECK(knows_events(file));
  return kPollIn | kPollOut | kPollRdNorm | kPollWrNorm;  // DEFAULT_POLLMASK
}

std::vector<WaitQueueId> poll_queues(const KernelState& k, const File& file) {
  switch (file.kind) {
    case FileKind::kPipe: {
      const PipeObject& pipe = k.pipes[file.pipe];
      std::vector<WaitQueueId> queues;
      if (file.f_mode.read) {
        queues.push_back(pipe.rd_wait);
      }
      if (file.f_mode.write && (pipe.wr_wait != pipe.rd_wait || !file.f_mode.read)) {
        queues.push_back(pipe.wr_wait);
      }
      return queues;
    }
    case FileKind::kMqueue:
      return {k.mqueues[file.mqueue].wait_q};
    case FileKind::kEpoll:
      return {k.epolls[file.epoll].poll_wait};
    case FileKind::kNetlink:
      return {k.netlinks[file.netlink].wait};
    case FileKind::kOther:
    case FileKind::kSocket:
    case FileKind::kMqLimit:
    case FileKind::kRegular:
    case FileKind::kDirectory:
    case FileKind::kDevice:
      break;
  }
  return {};
}

Result<PollTimeout> poll_timeout(const UserPtr<Timespec>& timeout) {
  if (timeout.is_null()) {
    return PollTimeout{.forever = true, .ns = {}};
  }
  if (timeout.is_bad()) {
    return fail(Errno::kEFAULT);
  }
  const Timespec& t = timeout.value;
  if (t.tv_sec < 0 || t.tv_nsec < 0 || t.tv_nsec >= kNanosecondsPerSecond) {
    return fail(Errno::kEINVAL);
  }
  constexpr i64 kMostSeconds = INT64_MAX / kNanosecondsPerSecond - 1;
  return PollTimeout{
      .forever = false,
      .ns = Nanoseconds{std::min(t.tv_sec, kMostSeconds) * kNanosecondsPerSecond + t.tv_nsec}};
}

PollTimeout poll_timeout_ms(i32 timeout_ms) {
  return {.forever = timeout_ms < 0, .ns = Nanoseconds{timeout_ms * kNanosecondsPerMillisecond}};
}

Errno set_user_sigmask(KernelState& k, TaskId id, const SigmaskPtr& mask) {
  if (mask.is_null()) {
    return Errno::kOk;
  }
  if (mask.is_bad()) {
    return Errno::kEFAULT;
  }
  SignalSet blocked;
  for (const Signal signal : mask.value) {
    if (signal.v >= 1 && signal.v <= kMostSignal) {
      blocked.add(signal);
    }
  }
  k.task(id).make_rare().saved_sigmask = k.task(id).blocked;
  set_blocked(k, id, blocked);
  return Errno::kOk;
}

void PollTable::wait_for(FileId file, u32 key) {
  if (to_ == nullptr) {
    return;
  }
  ++k_.files[file].f_count;
  PolledFile polled{.file = file};
  u32 registered = 0;
  for (const WaitQueueId queue : poll_queues(k_, k_.files[file])) {
    IPCSIM_CHECK(registered < polled.entries.size());
    polled.entries[registered++] =
        k_.wait_queues.add(queue, {.task = id_, .poll = true, .key = key});
  }
  to_->files.push_back(polled);
}

}  // namespace ipcsim
