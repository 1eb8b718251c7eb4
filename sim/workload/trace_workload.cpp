#include "sim/workload/trace_workload.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "sim/replay/call_index.hpp"

namespace ipcsim {
namespace {

constexpr u32 kNone = 0xffffffffU;

/// A descriptor of a table.
struct Descriptor {
  u32 file = 0;
  bool cloexec = false;
};

/// A descriptor table, shared by the tasks that name it.
struct Table {
  std::map<i32, Descriptor> fds;
  u32 users = 1;
};

/// Goes through the calls in the order in which they began.
class TraceReader {
 public:
  explicit TraceReader(const Trace& trace) : trace_(trace), index_(index_calls(trace)) {
    workload_.title = trace.header.title;
    for (const InitialTask& task : trace.header.environment.tasks) {
      tables_.emplace_back();
      add_task(task.task, static_cast<u32>(tables_.size() - 1), true);
    }
  }

  Workload read() {
    for (u32 i = 0; i < trace_.events.size(); ++i) {
      const EventBody& body = trace_.events[i].body;
      if (const auto* call = std::get_if<CallEvent>(&body)) {
        take(*call, index_.calls[index_.of_event[i]].end);
      } else if (const auto* died = std::get_if<DiedEvent>(&body)) {
        leave(died->task);
      } else if (const auto* other = std::get_if<OtherFdEvent>(&body)) {
        if (tasks_.contains(other->task)) {
          close_fd(other->task, other->fd.v);
        }
      }
    }
    allow_reading_ahead();
    write_notes();
    return std::move(workload_);
  }

 private:
  struct TaskInfo {
    u32 number = 0;  ///< in the workload
    u32 table = 0;
    bool gone = false;
  };

  void add_task(TaskId id, u32 table, bool starts) {
    tasks_[id] = {.number = static_cast<u32>(workload_.tasks.size()), .table = table};
    workload_.tasks.push_back(
        {.name = fmt::format("task {}", id.v), .starts = starts, .steps = {}});
  }

  std::vector<Step>& steps(TaskId id) { return workload_.tasks[tasks_.at(id).number].steps; }
  Table& table(TaskId id) { return tables_[tasks_.at(id).table]; }

  [[nodiscard]] u32 file_of(TaskId id, Fd fd) {
    const auto& fds = table(id).fds;
    const auto found = fds.find(fd.v);
    return found == fds.end() ? kNone : found->second.file;
  }

  u32 add_file(u32 object, PipeMode mode) {
    workload_.files.push_back({object, mode});
    return static_cast<u32>(workload_.files.size() - 1);
  }

  u32 add_object(WorkloadObject object) {
    workload_.objects.push_back(std::move(object));
    return static_cast<u32>(workload_.objects.size() - 1);
  }

  /// A descriptor appears; each one is a hold of its file.
  void put_fd(TaskId id, i32 fd, Descriptor descriptor, bool opens_fifo = false) {
    close_fd(id, fd);
    steps(id).push_back(
        {.kind = opens_fifo ? Step::Kind::kOpen : Step::Kind::kHold, .file = descriptor.file});
    table(id).fds[fd] = descriptor;
  }

  void close_fd(TaskId id, i32 fd) {
    auto& fds = table(id).fds;
    if (const auto found = fds.find(fd); found != fds.end()) {
      steps(id).push_back({.kind = Step::Kind::kRelease, .file = found->second.file});
      fds.erase(found);
    }
  }

  void leave(TaskId id) {
    TaskInfo& task = tasks_.at(id);
    if (std::exchange(task.gone, true) || --tables_[task.table].users > 0) {
      return;
    }
    while (!table(id).fds.empty()) {
      close_fd(id, table(id).fds.begin()->first);
    }
  }

  void take(const CallEvent& event, const std::optional<Completion>& end) {
    if (!tasks_.contains(event.task) || tasks_.at(event.task).gone) {
      return;
    }
    const bool returned = end && end->kind == Completion::Kind::kReturned;
    if (holds_alternative<ExitCall>(event.call) || holds_alternative<ExitGroupCall>(event.call)) {
      leave(event.task);
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
      fork(event.task, call->child, false);
    } else if (const auto* vfork_call = get_if<VforkCall>(&event.call)) {
      fork(event.task, vfork_call->child, false);
    } else if (const auto* clone = get_if<CloneCall>(&event.call)) {
      fork(event.task, clone->child, (clone->flags.v & kCloneFiles) != 0);
    }
  }

  // One overload for each call that matters; the others do nothing to a transfer.

  void on(TaskId /*id*/, const auto& /*call*/, const SysResult& /*result*/) {}

  void on(TaskId id, const Pipe2Call& call, const SysResult& result) {
    const auto* fds = get_if<PipeFds>(&result.out);
    if (fds == nullptr) {
      return;
    }
    const u32 object = add_object(
        {.name = fmt::format("pipe {}", ++pipes_), .packets = (call.flags.v & kODirect) != 0});
    const bool cloexec = (call.flags.v & kOCloexec) != 0;
    put_fd(id, fds->read.v, {add_file(object, {.read = true}), cloexec});
    put_fd(id, fds->write.v, {add_file(object, {.write = true}), cloexec});
  }

  void on(TaskId /*id*/, const MkfifoCall& call, const SysResult& /*result*/) {
    named_.insert_or_assign(
        call.pathname, add_object({.name = fmt::format("FIFO {}", call.pathname), .fifo = true}));
  }

  void on(TaskId id, const OpenCall& call, const SysResult& result) {
    const auto found = named_.find(call.pathname);
    if (found == named_.end()) {
      return;
    }
    const u32 access = call.flags.v & kOAccmode;
    const PipeMode mode{.read = access != kOWronly, .write = access != kORdonly};
    put_fd(id, static_cast<i32>(result.ret),
           {add_file(found->second, mode), (call.flags.v & kOCloexec) != 0}, true);
  }

  void on(TaskId id, const MqOpenCall& call, const SysResult& result) {
    const auto [found, fresh] = queues_.try_emplace(call.name.value, 0);
    if (fresh) {
      WorkloadObject queue{.name = fmt::format("queue {}", call.name.value), .queue = true};
      if (!call.attr.is_null() && !call.attr.is_bad()) {
        queue.mq = {call.attr.value.mq_maxmsg, call.attr.value.mq_msgsize};
      }
      found->second = add_object(std::move(queue));
    }
    put_fd(id, static_cast<i32>(result.ret),
           {add_file(found->second, {.read = true, .write = true}), true});
  }

  void on(TaskId /*id*/, const MqUnlinkCall& call, const SysResult& /*result*/) {
    queues_.erase(call.name.value);
  }

  void duplicate(TaskId id, Fd from, const SysResult& result, bool cloexec) {
    const u32 file = file_of(id, from);
    const i32 fd = static_cast<i32>(result.ret);
    if (file == kNone) {
      close_fd(id, fd);
    } else if (fd != from.v) {
      put_fd(id, fd, {file, cloexec});
    }
  }

  void on(TaskId id, const DupCall& call, const SysResult& result) {
    duplicate(id, call.oldfd, result, false);
  }
  void on(TaskId id, const Dup2Call& call, const SysResult& result) {
    duplicate(id, call.oldfd, result, false);
  }
  void on(TaskId id, const Dup3Call& call, const SysResult& result) {
    duplicate(id, call.oldfd, result, (call.flags.v & kOCloexec) != 0);
  }
  void on(TaskId id, const CloseCall& call, const SysResult& /*result*/) {
    close_fd(id, call.fd.v);
  }

  void on(TaskId id, const FcntlCall& call, const SysResult& result) {
    const u32 file = file_of(id, call.fd);
    if (file == kNone) {
      return;
    }
    if (call.cmd.v == kFDupfd || call.cmd.v == kFDupfdCloexec) {
      duplicate(id, call.fd, result, call.cmd.v == kFDupfdCloexec);
    } else if (call.cmd.v == kFSetfd) {
      table(id).fds[call.fd.v].cloexec = (call.arg & kFdCloexec) != 0;
    } else if (call.cmd.v == kFSetpipeSz) {
      workload_.objects[workload_.files[file].object].pipe_bytes = static_cast<u64>(result.ret);
    }
  }

  void on(TaskId id, const ExecveCall& /*call*/, const SysResult& /*result*/) {
    Table& fds = table(id);
    if (fds.users > 1) {
      --fds.users;
      tables_.push_back({.fds = fds.fds});
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

  void fork(TaskId parent, TaskId child, bool shares) {
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

  void on(TaskId id, const ForkCall& call, const SysResult& /*result*/) {
    fork(id, call.child, false);
  }
  void on(TaskId id, const VforkCall& call, const SysResult& /*result*/) {
    fork(id, call.child, false);
  }
  void on(TaskId id, const CloneCall& call, const SysResult& /*result*/) {
    fork(id, call.child, (call.flags.v & kCloneFiles) != 0);
  }

  void transfer(TaskId id, Step::Kind kind, Fd fd, u64 asked, i64 done, u32 prio = 0) {
    const u32 file = file_of(id, fd);
    if (file == kNone || asked == 0 ||
        workload_.objects[workload_.files[file].object].queue !=
            (kind == Step::Kind::kSend || kind == Step::Kind::kReceive)) {
      return;
    }
    const bool messages = kind == Step::Kind::kSend || kind == Step::Kind::kReceive;
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

  void on(TaskId id, const ReadCall& call, const SysResult& result) {
    transfer(id, Step::Kind::kRead, call.fd, call.buf.len, result.ret);
  }
  void on(TaskId id, const ReadvCall& call, const SysResult& result) {
    transfer(id, Step::Kind::kRead, call.fd, total_len(call.iov), result.ret);
  }
  void on(TaskId id, const Preadv2Call& call, const SysResult& result) {
    transfer(id, Step::Kind::kRead, call.fd, total_len(call.iov), result.ret);
  }
  void on(TaskId id, const WriteCall& call, const SysResult& result) {
    transfer(id, Step::Kind::kWrite, call.fd, call.buf.len, result.ret);
  }
  void on(TaskId id, const WritevCall& call, const SysResult& result) {
    transfer(id, Step::Kind::kWrite, call.fd, total_len(call.iov), result.ret);
  }
  void on(TaskId id, const Pwritev2Call& call, const SysResult& result) {
    transfer(id, Step::Kind::kWrite, call.fd, total_len(call.iov), result.ret);
  }
  void on(TaskId id, const SpliceCall& call, const SysResult& result) {
    ++spliced_;
    transfer(id, Step::Kind::kRead, call.fd_in, call.len, result.ret);
    if (result.ret > 0) {
      transfer(id, Step::Kind::kWrite, call.fd_out, static_cast<u64>(result.ret), result.ret);
    }
  }
  void on(TaskId id, const SendfileCall& call, const SysResult& result) {
    ++spliced_;
    transfer(id, Step::Kind::kWrite, call.out_fd, call.count, result.ret);
  }
  void on(TaskId id, const VmspliceCall& call, const SysResult& result) {
    ++spliced_;
    const u32 file = file_of(id, call.fd);
    if (file != kNone) {
      const bool out = workload_.files[file].mode.write;
      transfer(id, out ? Step::Kind::kWrite : Step::Kind::kRead, call.fd,
               static_cast<u64>(std::max<i64>(result.ret, 1)), result.ret);
    }
  }
  void on(TaskId id, const MqTimedsendCall& call, const SysResult& /*result*/) {
    transfer(id, Step::Kind::kSend, call.mqdes, std::max<u64>(call.msg.len, 1), 1, call.msg_prio);
  }
  void on(TaskId id, const MqTimedreceiveCall& call, const SysResult& /*result*/) {
    transfer(id, Step::Kind::kReceive, call.mqdes, std::max<u64>(call.msg.len, 1), 1);
  }

  /// Where one task alone reads, its calls may return more than the recorded ones did.
  void allow_reading_ahead() {
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
        step.reads_ahead = step.kind == Step::Kind::kRead &&
                           readers[workload_.files[step.file].object].size() == 1;
      }
    }
  }

  void write_notes() {
    const auto note = [&](std::string_view what, u64 count) {
      if (count > 0) {
        workload_.notes.push_back(fmt::format("{}: {}", what, count));
      }
    };
    note("calls that failed and are left out", failed_);
    note("calls that did not return and are left out", unfinished_);
    note("calls of splice, sendfile and vmsplice that count as read and write", spliced_);
    workload_.notes.emplace_back("what the tasks did between their calls is left out");
  }

  const Trace& trace_;
  CallIndex index_;
  Workload workload_;
  std::vector<Table> tables_;
  std::map<TaskId, TaskInfo> tasks_;
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
