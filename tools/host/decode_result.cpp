#include "tools/host/decode_result.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string>

#include <fmt/format.h>

#include "sim/kernel/sys_mqueue.hpp"
#include "tools/host/agent/raw_syscall.hpp"
#include "tools/host/host_flags.hpp"
#include "tools/host/kernel_structs.hpp"

namespace ipcsim::host {
namespace {

template <class T>
T value_at(const std::byte* window, u64 offset) {
  T value;
  std::memcpy(&value, window + offset, sizeof value);
  return value;
}

/// The text of a queue names a process by its pid: a trace has the task that leads it. A piece of
/// text that has only a part of the number stays as it is.
Payload with_task_numbers(Payload read, const TaskTable& tasks, u32 pid_space) {
  constexpr std::string_view kStart = "QSIZE:";
  constexpr std::string_view kField = "NOTIFY_PID:";
  constexpr std::size_t kColumns = 6;
  std::string text = read.to_string();
  const std::size_t at = text.find(kField) + kField.size();
  if (!text.starts_with(kStart) || text.find(kField) == std::string::npos ||
      text.size() < at + kColumns) {
    return read;
  }
  i32 pid = 0;
  std::from_chars(text.data() + at, text.data() + at + kColumns, pid);
  text.replace(at, kColumns, fmt::format("{:<6}", tasks.leader_of(pid, pid_space).v));
  return Payload::of_bytes(text);
}

/// Reads what a successful call left in its window.
class Decoder {
 public:
  Decoder(i64 ret, const std::byte* window, const CallInProgress& progress, RunBook& book,
          const TaskTable& tasks, u32 pid_space)
      : ret_(ret),
        window_(window),
        progress_(progress),
        book_(book),
        tasks_(tasks),
        pid_space_(pid_space) {}

  SysResult operator()(const Pipe2Call& /*call*/) const {
    return with(PipeFds{Fd{out<i32>(0)}, Fd{out<i32>(sizeof(i32))}});
  }
  SysResult operator()(const ReadCall& /*call*/) const { return bytes_read(); }
  SysResult operator()(const ReadvCall& /*call*/) const { return bytes_read(); }
  SysResult operator()(const Pread64Call& /*call*/) const { return bytes_read(); }
  SysResult operator()(const PreadvCall& /*call*/) const { return bytes_read(); }
  SysResult operator()(const Preadv2Call& /*call*/) const { return bytes_read(); }
  SysResult operator()(const RecvfromCall& /*call*/) const { return bytes_read(); }

  SysResult operator()(const VmspliceCall& call) const {
    const bool given = std::ranges::any_of(call.iov, [](const PageSegment& segment) {
      return !segment.page.empty() || segment.memory.data.len() > 0;
    });
    return given ? SysResult::success(ret_) : bytes_read();
  }
  SysResult operator()(const SpliceCall& call) const {
    if (call.off_in.is_null() && call.off_out.is_null()) {
      return SysResult::success(ret_);
    }
    return with(call.off_in.is_null() ? Offsets{.off_out = out<i64>(0)}
                                      : Offsets{.off_in = out<i64>(0)});
  }
  SysResult operator()(const SendfileCall& call) const {
    return call.offset.is_null() ? SysResult::success(ret_) : with(Offsets{.offset = out<i64>(0)});
  }
  SysResult operator()(const MqTimedreceiveCall& call) const {
    ReceivedMessage message{gather(), std::nullopt};
    if (call.msg_prio == OutPtr::kValid) {
      message.msg_prio = out<u32>(0);
    }
    return with(std::move(message));
  }
  SysResult operator()(const MqGetsetattrCall& call) const {
    if (call.oldattr != OutPtr::kValid) {
      return SysResult::success(ret_);
    }
    if (call.entry == MqEntry::kIa32) {
      const auto attr = out<Ia32MqAttr>(0);
      return with(MqAttr{.mq_flags = attr.flags,
                         .mq_maxmsg = attr.maxmsg,
                         .mq_msgsize = attr.msgsize,
                         .mq_curmsgs = attr.curmsgs});
    }
    const auto attr = out<KernelMqAttr>(0);
    return with(MqAttr{.mq_flags = attr.flags,
                       .mq_maxmsg = attr.maxmsg,
                       .mq_msgsize = attr.msgsize,
                       .mq_curmsgs = attr.curmsgs});
  }
  SysResult operator()(const IoctlCall& call) const {
    return call.request.v == kFionread || call.request.v == kFigetbsz ? with(IntOut{out<i32>(0)})
                                                                      : SysResult::success(ret_);
  }
  SysResult operator()(const PollCall& call) const { return revents(call.fds.size()); }
  SysResult operator()(const PpollCall& call) const { return revents(call.fds.size()); }
  SysResult operator()(const SelectCall& call) const { return selected(call); }
  SysResult operator()(const Pselect6Call& call) const { return selected(call); }
  SysResult operator()(const EpollWaitCall& /*call*/) const { return epoll_events(); }
  SysResult operator()(const EpollPwaitCall& /*call*/) const { return epoll_events(); }
  SysResult operator()(const EpollPwait2Call& /*call*/) const { return epoll_events(); }
  SysResult revents(u64 count) const {
    Revents revents;
    for (u64 i = 0; i < count; ++i) {
      const auto fd = out<KernelPollfd>(i * sizeof(KernelPollfd));
      revents.revents.emplace_back(static_cast<u16>(fd.revents));
    }
    return with(std::move(revents));
  }
  SysResult operator()(const FcntlCall& call) const {
    if (call.cmd.v == kFGetownEx) {
      const auto owner = out<KernelOwnerEx>(0);
      return with(OwnerEx{static_cast<OwnerType>(owner.type), TaskId{static_cast<u32>(owner.pid)}});
    }
    return SysResult::success(call.cmd.v == kFGetfl ? open_flags_from_host(static_cast<u32>(ret_))
                                                    : ret_);
  }
  SysResult operator()(const Dup2Call& call) const { return SysResult::success(call.newfd.v); }
  SysResult operator()(const ForkCall& call) const { return SysResult::success(call.child.v); }
  SysResult operator()(const VforkCall& call) const { return SysResult::success(call.child.v); }
  SysResult operator()(const CloneCall& call) const { return SysResult::success(call.child.v); }
  SysResult operator()(const FstatCall& /*call*/) const { return attributes(); }
  SysResult operator()(const StatCall& /*call*/) const { return attributes(); }
  SysResult operator()(const FstatfsCall& /*call*/) const {
    const auto fs = out<struct statfs>(0);
    return with(
        StatfsOut{.type = static_cast<u64>(fs.f_type), .bsize = static_cast<u64>(fs.f_bsize)});
  }
  SysResult operator()(const ReadlinkCall& /*call*/) const {
    const auto* text = reinterpret_cast<const char*>(window_ + progress_.out_offset);
    return link_text(std::string(text, static_cast<std::size_t>(ret_)));
  }
  SysResult operator()(const SetfsuidCall& /*call*/) const { return old_id(); }
  SysResult operator()(const SetfsgidCall& /*call*/) const { return old_id(); }
  SysResult operator()(const GetresuidCall& /*call*/) const { return three_ids(); }
  SysResult operator()(const GetresgidCall& /*call*/) const { return three_ids(); }
  SysResult operator()(const SocketpairCall& /*call*/) const {
    return with(SocketFds{Fd{out<i32>(0)}, Fd{out<i32>(sizeof(i32))}});
  }
  SysResult operator()(const RecvmsgCall& /*call*/) const {
    ReceivedRights received{.buf = gather(), .rights = {}};
    const auto header = out<KernelCmsghdr>(0);
    const bool rights = header.level == SOL_SOCKET && header.type == SCM_RIGHTS;
    for (u64 at = sizeof header; rights && at + sizeof(i32) <= header.len; at += sizeof(i32)) {
      received.rights.emplace_back(out<i32>(at));
    }
    return with(std::move(received));
  }
  SysResult operator()(const auto& /*call*/) const { return SysResult::success(ret_); }

 private:
  [[nodiscard]] SysResult selected(const auto& call) const {
    SelectedFds sets;
    const FdSetPtr* const given[] = {&call.readfds, &call.writefds, &call.exceptfds};
    std::optional<std::vector<Fd>>* const to[] = {&sets.readfds, &sets.writefds, &sets.exceptfds};
    const u64 bytes = fd_set_bytes(call.nfds);
    for (std::size_t i = 0; i < 3; ++i) {
      if (given[i]->is_null()) {
        continue;
      }
      to[i]->emplace();
      for (i32 fd = 0; fd < call.nfds; ++fd) {
        const auto word = out<u8>(i * bytes + static_cast<u64>(fd) / 8);
        if ((word >> (fd % 8) & 1U) != 0) {
          (*to[i])->push_back(Fd{fd});
        }
      }
    }
    return with(std::move(sets));
  }
  [[nodiscard]] SysResult epoll_events() const {
    EpollEventList list;
    for (i64 i = 0; i < ret_; ++i) {
      const auto event = out<KernelEpollEvent>(static_cast<u64>(i) * sizeof(KernelEpollEvent));
      list.events.push_back({.events = EpollEvents{event.events}, .data = event.data});
    }
    return with(std::move(list));
  }
  template <class T>
  [[nodiscard]] T out(u64 offset) const {
    return value_at<T>(window_, progress_.out_offset + offset);
  }
  [[nodiscard]] SysResult with(Output output) const {
    return SysResult::success(ret_, std::move(output));
  }
  [[nodiscard]] SysResult bytes_read() const {
    return ret_ == 0 ? SysResult::success(0)
                     : with(ReadBytes{with_task_numbers(gather(), tasks_, pid_space_)});
  }
  [[nodiscard]] SysResult attributes() const {
    return with(book_.files.told(out<struct stat>(0), book_.ids));
  }
  [[nodiscard]] SysResult old_id() const {
    return SysResult::success(book_.ids.from_host(static_cast<u32>(ret_)));
  }
  [[nodiscard]] SysResult three_ids() const {
    const auto id = [&](u64 index) { return book_.ids.from_host(out<u32>(index * sizeof(u32))); };
    return with(IdsOut{.real = id(0), .effective = id(1), .saved = id(2)});
  }
  /// A pipe's link has its number in the trace.
  [[nodiscard]] SysResult link_text(std::string text) const {
    constexpr std::string_view kPipe = "pipe:[";
    if (text.starts_with(kPipe)) {
      u64 inode = 0;
      std::from_chars(text.data() + kPipe.size(), text.data() + text.size(), inode);
      text = fmt::format("pipe:[{}]", book_.files.pipe_number(inode).value_or(0));
    }
    const i64 len = static_cast<i64>(text.size());
    return SysResult::success(len, ReadBytes{Payload::of_bytes(text)});
  }
  /// The first `ret_` bytes of the call's buffers.
  [[nodiscard]] Payload gather() const {
    std::string bytes;
    u64 left = static_cast<u64>(ret_);
    for (const Piece& piece : progress_.buffers) {
      const u64 len = std::min(left, piece.bytes);
      bytes.append(reinterpret_cast<const char*>(window_ + piece.offset), len);
      left -= len;
    }
    return Payload::of_bytes(bytes);
  }

  i64 ret_;
  const std::byte* window_;
  const CallInProgress& progress_;
  RunBook& book_;
  const TaskTable& tasks_;
  u32 pid_space_;  ///< whose numbers the task is told
};

bool reached_the_cut(i64 result, const CallInProgress& progress) {
  constexpr i64 kEfault = 14;
  u64 room = 0;
  for (const Piece& piece : progress.buffers) {
    room += piece.bytes;
  }
  return progress.cut && (result == -kEfault || (result >= 0 && static_cast<u64>(result) >= room));
}

}  // namespace

std::expected<SysResult, MachineError> decode_result(const Slot& slot, const std::byte* window,
                                                     const CallInProgress& progress, RunBook& book,
                                                     const TaskTable& tasks) {
  const i64 result = slot.result;
  const auto name = call_name(progress.call);
  if (holds_alternative<ExecveCall>(progress.call) && result != 0) {
    return std::unexpected(MachineError{
        .unsupported = false, .message = fmt::format("execve() failed with errno {}", -result)});
  }
  if (reached_the_cut(result, progress)) {
    return std::unexpected(MachineError{
        .unsupported = true,
        .message = fmt::format("{}() used more than the {} MiB of memory that a call can have here",
                               name, kWindowBytes >> 20U)});
  }
  if (!is_raw_error(result)) {
    return visit(Decoder(result, window, progress, book, tasks, slot.pid_space), progress.call);
  }
  const auto error = errno_from_number(-result);
  if (!error || *error == Errno::kERESTARTSYS) {
    return std::unexpected(MachineError{
        .unsupported = false,
        .message = fmt::format("{}() failed with the unknown errno {}", name, -result)});
  }
  const auto* unlink = get_if<MqUnlinkCall>(&progress.call);
  const bool libc = unlink != nullptr && unlink->entry == MqEntry::kLibc;
  return SysResult::failure(libc ? libc_unlink_error(*error) : *error);
}

}  // namespace ipcsim::host
