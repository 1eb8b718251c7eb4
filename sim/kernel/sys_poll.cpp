// poll(). Linux fs/select.c.
#include <range/v3/algorithm/count_if.hpp>

#include "model/mqueue/mq_ops.hpp"
#include "sim/kernel/files.hpp"
#include "sim/kernel/signals.hpp"
#include "sim/kernel/syscalls.hpp"
#include "sim/kernel/wake.hpp"

namespace ipcsim {
namespace {

constexpr u32 kPollNval = 0x020;
constexpr i64 kNanosecondsPerMillisecond = 1'000'000;

/// The mask of a file and the queues on which its changes are told.
struct FilePoll {
  u32 mask = 0;
  std::vector<WaitQueueId> queues;
};

FilePoll poll_file(KernelState& k, const File& file) {
  if (file.kind == FileKind::kMqueue) {
    const MqueueObject& queue = k.mqueues[file.mqueue];
    return {mq_poll_mask(queue.inode), {queue.wait_q}};
  }
  if (file.kind != FileKind::kPipe) {
    return {kPollIn | kPollOut | kPollRdNorm | kPollWrNorm, {}};  // DEFAULT_POLLMASK
  }
  PipeObject& pipe = k.pipes[file.pipe];
  FilePoll poll{pipe_poll_mask(pipe.inode, file.f_mode, file.f_pipe), {}};
  if (file.f_mode.read) {
    poll.queues.push_back(pipe.rd_wait);
  }
  if (file.f_mode.write && (pipe.wr_wait != pipe.rd_wait || !file.f_mode.read)) {
    poll.queues.push_back(pipe.wr_wait);
  }
  return poll;
}

/// One pass over the descriptors (do_poll() calling do_pollfd()). Registers the task for changes
/// until something is ready, when `progress` is given.
Revents scan(KernelState& k, TaskId id, const PollCall& call, PollInProgress* progress) {
  Revents revents;
  bool registering = progress != nullptr && call.timeout != 0;
  for (const PollFd& wanted : call.fds) {
    u32 mask = 0;
    if (wanted.fd.v >= 0) {
      const FileId file = k.fd_table(id).file(wanted.fd);
      if (file == kNoFile || k.files[file].path_only) {
        mask = kPollNval;
      } else {
        const FilePoll poll = poll_file(k, k.files[file]);
        const u32 filter = wanted.events.v | kPollErr | kPollHup;
        mask = poll.mask & filter;
        if (registering) {
          ++k.files[file].f_count;
          progress->files.push_back(file);
          for (const WaitQueueId queue : poll.queues) {
            progress->entries.push_back(
                k.wait_queues.add(queue, {.task = id, .poll = true, .key = filter}));
          }
        }
      }
    }
    registering = registering && mask == 0;
    revents.revents.push_back(PollEvents{mask});
  }
  return revents;
}

bool polls_other_file(const KernelState& k, TaskId id, const PollCall& call) {
  const FdTable& table = k.fd_tables[k.task(id).files];
  return ranges::count_if(call.fds, [&](const PollFd& wanted) {
           const FileId file = table.file(wanted.fd);
           return file != kNoFile && (k.files[file].kind == FileKind::kOther ||
                                      k.files[file].kind == FileKind::kSocket);
         }) > 0;
}

}  // namespace

Section run(KernelState& k, TaskId id, const PollCall& call) {
  Task& task = k.task(id);
  if (call.fds.size() > k.process_of(id).rlimit_nofile) {
    return Section::failed(Errno::kEINVAL);
  }
  if (polls_other_file(k, id, call)) {
    return Section::not_modelled("poll() of a file that is no pipe or queue");
  }
  const bool resumed = std::holds_alternative<PollInProgress>(task.progress);
  PollInProgress fresh;
  Revents revents = scan(k, id, call, resumed ? nullptr : &fresh);
  if (!resumed) {
    task.progress = std::move(fresh);
  }
  const auto ready =
      ranges::count_if(revents.revents, [](PollEvents events) { return events.v != 0; });
  if (ready > 0 || call.timeout == 0) {
    return Section::returned(ready, std::move(revents));
  }
  if (signal_pending(k, id)) {
    return Section::failed(Errno::kERESTARTNOHAND);
  }
  if (!resumed && call.timeout > 0) {
    // Started again after a stop it has what is left of its time.
    task.deadline = task.restart_deadline.value_or(
        later(task.entered, Nanoseconds{call.timeout * kNanosecondsPerMillisecond}));
  }
  if (task.deadline && *task.deadline <= k.now) {
    return Section::returned(0, std::move(revents));
  }
  task.state = TaskState::kAsleep;
  return Section::asleep();
}

}  // namespace ipcsim
