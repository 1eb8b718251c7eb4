#include "sim/workload/trace_workload.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "sim/replay/call_index.hpp"
#include "sim/workload/workload_builder.hpp"

namespace ipcsim {
namespace {

/// Goes through the calls in the order in which they began.
class TraceReader {
 public:
  explicit TraceReader(const Trace& trace) : trace_(trace), index_(index_calls(trace)) {
    build_.workload().title = trace.header.title;
    for (const InitialTask& task : trace.header.environment.tasks) {
      build_.add_first_task(task.task);
    }
  }

  Workload read() {
    for (u32 i = 0; i < trace_.events.size(); ++i) {
      const EventBody& body = trace_.events[i].body;
      if (const auto* call = std::get_if<CallEvent>(&body)) {
        take(*call, index_.calls[index_.of_event[i]].end);
      } else if (const auto* died = std::get_if<DiedEvent>(&body)) {
        build_.leave(died->task);
      } else if (const auto* other = std::get_if<OtherFdEvent>(&body)) {
        if (build_.present(other->task)) {
          build_.close_fd(other->task, other->fd.v);
        }
      }
    }
    build_.allow_reading_ahead();
    write_notes();
    return std::move(build_.workload());
  }

 private:
  void take(const CallEvent& event, const std::optional<Completion>& end) {
    if (!build_.present(event.task)) {
      return;
    }
    const bool returned = end && end->kind == Completion::Kind::kReturned;
    if (holds_alternative<ExitCall>(event.call) || holds_alternative<ExitGroupCall>(event.call)) {
      build_.leave(event.task);
      return;
    }
    if (!returned) {
      starts_child(event);
      ++unfinished_;
      return;
    }
    if (end->result.error != Errno::kOk) {
      ++failed_;
      return;
    }
    visit([&](const auto& call) { on(event.task, call, end->result); }, event.call);
  }

  /// A fork whose return a log has not is told by the child's own calls.
  void starts_child(const CallEvent& event) {
    if (const auto* call = get_if<ForkCall>(&event.call)) {
      build_.fork(event.task, call->child, false);
    } else if (const auto* vfork_call = get_if<VforkCall>(&event.call)) {
      build_.fork(event.task, vfork_call->child, false);
    } else if (const auto* clone = get_if<CloneCall>(&event.call)) {
      build_.fork(event.task, clone->child, (clone->flags.v & kCloneFiles) != 0);
    }
  }

  // One overload for each call that matters; the others do nothing to a transfer.

  void on(TaskId /*id*/, const auto& /*call*/, const SysResult& /*result*/) {}

  void on(TaskId id, const Pipe2Call& call, const SysResult& result) {
    const auto* fds = get_if<PipeFds>(&result.out);
    if (fds == nullptr) {
      return;
    }
    const u32 object = build_.add_object(
        {.name = fmt::format("pipe {}", ++pipes_), .packets = (call.flags.v & kODirect) != 0});
    const bool cloexec = (call.flags.v & kOCloexec) != 0;
    build_.put_fd(id, fds->read.v, {build_.add_file(object, {.read = true}), cloexec});
    build_.put_fd(id, fds->write.v, {build_.add_file(object, {.write = true}), cloexec});
  }

  void on(TaskId /*id*/, const MkfifoCall& call, const SysResult& /*result*/) {
    named_.insert_or_assign(
        call.pathname,
        build_.add_object({.name = fmt::format("FIFO {}", call.pathname), .fifo = true}));
  }

  void on(TaskId id, const OpenCall& call, const SysResult& result) {
    const auto found = named_.find(call.pathname);
    if (found == named_.end()) {
      return;
    }
    const u32 access = call.flags.v & kOAccmode;
    const PipeMode mode{.read = access != kOWronly, .write = access != kORdonly};
    build_.put_fd(id, static_cast<i32>(result.ret),
                  {build_.add_file(found->second, mode), (call.flags.v & kOCloexec) != 0}, true);
  }

  void on(TaskId id, const MqOpenCall& call, const SysResult& result) {
    const auto [found, fresh] = queues_.try_emplace(call.name.value, 0);
    if (fresh) {
      WorkloadObject queue{.name = fmt::format("queue {}", call.name.value), .queue = true};
      if (!call.attr.is_null() && !call.attr.is_bad()) {
        queue.mq = {call.attr.value.mq_maxmsg, call.attr.value.mq_msgsize};
      }
      found->second = build_.add_object(std::move(queue));
    }
    build_.put_fd(id, static_cast<i32>(result.ret),
                  {build_.add_file(found->second, {.read = true, .write = true}), true});
  }

  void on(TaskId /*id*/, const MqUnlinkCall& call, const SysResult& /*result*/) {
    queues_.erase(call.name.value);
  }

  void on(TaskId id, const DupCall& call, const SysResult& result) {
    build_.duplicate(id, call.oldfd, static_cast<i32>(result.ret), false);
  }
  void on(TaskId id, const Dup2Call& call, const SysResult& result) {
    build_.duplicate(id, call.oldfd, static_cast<i32>(result.ret), false);
  }
  void on(TaskId id, const Dup3Call& call, const SysResult& result) {
    build_.duplicate(id, call.oldfd, static_cast<i32>(result.ret), (call.flags.v & kOCloexec) != 0);
  }
  void on(TaskId id, const CloseCall& call, const SysResult& /*result*/) {
    build_.close_fd(id, call.fd.v);
  }

  void on(TaskId id, const FcntlCall& call, const SysResult& result) {
    const u32 file = build_.file_of(id, call.fd);
    if (file == WorkloadBuilder::kOtherFile) {
      return;
    }
    if (call.cmd.v == kFDupfd || call.cmd.v == kFDupfdCloexec) {
      build_.duplicate(id, call.fd, static_cast<i32>(result.ret), call.cmd.v == kFDupfdCloexec);
    } else if (call.cmd.v == kFSetfd) {
      build_.set_cloexec(id, call.fd, (call.arg & kFdCloexec) != 0);
    } else if (call.cmd.v == kFSetpipeSz) {
      build_.object_of(file).pipe_bytes = static_cast<u64>(result.ret);
    }
  }

  void on(TaskId id, const ExecveCall& /*call*/, const SysResult& /*result*/) { build_.exec(id); }
  void on(TaskId id, const ForkCall& call, const SysResult& /*result*/) {
    build_.fork(id, call.child, false);
  }
  void on(TaskId id, const VforkCall& call, const SysResult& /*result*/) {
    build_.fork(id, call.child, false);
  }
  void on(TaskId id, const CloneCall& call, const SysResult& /*result*/) {
    build_.fork(id, call.child, (call.flags.v & kCloneFiles) != 0);
  }

  void on(TaskId id, const ReadCall& call, const SysResult& result) {
    build_.transfer(id, Step::Kind::kRead, call.fd, call.buf.len, result.ret);
  }
  void on(TaskId id, const ReadvCall& call, const SysResult& result) {
    build_.transfer(id, Step::Kind::kRead, call.fd, total_len(call.iov), result.ret);
  }
  void on(TaskId id, const Preadv2Call& call, const SysResult& result) {
    build_.transfer(id, Step::Kind::kRead, call.fd, total_len(call.iov), result.ret);
  }
  void on(TaskId id, const WriteCall& call, const SysResult& result) {
    build_.transfer(id, Step::Kind::kWrite, call.fd, call.buf.len, result.ret);
  }
  void on(TaskId id, const WritevCall& call, const SysResult& result) {
    build_.transfer(id, Step::Kind::kWrite, call.fd, total_len(call.iov), result.ret);
  }
  void on(TaskId id, const Pwritev2Call& call, const SysResult& result) {
    build_.transfer(id, Step::Kind::kWrite, call.fd, total_len(call.iov), result.ret);
  }
  void on(TaskId id, const SpliceCall& call, const SysResult& result) {
    ++spliced_;
    build_.transfer(id, Step::Kind::kRead, call.fd_in, call.len, result.ret);
    if (result.ret > 0) {
      build_.transfer(id, Step::Kind::kWrite, call.fd_out, static_cast<u64>(result.ret),
                      result.ret);
    }
  }
  void on(TaskId id, const SendfileCall& call, const SysResult& result) {
    ++spliced_;
    build_.transfer(id, Step::Kind::kWrite, call.out_fd, call.count, result.ret);
  }
  void on(TaskId id, const VmspliceCall& call, const SysResult& result) {
    ++spliced_;
    const u32 file = build_.file_of(id, call.fd);
    if (file != WorkloadBuilder::kOtherFile) {
      const bool out = build_.workload().files[file].mode.write;
      build_.transfer(id, out ? Step::Kind::kWrite : Step::Kind::kRead, call.fd,
                      static_cast<u64>(std::max<i64>(result.ret, 1)), result.ret);
    }
  }
  void on(TaskId id, const MqTimedsendCall& call, const SysResult& /*result*/) {
    build_.transfer(id, Step::Kind::kSend, call.mqdes, std::max<u64>(call.msg.len, 1), 1,
                    call.msg_prio);
  }
  void on(TaskId id, const MqTimedreceiveCall& call, const SysResult& /*result*/) {
    build_.transfer(id, Step::Kind::kReceive, call.mqdes, std::max<u64>(call.msg.len, 1), 1);
  }

  void write_notes() {
    const auto note = [&](std::string_view what, u64 count) {
      if (count > 0) {
        build_.workload().notes.push_back(fmt::format("{}: {}", what, count));
      }
    };
    note("calls that failed and are left out", failed_);
    note("calls that did not return and are left out", unfinished_);
    note("calls of splice, sendfile and vmsplice that count as read and write", spliced_);
    build_.workload().notes.emplace_back("what the tasks did between their calls is left out");
  }

  const Trace& trace_;
  CallIndex index_;
  WorkloadBuilder build_;
  std::map<std::string, u32> named_;
  std::map<std::string, u32> queues_;
  u32 pipes_ = 0;
  u64 failed_ = 0;
  u64 unfinished_ = 0;
  u64 spliced_ = 0;
};

}  // namespace

Workload trace_workload(const Trace& trace) { return TraceReader(trace).read(); }

Workload resized(const Workload& workload, u32 object, u64 size) {
  Workload other = workload;
  WorkloadObject& changed = other.objects[object];
  if (changed.queue) {
    changed.mq.mq_maxmsg = static_cast<i64>(size);
  } else {
    changed.pipe_bytes = size;
  }
  return other;
}

std::vector<u64> amounts_into(const Workload& workload) {
  std::vector<u64> amounts(workload.objects.size());
  for (const WorkloadTask& task : workload.tasks) {
    for (const Step& step : task.steps) {
      if (step.kind == Step::Kind::kWrite || step.kind == Step::Kind::kSend) {
        amounts[workload.files[step.file].object] += step.amount;
      }
    }
  }
  return amounts;
}

}  // namespace ipcsim
