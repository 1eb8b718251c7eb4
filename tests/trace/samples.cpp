#include "tests/trace/samples.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

namespace ipcsim {
namespace {

constexpr std::size_t kCalls = Call::kSize;

bool never_returns(const Call& call) {
  return holds_alternative<ExitCall>(call) || holds_alternative<ExitGroupCall>(call);
}

Errno random_errno(Random& random) {
  constexpr std::array kSome{Errno::kEAGAIN, Errno::kEINTR,    Errno::kEPIPE, Errno::kEBADF,
                             Errno::kEFAULT, Errno::kEMSGSIZE, Errno::kEBUSY, Errno::kETIMEDOUT};
  return kSome[random.below(kSome.size())];
}

Fd random_open_fd(Random& random) { return Fd{static_cast<i32>(random.below(2000))}; }

SysResult read_bytes(Random& random) {
  Payload payload = random_payload(random);
  const i64 len = static_cast<i64>(payload.len());
  return SysResult::success(len, ReadBytes{std::move(payload)});
}

struct Success {
  Random& random;

  SysResult operator()(const auto& call) const {
    if constexpr (requires { call.child; }) {
      return SysResult::success(call.child.v);
    }
    return SysResult::success(static_cast<i64>(random.below(100)));
  }
  SysResult operator()(const Pipe2Call& /*call*/) const {
    return SysResult::success(0, PipeFds{random_open_fd(random), random_open_fd(random)});
  }
  SysResult operator()(const ReadCall& /*call*/) const { return read_bytes(random); }
  SysResult operator()(const ReadvCall& /*call*/) const { return read_bytes(random); }
  SysResult operator()(const VmspliceCall& /*call*/) const { return read_bytes(random); }
  SysResult operator()(const SpliceCall& call) const {
    Offsets offsets;
    if (!call.off_in.is_null()) {
      offsets.off_in = random_number<i64>(random);
    }
    if (!call.off_out.is_null()) {
      offsets.off_out = random_number<i64>(random);
    }
    return offsets.any() ? SysResult::success(7, offsets) : SysResult::success(7);
  }
  SysResult operator()(const SendfileCall& call) const {
    return call.offset.is_null()
               ? SysResult::success(7)
               : SysResult::success(7, Offsets{.offset = random_number<i64>(random)});
  }
  SysResult operator()(const Pread64Call& /*call*/) const { return read_bytes(random); }
  SysResult operator()(const PreadvCall& /*call*/) const { return read_bytes(random); }
  SysResult operator()(const Preadv2Call& /*call*/) const { return read_bytes(random); }
  SysResult operator()(const MqTimedreceiveCall& /*call*/) const {
    ReceivedMessage message{random_payload(random), std::nullopt};
    if (random.one_in(2)) {
      message.msg_prio = random_number<u32>(random);
    }
    const i64 len = static_cast<i64>(message.msg.len());
    return SysResult::success(len, std::move(message));
  }
  SysResult operator()(const MqGetsetattrCall& /*call*/) const {
    return SysResult::success(0, random_attr(random));
  }
  SysResult operator()(const IoctlCall& call) const {
    return call.request.v == kFionread || call.request.v == kFigetbsz
               ? SysResult::success(0, IntOut{random_number<i32>(random)})
               : SysResult::success(0);
  }
  SysResult operator()(const ReadlinkCall& /*call*/) const { return read_bytes(random); }
  SysResult operator()(const FstatCall& /*call*/) const { return attributes(); }
  SysResult operator()(const StatCall& /*call*/) const { return attributes(); }
  SysResult operator()(const FstatfsCall& /*call*/) const {
    return SysResult::success(0, StatfsOut{random_number<u64>(random), random_number<u64>(random)});
  }
  SysResult operator()(const GetresuidCall& /*call*/) const { return three_ids(); }
  SysResult operator()(const GetresgidCall& /*call*/) const { return three_ids(); }
  SysResult operator()(const SysctlCall& /*call*/) const {
    return SysResult::success(0, ValueOut{random_number<u64>(random)});
  }
  SysResult operator()(const SocketpairCall& /*call*/) const {
    return SysResult::success(0, SocketFds{random_open_fd(random), random_open_fd(random)});
  }
  SysResult operator()(const RecvmsgCall& /*call*/) const {
    ReceivedRights received{random_payload(random), {}};
    for (u64 n = random.below(3); n > 0; --n) {
      received.rights.push_back(random_open_fd(random));
    }
    const i64 len = static_cast<i64>(received.buf.len());
    return SysResult::success(len, std::move(received));
  }
  SysResult operator()(const FcntlCall& call) const {
    return call.cmd.v == kFGetownEx
               ? SysResult::success(0, OwnerEx{.type = OwnerType::kPid, .pid = TaskId{3}})
               : SysResult::success(static_cast<i64>(random.below(100)));
  }
  SysResult operator()(const SelectCall& /*call*/) const { return selected(); }
  SysResult operator()(const Pselect6Call& /*call*/) const { return selected(); }
  SysResult operator()(const EpollWaitCall& /*call*/) const { return epoll_events(); }
  SysResult operator()(const EpollPwaitCall& /*call*/) const { return epoll_events(); }
  SysResult operator()(const EpollPwait2Call& /*call*/) const { return epoll_events(); }
  SysResult selected() const {
    SelectedFds sets;
    if (random.one_in(2)) {
      sets.readfds.emplace().push_back(random_open_fd(random));
    }
    if (random.one_in(2)) {
      sets.exceptfds.emplace();
    }
    // An empty "out" is not written.
    return sets.readfds || sets.exceptfds ? SysResult::success(1, std::move(sets))
                                          : SysResult::success(1);
  }
  SysResult epoll_events() const {
    EpollEventList list;
    for (u64 n = random.below(3); n > 0; --n) {
      list.events.push_back({EpollEvents{static_cast<u32>(random.next())}, random.next()});
    }
    const i64 count = static_cast<i64>(list.events.size());
    return SysResult::success(count, std::move(list));
  }
  SysResult operator()(const PpollCall& call) const { return revents(call.fds.size()); }
  SysResult operator()(const PollCall& call) const { return revents(call.fds.size()); }
  SysResult revents(std::size_t count) const {
    Revents events;
    for (std::size_t i = 0; i < count; ++i) {
      events.revents.push_back(random_poll_events(random));
    }
    return SysResult::success(static_cast<i64>(count), std::move(events));
  }

  [[nodiscard]] SysResult attributes() const {
    return SysResult::success(0, StatOut{.ino = random_number<u32>(random),
                                         .mode = random_number<u32>(random),
                                         .nlink = random_number<u32>(random),
                                         .uid = random_number<u32>(random),
                                         .gid = random_number<u32>(random),
                                         .size = random_number<u64>(random),
                                         .blksize = random_number<u64>(random),
                                         .blocks = random_number<u64>(random),
                                         .changed = StatTimes{static_cast<u32>(random.below(8))}});
  }
  [[nodiscard]] SysResult three_ids() const {
    return SysResult::success(0, IdsOut{random_number<u32>(random), random_number<u32>(random),
                                        random_number<u32>(random)});
  }
};

Event event_of(Random& random, EventBody body) {
  Event event;
  event.body = std::move(body);
  const auto* call = std::get_if<CallEvent>(&event.body);
  const bool ends =
      call != nullptr ? call->result.has_value() : std::holds_alternative<ReturnEvent>(event.body);
  if (ends && random.one_in(3)) {
    event.slept = RecordedSleep{.times = 1 + random.below(9),
                                .ns = std::max<i64>(0, random_number<i64>(random)),
                                .woken_by = TaskId{static_cast<u32>(random.below(kMostTask + 1))}};
  }
  if (random.one_in(3)) {
    event.time_ns = random_number<i64>(random);
  }
  if (random.one_in(4)) {
    event.origin = random_text(random);
  }
  return event;
}

Signal random_signal(Random& random) {
  return Signal{static_cast<u32>(1 + random.below(kMostSignal))};
}

// Tasks as check_trace() sees them.
struct Tasks {
  std::map<TaskId, std::optional<Call>> alive;  // and the call that a task is in
  u32 last = 0;
};

void set_child(Call& call, TaskId child) {
  visit(
      [&](auto& c) {
        if constexpr (requires { c.child; }) {
          c.child = child;
        }
      },
      call);
}

// What follows next for `task`, which is in `call`.
EventBody go_on(Random& random, Tasks& tasks, TaskId task, const Call& call) {
  if (random.one_in(3)) {
    return SleepEvent{task, std::string(call_name(call))};
  }
  if (never_returns(call) || random.one_in(16)) {
    tasks.alive.erase(task);
    return DiedEvent{task, random.one_in(2) ? Signal{} : random_signal(random)};
  }
  ReturnEvent event{task, std::string(call_name(call)), random_result(random, call)};
  if (const auto child = child_of(call); child && event.result.error != Errno::kOk) {
    tasks.alive.erase(*child);
  }
  tasks.alive[task].reset();
  return event;
}

EventBody begin(Random& random, Tasks& tasks, TaskId task) {
  CallEvent event{task, random_call(random, random.below(kCalls)), std::nullopt};
  const TaskId child{tasks.last + 1};
  set_child(event.call, child);
  if (!never_returns(event.call) && random.one_in(2)) {
    event.result = random_result(random, event.call);
  }
  const bool failed = event.result && event.result->error != Errno::kOk;
  if (child_of(event.call) == child && !failed) {
    tasks.alive[child] = std::nullopt;
    tasks.last = child.v;
  }
  if (!event.result) {
    tasks.alive[task] = event.call;
  }
  return event;
}

}  // namespace

SysResult random_result(Random& random, const Call& call) {
  if (random.one_in(4)) {
    return SysResult::failure(random_errno(random));
  }
  SysResult result = visit(Success{random}, call);
  if (random.one_in(6)) {
    result.out = {};  // a recorder need not have seen it
  }
  return result;
}

namespace {

SignalInfo random_info(Random& random) {
  SignalInfo info = SignalInfo::of(random_signal(random), kSiUnknown);
  if (random.one_in(4)) {
    return info;
  }
  info.code = random.one_in(2) ? kSiPollIn : kSiMesgq;
  info.pid = TaskId{static_cast<u32>(random.below(9))};
  info.band.v = static_cast<u32>(random.below(0x10000));
  info.fd.v = static_cast<i32>(random.below(100)) - 1;
  info.value = random.next();
  return info;
}

}  // namespace

std::vector<Event> random_events(Random& random) {
  const TaskId task{static_cast<u32>(1 + random.below(kMostTask))};
  std::vector<EventBody> bodies;
  for (std::size_t i = 0; i < kCalls; ++i) {
    const Call call = random_call(random, i);
    const std::string name(call_name(call));
    bodies.emplace_back(CallEvent{task, call, std::nullopt});
    bodies.emplace_back(SleepEvent{task, name});
    if (!never_returns(call)) {
      bodies.emplace_back(CallEvent{task, call, random_result(random, call)});
      bodies.emplace_back(ReturnEvent{task, name, random_result(random, call)});
    }
  }
  bodies.emplace_back(DiedEvent{task, Signal{}});
  bodies.emplace_back(DiedEvent{task, random_signal(random)});
  bodies.emplace_back(SignalEvent{task, random_signal(random)});
  bodies.emplace_back(HandledEvent{task, random_info(random)});
  bodies.emplace_back(AdvanceEvent{Nanoseconds{static_cast<i64>(random.next() >> 1U)}});
  bodies.emplace_back(
      OtherFdEvent{task, random_open_fd(random), random.one_in(2), random_text(random)});
  bodies.emplace_back(NoteEvent{random_text(random)});
  for (int i = 0; i < 3; ++i) {
    bodies.emplace_back(random_state(random, task));
  }
  std::vector<Event> events;
  for (EventBody& body : bodies) {
    events.push_back(event_of(random, std::move(body)));
  }
  return events;
}

TraceHeader random_header(Random& random) {
  TraceHeader header;
  header.title = random_text(random);
  header.order = static_cast<TraceOrder>(random.below(3));
  Environment& environment = header.environment;
  if (random.one_in(2)) {
    environment.kernel = "6.1.158";
    environment.profile = "linux-6.1";
    environment.page_size = 4096U << random.below(5);
    environment.caps.bits = random.next() & random.next();
    environment.realtime_ns = static_cast<i64>(random.next() >> 2U);
  }
  if (random.one_in(2)) {
    environment.pipe_limits.pipe_max_size = random_number<u32>(random);
    environment.pipe_limits.pipe_user_pages_hard = random_number<u64>(random);
    environment.mq_limits.mq_msg_max = 3;
    environment.mq_limits.mq_msgsize_default = 100;
  }
  if (random.one_in(2)) {
    environment.tasks.clear();
    for (u32 task = 1; task <= 1 + random.below(3); ++task) {
      InitialTask& row = environment.tasks.emplace_back();
      row.task = TaskId{2 * task};
      row.uid = random_number<u32>(random);
      row.nice = static_cast<i32>(random.below(40)) - 20;
      row.rlimit_nofile = random_number<u64>(random);
      row.rlimit_msgqueue = random_number<u64>(random);
      for (i32 fd = 0; fd < 3 && random.one_in(2); ++fd) {
        row.other_fds.emplace_back(fd);
      }
    }
  }
  return header;
}

Trace random_trace(Random& random, std::size_t events) {
  Trace trace;
  trace.header = random_header(random);
  trace.header.environment.realtime_ns >>= 2U;  // room for what passes
  Tasks tasks;
  for (const InitialTask& task : trace.header.environment.tasks) {
    tasks.alive[task.task] = std::nullopt;
    tasks.last = std::max(tasks.last, task.task.v);
  }
  bool begun = false;
  for (std::size_t i = 0; i < events && !tasks.alive.empty(); ++i) {
    const auto at = std::next(tasks.alive.begin(),
                              static_cast<std::ptrdiff_t>(random.below(tasks.alive.size())));
    const TaskId task = at->first;
    const std::optional<Call> call = at->second;
    EventBody body = NoteEvent{random_text(random)};
    if (begun && trace.header.order == TraceOrder::kSettled && random.one_in(6)) {
      body = random_state(random, task);
    } else if (call) {
      body = go_on(random, tasks, task, *call);
    } else if (random.below(10) < 7) {
      body = begin(random, tasks, task);
    } else if (random.one_in(3)) {
      body = OtherFdEvent{task, random_open_fd(random), random.one_in(2), random_text(random)};
    } else if (random.one_in(2)) {
      body = SignalEvent{task, random_signal(random)};
    } else if (random.one_in(2)) {
      body = AdvanceEvent{Nanoseconds{static_cast<i64>(random.below(1'000'000'000))}};
    }
    begun = begun ||
            !(std::holds_alternative<NoteEvent>(body) || std::holds_alternative<StateEvent>(body));
    trace.events.push_back(event_of(random, std::move(body)));
  }
  return trace;
}

}  // namespace ipcsim
