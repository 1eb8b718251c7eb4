// Ending a call that has slept: leaving its wait queues and dropping what it holds.
#include <utility>

#include "model/mqueue/mq_ops.hpp"
#include "sim/kernel/files.hpp"
#include "sim/kernel/syscalls.hpp"
#include "sim/kernel/wake.hpp"

namespace ipcsim {
namespace {

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
        if (entry != kNoWaitEntry) {
          k.wait_queues.remove(entry);
        }
      }
    }
    for (const PolledFile& polled : call.files) {
      fput(k, id, polled.file);
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
