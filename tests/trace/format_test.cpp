// The text that is written, and the other spellings that are read.
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/trace/trace.hpp"

namespace ipcsim {
namespace {

std::string line_of(EventBody body) {
  Event event;
  event.body = std::move(body);
  return format_event(event);
}

// What `line` becomes when it is read and written again.
std::string rewritten(std::string_view line) {
  const auto event = parse_event(line);
  return event ? format_event(*event) : event.error();
}

constexpr TaskId kOne{1};
constexpr TaskId kTwo{2};

TEST(TraceFormat, EachEventHasItsLine) {
  const Call pipe2 = Pipe2Call{.flags = OpenFlags{kONonblock}};
  EXPECT_EQ(line_of(CallEvent{kOne, pipe2, SysResult::success(0, PipeFds{Fd{3}, Fd{4}})}),
            R"({"task":1,"call":"pipe2","flags":["O_NONBLOCK"],"ret":0,"out":{"pipefd":[3,4]}})");
  const Call read = ReadCall{.fd = Fd{3}, .buf = {.data = {}, .len = 100}};
  EXPECT_EQ(line_of(CallEvent{kTwo, read, std::nullopt}),
            R"({"task":2,"call":"read","fd":3,"count":100})");
  EXPECT_EQ(line_of(SleepEvent{kTwo, "read"}), R"({"task":2,"sleep":"read"})");
  const ReadBytes hello{Payload::of_bytes("hello")};
  EXPECT_EQ(line_of(ReturnEvent{kTwo, "read", SysResult::success(5, hello)}),
            R"({"task":2,"return":"read","ret":5,"out":{"buf":"hello"}})");
  const Call write = WriteCall{.fd = Fd{4}, .buf = {.data = Payload::of_bytes("x"), .len = 1}};
  EXPECT_EQ(line_of(CallEvent{kOne, write, SysResult::failure(Errno::kEPIPE)}),
            R"({"task":1,"call":"write","fd":4,"buf":"x","ret":-1,"errno":"EPIPE"})");
  EXPECT_EQ(line_of(DiedEvent{kOne, kSigpipe}), R"({"task":1,"died":"SIGPIPE"})");
  EXPECT_EQ(line_of(DiedEvent{kOne, Signal{}}), R"({"task":1,"died":"exit"})");
  EXPECT_EQ(line_of(SignalEvent{kTwo, kSigusr1}), R"({"task":2,"signal":"SIGUSR1"})");
  EXPECT_EQ(line_of(HandledEvent{kTwo, SignalInfo::of(kSigusr1, kSiTkill, TaskId{1})}),
            R"({"task":2,"handled":"SIGUSR1","si_code":"SI_TKILL","si_pid":1})");
  EXPECT_EQ(line_of(HandledEvent{kTwo, SignalInfo::of(kSigusr1, kSiUnknown)}),
            R"({"task":2,"handled":"SIGUSR1"})");
  EXPECT_EQ(line_of(SignalEvent{kTwo, Signal{40}}), R"({"task":2,"signal":40})");
  EXPECT_EQ(line_of(AdvanceEvent{Nanoseconds{1'000'000}}), R"({"advance_ns":1000000})");
  EXPECT_EQ(line_of(OtherFdEvent{kOne, Fd{5}, true, "/etc/passwd"}),
            R"({"task":1,"other_fd":5,"cloexec":true,"what":"/etc/passwd"})");
  EXPECT_EQ(line_of(NoteEvent{"a \"remark\""}), R"({"note":"a \"remark\""})");
}

TEST(TraceFormat, TimeAndOriginStandLast) {
  Event event;
  event.body = NoteEvent{"x"};
  event.time_ns = -5;
  event.origin = "log:17";
  event.line = 3;
  EXPECT_EQ(format_event(event), R"({"note":"x","time_ns":-5,"origin":"log:17"})");
}

// Optional parameters with their default stay out; the required ones are there also when they are
// 0.
TEST(TraceFormat, CallsShowWhatIsNotTheDefault) {
  EXPECT_EQ(line_of(CallEvent{kOne, Pipe2Call{}, std::nullopt}), R"({"task":1,"call":"pipe2"})");
  EXPECT_EQ(line_of(CallEvent{kOne, ReadCall{}, std::nullopt}),
            R"({"task":1,"call":"read","fd":0,"count":0})");
  EXPECT_EQ(line_of(CallEvent{kOne, PollCall{}, std::nullopt}),
            R"({"task":1,"call":"poll","fds":[]})");
  EXPECT_EQ(line_of(CallEvent{kOne, PollCall{.fds = {}, .timeout = 0}, std::nullopt}),
            R"({"task":1,"call":"poll","fds":[],"timeout":0})");
  EXPECT_EQ(line_of(CallEvent{kOne, MkfifoCall{.pathname = "f"}, std::nullopt}),
            R"({"task":1,"call":"mkfifo","pathname":"f"})");
  EXPECT_EQ(line_of(CallEvent{kOne, MkfifoCall{.pathname = "f", .mode = 0}, std::nullopt}),
            R"({"task":1,"call":"mkfifo","pathname":"f","mode":"0000"})");
  EXPECT_EQ(line_of(CallEvent{kOne, MqOpenCall{}, std::nullopt}), R"({"task":1,"call":"mq_open"})");
}

TEST(TraceFormat, LongerCallsReadLikeTheManualPage) {
  const MqOpenCall mq_open{.name = UserPtr<std::string>::of("q"),
                           .oflag = OpenFlags{kORdwr | kOCreat | kOExcl},
                           .mode = 0600,
                           .attr = UserPtr<MqAttr>::of({.mq_maxmsg = 10, .mq_msgsize = 8})};
  EXPECT_EQ(line_of(CallEvent{kOne, mq_open, SysResult::success(3)}),
            R"({"task":1,"call":"mq_open","name":"q","oflag":["O_RDWR","O_CREAT","O_EXCL"],)"
            R"("mode":"0600","attr":{"mq_maxmsg":10,"mq_msgsize":8},"ret":3})");
  const MqTimedreceiveCall receive{.mqdes = Fd{3},
                                   .msg = {.data = {}, .len = 8},
                                   .msg_prio = OutPtr::kNull,
                                   .abs_timeout = UserPtr<Timespec>::of({.tv_sec = 2})};
  const ReceivedMessage message{Payload::of_bytes("hi"), std::nullopt};
  EXPECT_EQ(line_of(CallEvent{kOne, receive, SysResult::success(2, message)}),
            R"({"task":1,"call":"mq_timedreceive","mqdes":3,"msg_len":8,"msg_prio":null,)"
            R"("abs_timeout":{"tv_sec":2},"ret":2,"out":{"msg_ptr":"hi"}})");
  const PollCall poll{.fds = {{Fd{3}, PollEvents{1}}, {Fd{-1}, PollEvents{}}}, .timeout = 10};
  EXPECT_EQ(
      line_of(
          CallEvent{kOne, poll, SysResult::success(1, Revents{{PollEvents{0x11}, PollEvents{}}})}),
      R"({"task":1,"call":"poll","fds":[{"fd":3,"events":["POLLIN"]},{"fd":-1}],"timeout":10,)"
      R"("ret":1,"out":{"revents":[["POLLIN","POLLHUP"],[]]}})");
  const RtSigactionCall sigaction{.signum = kSigpipe,
                                  .handler = Disposition::kHandler,
                                  .sa_flags = SaFlags{kSaRestart | 0x100}};
  EXPECT_EQ(line_of(CallEvent{kOne, sigaction, std::nullopt}),
            R"({"task":1,"call":"rt_sigaction","signum":"SIGPIPE","handler":"handler",)"
            R"("sa_flags":["SA_RESTART",256]})");
}

TEST(TraceFormat, OtherSpellingsMeanTheSame) {
  EXPECT_EQ(rewritten(R"({"call":"pipe2","flags":2048,"task":1})"),
            R"({"task":1,"call":"pipe2","flags":["O_NONBLOCK"]})");
  EXPECT_EQ(rewritten(R"({"task":1,"call":"pipe2","flags":"O_NOTIFICATION_PIPE"})"),
            R"({"task":1,"call":"pipe2","flags":["O_EXCL"]})");
  EXPECT_EQ(rewritten(R"({"task":1,"call":"open","pathname":"f","flags":["O_RDONLY"],"mode":384})"),
            R"({"task":1,"call":"open","pathname":"f","mode":"0600"})");
  EXPECT_EQ(rewritten(R"({"task":1,"call":"fcntl","fd":3,"cmd":4,"arg":2048})"),
            R"({"task":1,"call":"fcntl","fd":3,"cmd":"F_SETFL","arg":["O_NONBLOCK"]})");
  EXPECT_EQ(rewritten(R"({"task":1,"call":"fcntl","fd":3,"cmd":"F_SETFD","arg":["FD_CLOEXEC"]})"),
            R"({"task":1,"call":"fcntl","fd":3,"cmd":"F_SETFD","arg":["FD_CLOEXEC"]})");
  EXPECT_EQ(rewritten(R"({"task":1,"call":"fcntl","fd":3,"cmd":"F_SETPIPE_SZ","arg":-1})"),
            R"({"task":1,"call":"fcntl","fd":3,"cmd":"F_SETPIPE_SZ","arg":-1})");
  EXPECT_EQ(rewritten(R"({"task":1,"return":"close","ret":-1,"errno":9})"),
            R"({"task":1,"return":"close","ret":-1,"errno":"EBADF"})");
  EXPECT_EQ(rewritten(R"({"task":1,"call":"mq_open","name":null,"attr":{"mapped":0}})"),
            R"({"task":1,"call":"mq_open","attr":{"mapped":0}})");
}

TEST(TraceFormat, HeaderShowsWhatIsNotTheDefault) {
  Trace trace;
  trace.header.title = "t";
  EXPECT_EQ(format_trace(trace), "{\"ipcsim_trace\":1,\"title\":\"t\",\"order\":\"settled\"}\n");
  Environment& environment = trace.header.environment;
  trace.header.order = TraceOrder::kObserved;
  environment.kernel = "6.18.44";
  environment.profile = "linux-6.18";
  environment.page_size = 65536;
  environment.caps.add(Cap::kSysAdmin).bits |= 1U << 9U;
  environment.mq_limits.mq_msg_max = 5;
  environment.pipe_limits.pipe_user_pages_hard = 9;
  environment.realtime_ns = 0;
  environment.tasks = {
      {.task = TaskId{1}, .uid = 5, .nice = -3, .other_fds = {Fd{0}, Fd{2}}},
      {.task = TaskId{3}, .rlimit_nofile = 8, .rlimit_msgqueue = 0, .other_fds = {}}};
  EXPECT_EQ(format_trace(trace),
            R"({"ipcsim_trace":1,"title":"t","order":"observed","kernel":"6.18.44",)"
            R"("profile":"linux-6.18","page_size":65536,"caps":["CAP_SYS_ADMIN",9],)"
            R"("limits":{"pipe_user_pages_hard":9,"mq_msg_max":5},"realtime_ns":0,)"
            R"("tasks":[{"task":1,"uid":5,"nice":-3,"other_fds":[0,2]},)"
            R"({"task":3,"rlimit_nofile":8,"rlimit_msgqueue":0}]})"
            "\n");
}

// The first lines that the format's description has, as it has them.
TEST(TraceFormat, HeaderWithEveryDefaultWrittenOutIsTheDefault) {
  const auto trace = parse_trace(
      R"({"ipcsim_trace":1,"title":"","order":"settled","kernel":"","profile":"","page_size":4096,)"
      R"("caps":[],"limits":{"pipe_max_size":1048576,"pipe_user_pages_soft":16384,)"
      R"("pipe_user_pages_hard":0,"mq_queues_max":256,"mq_msg_max":10,"mq_msgsize_max":8192,)"
      R"("mq_msg_default":10,"mq_msgsize_default":8192},"realtime_ns":1700000000000000000,)"
      R"("tasks":[{"task":1,"uid":0,"nice":0,"rlimit_nofile":1024,"rlimit_msgqueue":819200,)"
      R"("other_fds":[]}]})",
      "t");
  ASSERT_TRUE(trace) << trace.error().text();
  EXPECT_TRUE(trace->header == TraceHeader{});
}

TEST(TraceFormat, LineEndsAndBlankLinesAndByteOrderMarkDoNotMatter) {
  const auto trace = parse_trace(
      "\xef\xbb\xbf\r\n  \n{\"ipcsim_trace\":1}\r\n\r\n\t\n {\"note\":\"x\"} "
      "\r\n\n{\"note\":\"y\"}",
      "t");
  ASSERT_TRUE(trace) << trace.error().text();
  ASSERT_EQ(trace->events.size(), 2U);
  EXPECT_EQ(trace->events[0].line, 6U);
  EXPECT_EQ(trace->events[1].line, 8U);
  EXPECT_EQ(trace->name, "t");
}

}  // namespace
}  // namespace ipcsim
