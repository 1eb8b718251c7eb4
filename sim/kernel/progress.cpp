// Ending a call that has slept: leaving its wait queues and dropping what it holds.
#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include <range/v3/algorithm/count_if.hpp>
#include <range/v3/view/reverse.hpp>

#include "model/mqueue/mq_ops.hpp"
#include "sim/kernel/files.hpp"
#include "sim/kernel/syscalls.hpp"
#include "sim/kernel/wake.hpp"

namespace ipcsim {
namespace {

bool registered(WaitEntryId entry) { return entry != kNoWaitEntry; }

struct Drop {
  KernelState& k;
  TaskId id;

  void operator()(const WriteInProgress& call) const { fput(k, id, call.file); }
  void operator()(const ReadInProgress& call) const { fput(k, id, call.file); }
  void operator()(const MqSendInProgress& call) const { fput(k, id, call.file); }
  void operator()(const MqReceiveInProgress& call) const { fput(k, id, call.file); }
  void operator()(const RecvInProgress& call) const { fput(k, id, call.file); }
  void operator()(const PollInProgress& call) const {
    for (const PolledFile& polled : call.files) {
      for (const WaitEntryId entry : polled.entries) {
        if (registered(entry)) {
          k.wait_queues.remove(entry);
        }
      }
    }
    put_files(call);
  }
  /// Gives the files back. A file that nobody else has is released on the way to user space, and
  /// those that were put last come first. Linux fs/select.c: poll_freewait(); kernel/task_work.c.
  void put_files(const PollInProgress& call) const {
    constexpr std::size_t kInline =
        9;  // N_INLINE_POLL_ENTRIES; more are put from the last one back
    std::vector<FileId> put;
    std::vector<FileId> held;
    for (const PolledFile& polled : call.files) {
      held.push_back(polled.file);
      put.insert(put.end(), static_cast<std::size_t>(ranges::count_if(polled.entries, registered)),
                 polled.file);
    }
    if (put.size() > kInline) {
      std::reverse(put.begin() + kInline, put.end());
    }
    for (const FileId file : put | ranges::views::reverse) {
      for (std::size_t left = std::erase(held, file); left > 0; --left) {
        fput(k, id, file);
      }
    }
    for (const FileId file : held) {  // files without a queue, which are never waited for
      fput(k, id, file);
    }
  }
  void operator()(const SpliceInProgress& call) const {
    for (const FileId file : call.files) {
      fput(k, id, file);
    }
  }
  void operator()(const ResizeInProgress& call) const { fput(k, id, call.file); }
  void operator()(const EpollWaitInProgress& call) const { fput(k, id, call.file); }
  void operator()(const PauseInProgress& /*call*/) const {}
  // Their sections drop what they hold themselves.
  void operator()(const OpenInProgress& /*call*/) const {}
  void operator()(const VforkInProgress& /*call*/) const {}
  void operator()(const ExecInProgress& /*call*/) const {}
  void operator()(const std::monostate& /*call*/) const {}
};

}  // namespace

void end_progress(KernelState& k, TaskId id) {
  finish_wait(k, id);
  if (std::holds_alternative<std::monostate>(k.task(id).progress)) {
    return;  // as nearly always
  }
  const CallInProgress progress = std::exchange(k.task(id).progress, std::monostate{});
  std::visit(Drop{k, id}, progress);
}

}  // namespace ipcsim
