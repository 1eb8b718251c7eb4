#include "tests/sim_kernel/calls.hpp"

namespace ipcsim::calls {
namespace {

constexpr u64 kMessageRoom = 8192;

}  // namespace

UserSegment bytes(std::string_view text) {
  return {.data = Payload::of_bytes(std::string(text)), .len = text.size()};
}

UserSegment room(u64 len) { return {.data = {}, .len = len}; }

Call pipe2(u32 flags, OutPtr pipefd) {
  return Pipe2Call{.flags = OpenFlags{flags}, .pipefd = pipefd};
}
Call read(i32 fd, u64 count) { return ReadCall{.fd = Fd{fd}, .buf = room(count)}; }
Call write(i32 fd, std::string_view text) { return WriteCall{.fd = Fd{fd}, .buf = bytes(text)}; }
Call write(i32 fd, u64 count) {
  return WriteCall{.fd = Fd{fd}, .buf = {.data = Payload::of_pattern(count, 0), .len = count}};
}
Call readv(i32 fd, std::vector<UserSegment> iov) {
  return ReadvCall{.fd = Fd{fd}, .iov = std::move(iov)};
}
Call writev(i32 fd, std::vector<UserSegment> iov) {
  return WritevCall{.fd = Fd{fd}, .iov = std::move(iov)};
}
Call close(i32 fd) { return CloseCall{.fd = Fd{fd}}; }
Call dup(i32 fd) { return DupCall{.oldfd = Fd{fd}}; }
Call dup2(i32 oldfd, i32 newfd) { return Dup2Call{.oldfd = Fd{oldfd}, .newfd = Fd{newfd}}; }
Call dup3(i32 oldfd, i32 newfd, u32 flags) {
  return Dup3Call{.oldfd = Fd{oldfd}, .newfd = Fd{newfd}, .flags = OpenFlags{flags}};
}
Call fcntl(i32 fd, u32 cmd, i64 arg) {
  return FcntlCall{.fd = Fd{fd}, .cmd = FcntlCmd{cmd}, .arg = arg};
}
Call ioctl(i32 fd, u32 request, i32 value, OutPtr arg) {
  return IoctlCall{.fd = Fd{fd}, .request = IoctlRequest{request}, .arg = arg, .value = value};
}
Call poll(i32 fd, u32 events, i32 timeout) {
  return poll({{.fd = Fd{fd}, .events = PollEvents{events}}}, timeout);
}
Call poll(std::vector<PollFd> fds, i32 timeout) {
  return PollCall{.fds = std::move(fds), .timeout = timeout};
}
Call open(std::string_view path, u32 flags) {
  return OpenCall{.pathname = std::string(path), .flags = OpenFlags{flags}};
}
Call mkfifo(std::string_view path) { return MkfifoCall{.pathname = std::string(path)}; }
Call unlink(std::string_view path) { return UnlinkCall{.pathname = std::string(path)}; }

Call splice(i32 in, i32 out, u64 len, u32 flags) {
  return SpliceCall{.fd_in = Fd{in},
                    .off_in = {},
                    .fd_out = Fd{out},
                    .off_out = {},
                    .len = len,
                    .flags = SpliceFlags{flags}};
}
Call tee(i32 in, i32 out, u64 len, u32 flags) {
  return TeeCall{.fd_in = Fd{in}, .fd_out = Fd{out}, .len = len, .flags = SpliceFlags{flags}};
}
Call sendfile(i32 out, i32 in, u64 count) {
  return SendfileCall{.out_fd = Fd{out}, .in_fd = Fd{in}, .offset = {}, .count = count};
}
PageSegment in_page(std::string page, u32 offset, std::string_view text, u64 len) {
  PageSegment segment{.memory = bytes(text), .page = std::move(page), .offset = offset};
  segment.memory.len = len == 0 ? text.size() : len;
  return segment;
}
Call vmsplice(i32 fd, std::vector<PageSegment> iov, u32 flags) {
  return VmspliceCall{.fd = Fd{fd}, .iov = std::move(iov), .flags = SpliceFlags{flags}};
}
Call store(std::string page, u32 offset, std::string_view text) {
  return StoreCall{
      .page = std::move(page), .offset = offset, .buf = Payload::of_bytes(std::string(text))};
}

Call mq_open(std::string_view name, u32 flags, u32 mode) {
  return MqOpenCall{.name = UserPtr<std::string>::of(std::string(name)),
                    .oflag = OpenFlags{flags},
                    .mode = mode,
                    .attr = {}};
}
Call mq_open(std::string_view name, u32 flags, i64 maxmsg, i64 msgsize, u32 mode) {
  return MqOpenCall{.name = UserPtr<std::string>::of(std::string(name)),
                    .oflag = OpenFlags{flags},
                    .mode = mode,
                    .attr = UserPtr<MqAttr>::of({.mq_maxmsg = maxmsg, .mq_msgsize = msgsize})};
}
Call mq_unlink(std::string_view name) {
  return MqUnlinkCall{.name = UserPtr<std::string>::of(std::string(name))};
}
Call mq_send(i32 mqdes, std::string_view text, u32 prio) {
  return MqTimedsendCall{
      .mqdes = Fd{mqdes}, .msg = bytes(text), .msg_prio = prio, .abs_timeout = {}};
}
Call mq_send_until(i32 mqdes, std::string_view text, Timespec until) {
  return MqTimedsendCall{
      .mqdes = Fd{mqdes}, .msg = bytes(text), .abs_timeout = UserPtr<Timespec>::of(until)};
}
Call mq_receive(i32 mqdes) {
  return MqTimedreceiveCall{.mqdes = Fd{mqdes}, .msg = room(kMessageRoom), .abs_timeout = {}};
}
Call mq_receive_until(i32 mqdes, Timespec until) {
  return MqTimedreceiveCall{
      .mqdes = Fd{mqdes}, .msg = room(kMessageRoom), .abs_timeout = UserPtr<Timespec>::of(until)};
}
Call mq_notify(i32 mqdes, SigEvent event) {
  return MqNotifyCall{.mqdes = Fd{mqdes}, .sevp = UserPtr<SigEvent>::of(std::move(event))};
}
Call mq_notify(i32 mqdes) { return MqNotifyCall{.mqdes = Fd{mqdes}, .sevp = {}}; }
Call socket(u32 family, u32 type) {
  return SocketCall{.domain = SocketFamily{family}, .type = SocketType{type}};
}
Call recv_cookie(i32 sockfd) {
  return RecvfromCall{
      .sockfd = Fd{sockfd}, .buf = room(kNotifyCookieLen), .flags = MsgFlags{kMsgDontwait}};
}
Call setpriority(u32 who, i32 nice) {
  return SetpriorityCall{.which = {}, .who = TaskId{who}, .prio = nice};
}
Call unshare(u64 flags) { return UnshareCall{CloneFlags{flags}}; }
Call mq_getattr(i32 mqdes) { return MqGetsetattrCall{.mqdes = Fd{mqdes}, .newattr = {}}; }
Call mq_set_nonblock(i32 mqdes, bool on) {
  return MqGetsetattrCall{
      .mqdes = Fd{mqdes},
      .newattr = UserPtr<MqAttr>::of({.mq_flags = on ? i64{kONonblock} : i64{0}}),
      .oldattr = OutPtr::kNull};
}

Call fork(u32 child) { return ForkCall{.child = TaskId{child}}; }
Call vfork(u32 child) { return VforkCall{.child = TaskId{child}}; }
Call clone(u64 flags, u32 child) {
  return CloneCall{.flags = CloneFlags{flags}, .child = TaskId{child}};
}
Call thread(u32 child) { return clone(kThread, child); }
Call exec() { return ExecveCall{.pathname = "/bin/true"}; }
Call exit() { return ExitCall{}; }
Call exit_group() { return ExitGroupCall{}; }
Call kill(u32 pid, Signal signal) { return KillCall{.pid = TaskId{pid}, .sig = signal}; }
Call tgkill(u32 tgid, u32 tid, Signal signal) {
  return TgkillCall{.tgid = TaskId{tgid}, .tid = TaskId{tid}, .sig = signal};
}
Call sigaction(Signal signal, Disposition handler, u32 flags) {
  return RtSigactionCall{.signum = signal, .handler = handler, .sa_flags = SaFlags{flags}};
}
Call sigprocmask(MaskHow how, std::vector<Signal> set) {
  return RtSigprocmaskCall{.how = how, .set = std::move(set)};
}
Call setrlimit(u32 resource, u64 value) {
  return SetrlimitCall{.resource = Resource{resource}, .rlim_cur = value};
}

}  // namespace ipcsim::calls
