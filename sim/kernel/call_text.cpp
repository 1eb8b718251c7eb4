// Calls and results as text for people, in the manner of strace.
#include <fmt/format.h>

#include "model/base/text.hpp"
#include "sim/kernel/call.hpp"

namespace ipcsim {
namespace {

constexpr std::size_t kShownBytes = 32;

/// Text with everything but printable ASCII escaped.
std::string quoted(std::string_view bytes) {
  std::string text = "\"";
  for (const char c : bytes) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '\n') {
      text += "\\n";
    } else if (c == '"' || c == '\\') {
      text += '\\';
      text += c;
    } else if (code < 0x20 || code >= 0x7f) {
      text += fmt::format("\\x{:02x}", code);
    } else {
      text += c;
    }
  }
  return text + '"';
}

std::string payload_text(const Payload& payload) {
  if (const auto pattern = payload.pattern()) {
    return fmt::format("<{} bytes of pattern {}>", payload.len(), *pattern);
  }
  if (payload.len() > 0 && payload.known_len() == 0) {
    return fmt::format("<{} bytes>", payload.len());
  }
  const std::string_view shown = payload.stored_bytes().substr(0, kShownBytes);
  return quoted(shown) + (shown.size() < payload.len() ? "..." : "");
}

std::string segment_text(const UserSegment& segment) {
  if (segment.mapped == 0) {
    return "<bad pointer>";
  }
  const std::string text = payload_text(segment.data);
  return segment.mapped < segment.len ? fmt::format("{}<{} bytes mapped>", text, segment.mapped)
                                      : text;
}

/// "[a, b]"
template <class Range, class F>
std::string listed(const Range& range, F text) {
  return "[" + joined(range, ", ", text) + "]";
}

std::string owner_text(const OwnerEx& owner) {
  const std::string_view type = owner.type == OwnerType::kTid   ? "F_OWNER_TID"
                                : owner.type == OwnerType::kPid ? "F_OWNER_PID"
                                                                : "F_OWNER_PGRP";
  return fmt::format("{{{}, task {}}}", type, owner.pid.v);
}

/// Collects the arguments of a call.
class Arguments {
 public:
  void field(std::string_view /*name*/, const auto& value) { add(text(value)); }
  void field(std::string_view /*name*/, const UserPtr<OwnerEx>& value) {
    if (!value.is_null()) {
      add(text(value));
    }
  }
  void entry(MqEntry value) {
    if (value != MqEntry::kSyscall) {
      add(value == MqEntry::kIa32 ? "<ia32>" : "<libc>");
    }
  }
  void mode(std::string_view /*name*/, u32 value) { add(fmt::format("{:#o}", value)); }
  void fcntl_arg(std::string_view /*name*/, FcntlCmd cmd, i64 arg) {
    if (cmd.v == kFSetownEx || cmd.v == kFGetownEx || cmd.v == kFGetown || cmd.v == kFGetsig) {
      return;
    }
    if (cmd.v == kFSetfl) {
      add(flags_text(open_flag_names(), static_cast<u64>(arg), "0"));
    } else if (cmd.v == kFSetfd) {
      add(flags_text(fd_flag_names(), static_cast<u64>(arg), "0"));
    } else if (cmd.v != kFGetfl && cmd.v != kFGetfd && cmd.v != kFGetpipeSz) {
      add(fmt::format("{}", arg));
    }
  }
  void in_buffer(std::string_view /*pointer*/, std::string_view /*len*/, const UserSegment& buf) {
    add(segment_text(buf));
    add(fmt::format("{}", buf.len));
  }
  void out_buffer(std::string_view /*pointer*/, std::string_view /*len*/, const UserSegment& buf) {
    if (buf.mapped < buf.len) {
      add(buf.mapped == 0 ? "<bad pointer>" : fmt::format("<{} bytes mapped>", buf.mapped));
    }
    add(fmt::format("{}", buf.len));
  }
  void in_iov(std::string_view /*name*/, const std::vector<UserSegment>& iov) {
    add(listed(iov, segment_text));
  }
  void out_iov(std::string_view /*name*/, const std::vector<UserSegment>& iov) {
    add(listed(iov, [](const UserSegment& s) { return fmt::format("{}", s.len); }));
  }

  void page_iov(std::string_view /*name*/, const std::vector<PageSegment>& iov) {
    add(listed(iov, [](const PageSegment& s) {
      const bool room = s.memory.data.len() == 0 && s.memory.mapped >= s.memory.len;
      const std::string bytes = room ? fmt::format("{}", s.memory.len) : segment_text(s.memory);
      return s.page.empty() ? bytes : fmt::format("{} at {}+{}", bytes, s.page, s.offset);
    }));
  }
  void payload(std::string_view /*name*/, const Payload& bytes) { add(payload_text(bytes)); }
  /// Bytes that few calls have.
  void field(std::string_view name, const UserPtr<Payload>& bytes) {
    if (!bytes.is_null()) {
      add(fmt::format("{} {}", name, bytes.is_bad() ? "<bad pointer>" : payload_text(bytes.value)));
    }
  }

  [[nodiscard]] const std::string& joined() const { return text_; }

 private:
  void add(std::string_view argument) {
    text_ += text_.empty() ? "" : ", ";
    text_ += argument;
  }

  template <class Tag, class Rep>
  static std::string text(Strong<Tag, Rep> v) {
    return fmt::format("{}", v.v);
  }
  static std::string text(std::integral auto v) { return fmt::format("{}", v); }
  static std::string text(OpenFlags v) { return flags_text(open_flag_names(), v.v, "0"); }
  static std::string text(RwFlags v) { return flags_text(rw_flag_names(), v.v, "0"); }
  static std::string text(EpollEvents v) { return flags_text(epoll_event_names(), v.v, "0"); }
  static std::string text(EpollCtlOp v) { return named(epoll_ctl_names(), v.v); }
  static std::string text(const EpollEvent& v) {
    return fmt::format("{{{}, data={}}}", text(v.events), v.data);
  }
  static std::string text(const Timeval& t) { return fmt::format("{}.{:06}", t.tv_sec, t.tv_usec); }
  static std::string text(const OwnerEx& v) { return owner_text(v); }
  static std::string text(const std::vector<Fd>& fds) {
    return listed(fds, [](Fd fd) { return fmt::format("{}", fd.v); });
  }
  static std::string text(CloneFlags v) { return flags_text(clone_flag_names(), v.v, "0"); }
  static std::string text(SaFlags v) { return flags_text(sa_flag_names(), v.v, "0"); }
  static std::string text(SpliceFlags v) { return flags_text(splice_flag_names(), v.v, "0"); }
  static std::string text(PollEvents v) { return flags_text(poll_event_names(), v.v, "0"); }
  static std::string text(LockOperation v) { return flags_text(lock_names(), v.v, "0"); }
  static std::string text(MapProt v) { return flags_text(map_prot_names(), v.v, "0"); }
  static std::string text(MapFlags v) { return flags_text(map_flag_names(), v.v, "0"); }
  static std::string text(MountFlags v) { return flags_text(mount_flag_names(), v.v, "0"); }
  static std::string text(CloseRangeFlags v) { return flags_text(close_range_names(), v.v, "0"); }
  static std::string text(Whence v) { return named(whence_names(), v.v); }
  static std::string text(Caps v) {
    return v.bits == 0 ? std::string("no capabilities") : fmt::format("capabilities {:#x}", v.bits);
  }
  static std::string text(const std::vector<u32>& numbers) {
    return listed(numbers, [](u32 number) { return fmt::format("{}", number); });
  }
  static std::string text(Signal v) { return signal_name(v); }
  static std::string text(FcntlCmd v) { return named(fcntl_names(), v.v); }
  static std::string text(IoctlRequest v) { return named(ioctl_names(), v.v); }
  static std::string text(Resource v) { return named(rlimit_names(), v.v); }
  static std::string text(TaskId v) { return fmt::format("task {}", v.v); }
  static std::string text(const std::string& v) { return quoted(v); }
  static std::string text(OutPtr v) {
    return v == OutPtr::kValid ? "&" : v == OutPtr::kNull ? "NULL" : "<bad pointer>";
  }
  static std::string text(Disposition v) {
    return v == Disposition::kDefault  ? "SIG_DFL"
           : v == Disposition::kIgnore ? "SIG_IGN"
                                       : "handler";
  }
  static std::string text(MaskHow v) {
    return v == MaskHow::kBlock     ? "SIG_BLOCK"
           : v == MaskHow::kUnblock ? "SIG_UNBLOCK"
                                    : "SIG_SETMASK";
  }
  static std::string text(const Timespec& t) {
    return fmt::format("{}.{:09}", t.tv_sec, t.tv_nsec);
  }
  static std::string text(const MqAttr& a) {
    return fmt::format("{{flags={}, maxmsg={}, msgsize={}}}",
                       flags_text(open_flag_names(), static_cast<u64>(a.mq_flags), "0"),
                       a.mq_maxmsg, a.mq_msgsize);
  }
  static std::string text(SigevNotify v) { return named(sigev_names(), v.v); }
  static std::string text(PriorityWhich v) { return named(priority_which_names(), v.v); }
  static std::string text(SchedPolicy v) { return named(sched_policy_names(), v.v); }
  static std::string text(SocketFamily v) { return named(socket_family_names(), v.v); }
  static std::string text(SocketType v) { return flags_text(socket_type_names(), v.v, "0"); }
  static std::string text(MsgFlags v) { return flags_text(msg_flag_names(), v.v, "0"); }
  static std::string text(const SigEvent& e) {
    if (e.sigev_notify.v == kSigevThread) {
      return fmt::format("{{SIGEV_THREAD, socket={}, cookie={}}}", e.sigev_signo,
                         e.cookie.kind == UserPtr<Payload>::Kind::kValue
                             ? payload_text(e.cookie.value)
                             : "<bad pointer>");
    }
    const auto signo = static_cast<u32>(e.sigev_signo);
    return fmt::format(
        "{{{}, signo={}, value={}}}", text(e.sigev_notify),
        e.sigev_signo > 0 ? signal_name(Signal{signo}) : fmt::format("{}", e.sigev_signo),
        e.sigev_value);
  }
  static std::string text(const std::vector<PollFd>& fds) {
    return listed(fds,
                  [](const PollFd& p) { return fmt::format("{}:{}", p.fd.v, text(p.events)); });
  }
  static std::string text(const std::vector<Signal>& set) {
    return listed(set, [](Signal s) { return signal_name(s); });
  }
  template <class T>
  static std::string text(const UserPtr<T>& p) {
    return p.is_null() ? "NULL" : p.is_bad() ? "<bad pointer>" : text(p.value);
  }
  static std::string named(std::span<const NamedNumber> names, u64 number) {
    const auto name = name_of(names, number);
    return name ? std::string(*name) : fmt::format("{:#x}", number);
  }

  std::string text_;
};

struct OutputText {
  std::string operator()(const std::monostate& /*out*/) const { return {}; }
  std::string operator()(const PipeFds& out) const {
    return fmt::format(" pipefd=[{}, {}]", out.read.v, out.write.v);
  }
  std::string operator()(const ReadBytes& out) const { return " " + payload_text(out.buf); }
  std::string operator()(const ReceivedMessage& out) const {
    return " " + payload_text(out.msg) +
           (out.msg_prio ? fmt::format(" prio {}", *out.msg_prio) : "");
  }
  std::string operator()(const MqAttr& out) const {
    return fmt::format(" {{flags={:#o}, maxmsg={}, msgsize={}, curmsgs={}}}", out.mq_flags,
                       out.mq_maxmsg, out.mq_msgsize, out.mq_curmsgs);
  }
  std::string operator()(const StatOut& out) const {
    return fmt::format(
        " {{ino={}, mode={:#o}, nlink={}, uid={}, gid={}, size={}, blocks={}, changed={}}}",
        out.ino, out.mode, out.nlink, out.uid, out.gid, out.size, out.blocks,
        flags_text(stat_time_names(), out.changed.v, "0"));
  }
  std::string operator()(const StatfsOut& out) const {
    return fmt::format(" {{type={:#x}, bsize={}}}", out.type, out.bsize);
  }
  std::string operator()(const IdsOut& out) const {
    return fmt::format(" [{}, {}, {}]", out.real, out.effective, out.saved);
  }
  std::string operator()(const ValueOut& out) const { return fmt::format(" [{}]", out.value); }
  std::string operator()(const SocketFds& out) const {
    return fmt::format(" sv=[{}, {}]", out.first.v, out.second.v);
  }
  std::string operator()(const ReceivedRights& out) const {
    return " " + payload_text(out.buf) +
           " rights=" + listed(out.rights, [](Fd fd) { return fmt::format("{}", fd.v); });
  }
  std::string operator()(const IntOut& out) const { return fmt::format(" [{}]", out.value); }
  std::string operator()(const Offsets& out) const {
    std::string text;
    for (const std::optional<i64>& offset : {out.off_in, out.off_out, out.offset}) {
      text += offset ? fmt::format(" => [{}]", *offset) : "";
    }
    return text;
  }
  std::string operator()(const OwnerEx& out) const { return " " + owner_text(out); }
  std::string operator()(const SelectedFds& out) const {
    std::string text;
    const auto add = [&](std::string_view name, const std::optional<std::vector<Fd>>& set) {
      if (set) {
        text += fmt::format(" {} {}", name,
                            listed(*set, [](Fd fd) { return fmt::format("{}", fd.v); }));
      }
    };
    add("in", out.readfds);
    add("out", out.writefds);
    add("except", out.exceptfds);
    return text;
  }
  std::string operator()(const EpollEventList& out) const {
    return " " + listed(out.events, [](const EpollEvent& e) {
             return fmt::format("{}:{}", e.data, flags_text(epoll_event_names(), e.events.v, "0"));
           });
  }
  std::string operator()(const Revents& out) const {
    return " " + listed(out.revents,
                        [](PollEvents e) { return flags_text(poll_event_names(), e.v, "0"); });
  }
};

}  // namespace

std::string to_text(const Call& call) {
  return visit(
      [](const auto& c) {
        Arguments arguments;
        c.each_field(c, arguments);
        return fmt::format("{}({})", c.kName, arguments.joined());
      },
      call);
}

std::string to_text(const SysResult& result) {
  if (result.error != Errno::kOk) {
    return fmt::format("-1 {}", errno_name(result.error));
  }
  return fmt::format("{}{}", result.ret, visit(OutputText{}, result.out));
}

std::string to_text(const Completion& completion) {
  switch (completion.kind) {
    case Completion::Kind::kReturned:
      return to_text(completion.result);
    case Completion::Kind::kDied:
      return completion.signal.v == 0 ? std::string("died: its process ended")
                                      : "killed by " + signal_name(completion.signal);
    case Completion::Kind::kNotModelled:
      return "not modelled: " + completion.reason;
  }
  return {};
}

}  // namespace ipcsim
