#include "tools/host/encode_call.hpp"

#include <linux/capability.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <ctime>
#include <iterator>
#include <span>

#include <fmt/format.h>

#include "sim/kernel/ipc_namespace.hpp"
#include "tools/host/call_builder.hpp"
#include "tools/host/call_traits.hpp"
#include "tools/host/host_flags.hpp"
#include "tools/host/kernel_structs.hpp"

namespace ipcsim::host {
namespace {

constexpr i32 kAtFdcwd = -100;
constexpr u32 kSIfifo = 0010000;
constexpr u32 kPermissionBits = 07777;
constexpr u32 kTcgets = 0x5401;
constexpr u32 kAtRemovedir = 0x200;
constexpr u64 kSigsetBytes = 8;

/// Flags of clone() that a C library passes and that change nothing under study:
/// CLONE_PARENT_SETTID, CLONE_CHILD_CLEARTID, CLONE_CHILD_SETTID, CLONE_SETTLS, CLONE_DETACHED,
/// CLONE_IO, the exit signal.
constexpr u64 kLibraryCloneFlags =
    0x00100000 | 0x00200000 | 0x01000000 | 0x00080000 | 0x00400000 | 0x80000000 | 0xff;
constexpr u64 kStudiedCloneFlags = kCloneVm | kCloneFs | kCloneFiles | kCloneSighand | kCloneVfork |
                                   kCloneThread | kCloneSysvsem | kCloneNewipc;

// The agent numbers dispositions, and the kernel the ways to change a mask, like call.hpp.
static_assert(static_cast<int>(Disposition::kDefault) == 0);
static_assert(static_cast<int>(Disposition::kIgnore) == 1);
static_assert(static_cast<int>(Disposition::kHandler) == 2);
static_assert(static_cast<int>(MaskHow::kBlock) == SIG_BLOCK);
static_assert(static_cast<int>(MaskHow::kUnblock) == SIG_UNBLOCK);
static_assert(static_cast<int>(MaskHow::kSetmask) == SIG_SETMASK);

i64 host_now_ns() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * kNanosecondsPerSecond + now.tv_nsec;
}

class Encoder {
 public:
  Encoder(EncodeContext& context, TaskId task, std::optional<u32> child_slot)
      : context_(context),
        task_(task),
        child_slot_(child_slot),
        build_(context.shared, context.tasks.task(task).slot) {}

  std::expected<CallInProgress, MachineError> encode(const Call& call) {
    std::visit([this](const auto& c) { put(c); }, call);
    const Window& window = build_.window();
    if (window.overflowed() || window.guards().size() > kMostGuards) {
      build_.refuse(
          fmt::format("{}() needs more memory than the {} MiB and {} unmapped pages there are",
                      call_name(call), kWindowBytes >> 20U, kMostGuards));
    }
    if (build_.refusal()) {
      context_.clock.forget(task_);
      return std::unexpected(MachineError{.unsupported = true, .message = *build_.refusal()});
    }
    Slot& slot = build_.slot();
    std::ranges::copy(window.guards(), std::begin(slot.guard));
    slot.guards = static_cast<u32>(window.guards().size());
    slot.call = static_cast<u32>(call.index()) + 1;
    return build_.progress(call, child_slot_);
  }

 private:
  u64 path(const std::string& name) { return build_.window().put_text(name_in_folder(name)); }

  u64 queue_name(const UserPtr<std::string>& name) {
    return build_.in(name, [&](const std::string& text) {
      if (context_.queue_names == nullptr) {
        return build_.window().put_text(text);
      }
      const std::string unique = context_.queue_names->unique(text);
      context_.shared.header().queue_names = context_.queue_names->count();
      return build_.window().put_text(unique);
    });
  }

  u64 attributes(const UserPtr<MqAttr>& pointer) {
    return build_.in(pointer, [&](const MqAttr& attr) {
      return build_.window().put_value(KernelMqAttr{.flags = attr.mq_flags,
                                                    .maxmsg = attr.mq_maxmsg,
                                                    .msgsize = attr.mq_msgsize,
                                                    .curmsgs = attr.mq_curmsgs,
                                                    .reserved = {}});
    });
  }

  u64 deadline(const UserPtr<Timespec>& pointer) {
    return build_.in(pointer, [&](const Timespec& time) -> u64 {
      const auto host = context_.clock.absolute(task_, time, host_now_ns());
      if (!host) {
        build_.refuse(host.error().message);
        return 0;
      }
      return build_.window().put_value(KernelTimespec{host->tv_sec, host->tv_nsec});
    });
  }

  /// `more`: the arguments behind the vector's length.
  template <class... More>
  void vector_call(i64 nr, Fd fd, const std::vector<UserSegment>& iov, bool filled, More... more) {
    const u64 table = build_.window().reserve(iov.size() * sizeof(KernelIovec));
    std::vector<KernelIovec> entries;
    for (const UserSegment& segment : iov) {
      entries.push_back({build_.window().place(segment, filled), segment.len});
    }
    if (!build_.window().overflowed()) {
      const auto bytes = std::as_bytes(std::span(entries));
      std::copy(bytes.begin(), bytes.end(), build_.memory(table));
    }
    build_.system_call(nr, fd.v, build_.window().agent(table), iov.size(), more...);
  }

  void put(const Pipe2Call& c) {
    build_.system_call(SYS_pipe2, build_.out<i32[2]>(c.pipefd), open_flags_to_host(c.flags.v));
  }
  void put(const ReadCall& c) {
    build_.system_call(SYS_read, c.fd.v, build_.window().place(c.buf, false), c.buf.len);
  }
  void put(const WriteCall& c) {
    build_.system_call(SYS_write, c.fd.v, build_.window().place(c.buf, true), c.buf.len);
  }
  void put(const ReadvCall& c) { vector_call(SYS_readv, c.fd, c.iov, false); }
  void put(const WritevCall& c) { vector_call(SYS_writev, c.fd, c.iov, true); }
  void put(const Pread64Call& c) {
    build_.system_call(SYS_pread64, c.fd.v, build_.window().place(c.buf, false), c.buf.len,
                       c.offset);
  }
  void put(const Pwrite64Call& c) {
    build_.system_call(SYS_pwrite64, c.fd.v, build_.window().place(c.buf, true), c.buf.len,
                       c.offset);
  }
  // The offset comes in two words, of which a 64-bit kernel looks at the first.
  void put(const PreadvCall& c) { vector_call(SYS_preadv, c.fd, c.iov, false, c.offset, 0); }
  void put(const PwritevCall& c) { vector_call(SYS_pwritev, c.fd, c.iov, true, c.offset, 0); }
  void put(const Preadv2Call& c) {
    vector_call(SYS_preadv2, c.fd, c.iov, false, c.offset, 0, c.flags.v);
  }
  void put(const Pwritev2Call& c) {
    vector_call(SYS_pwritev2, c.fd, c.iov, true, c.offset, 0, c.flags.v);
  }
  void put(const CloseCall& c) { build_.system_call(SYS_close, c.fd.v); }
  void put(const DupCall& c) { build_.system_call(SYS_dup, c.oldfd.v); }
  void put(const Dup2Call& c) {
#if defined(SYS_dup2)
    build_.system_call(SYS_dup2, c.oldfd.v, c.newfd.v);
#else
    if (c.oldfd == c.newfd) {
      // As the C library does it; the result is made the descriptor when it is decoded.
      build_.system_call(SYS_fcntl, c.oldfd.v, kFGetfd, 0);
    } else {
      build_.system_call(SYS_dup3, c.oldfd.v, c.newfd.v, 0);
    }
#endif
  }
  void put(const Dup3Call& c) {
    build_.system_call(SYS_dup3, c.oldfd.v, c.newfd.v, open_flags_to_host(c.flags.v));
  }

  [[nodiscard]] KernelOwnerEx host_owner(const OwnerEx& owner) const {
    const bool thread = owner.type == OwnerType::kTid;
    const i32 pid = owner.pid == kNoTask ? 0
                    : thread             ? context_.tasks.tid_of(owner.pid)
                                         : context_.tasks.pid_of(owner.pid);
    return {static_cast<i32>(owner.type), pid};
  }

  void put(const FcntlCall& c) {
    switch (c.cmd.v) {
      case kFGetlease:
      case kFNotify:
      case kFDupfdQuery:
      case kFGetSeals:
      case kFDupfd:
      case kFDupfdCloexec:
      case kFGetfd:
      case kFSetfd:
      case kFGetfl:
      case kFSetpipeSz:
      case kFGetpipeSz:
      case kFGetown:
      case kFSetsig:
      case kFGetsig:
        return build_.system_call(SYS_fcntl, c.fd.v, c.cmd.v, c.arg);
      case kFSetown: {
        const i32 who = static_cast<i32>(c.arg);
        const TaskId task{static_cast<u32>(who)};
        return build_.system_call(SYS_fcntl, c.fd.v, c.cmd.v,
                                  who > 0 ? context_.tasks.pid_of(task) : who);
      }
      case kFSetownEx:
        return build_.system_call(SYS_fcntl, c.fd.v, c.cmd.v,
                                  build_.in(c.owner, [&](const OwnerEx& owner) {
                                    return build_.window().put_value(host_owner(owner));
                                  }));
      case kFGetownEx:
        return build_.system_call(
            SYS_fcntl, c.fd.v, c.cmd.v,
            build_.out<KernelOwnerEx>(c.owner.is_bad() ? OutPtr::kBad : OutPtr::kValid));
      case kFSetfl:
        return build_.system_call(SYS_fcntl, c.fd.v, c.cmd.v,
                                  open_flags_to_host(static_cast<u32>(c.arg)));
      default:
        if (c.cmd.v > kMostFcntlCmd) {
          return build_.system_call(SYS_fcntl, c.fd.v, c.cmd.v, c.arg);
        }
        build_.refuse(fmt::format("fcntl() command {} is not supported", c.cmd.v));
    }
  }

  void put(const IoctlCall& c) {
    switch (c.request.v) {
      case kFioclex:
      case kFionclex:
        return build_.system_call(SYS_ioctl, c.fd.v, c.request.v, 0);
      case kFionread:
      case kFigetbsz:
      case kFioqsize:
      case kTcgets:
        // TCGETS writes a struct termios, should the file be a terminal, which none is.
        return build_.system_call(SYS_ioctl, c.fd.v, c.request.v, build_.out<i32[64]>(c.arg));
      case kFionbio:
      case kFioasync:
        return build_.system_call(SYS_ioctl, c.fd.v, c.request.v, build_.in_out(c.arg, c.value));
      default:
        if (c.request.v >> 8U == 0x12 || c.request.v >> 8U == 'W') {
          // Of block devices and notification pipes, which a run does not have.
          return build_.system_call(SYS_ioctl, c.fd.v, c.request.v, 0);
        }
        build_.refuse(fmt::format("ioctl() request {:#x} is not supported", c.request.v));
    }
  }

  void put(const PollCall& c) {
    std::vector<KernelPollfd> fds;
    for (const PollFd& fd : c.fds) {
      fds.push_back({fd.fd.v, static_cast<i16>(fd.events.v), 0});
    }
    const u64 table = build_.in_out_table(std::as_bytes(std::span(fds)));
    const auto timeout = context_.clock.relative_ms(task_, c.timeout, host_now_ns());
    if (!timeout) {
      return build_.refuse(timeout.error().message);
    }
#if defined(SYS_poll)
    build_.system_call(SYS_poll, table, c.fds.size(), *timeout);
#else
    const KernelTimespec wait{*timeout / 1000, *timeout % 1000 * 1'000'000};
    const u64 wait_at = *timeout < 0 ? 0 : build_.window().put_value(wait);
    build_.system_call(SYS_ppoll, table, c.fds.size(), wait_at, 0, kSigsetBytes);
#endif
  }

  /// A timeout for the host: the trace's time until the task's deadline, with slack.
  u64 relative(const UserPtr<Timespec>& pointer) {
    return build_.in(pointer, [&](const Timespec& time) -> u64 {
      const auto wait = context_.clock.relative(task_, time, host_now_ns());
      if (!wait) {
        build_.refuse(wait.error().message);
        return 0;
      }
      return build_.window().put_value(KernelTimespec{wait->tv_sec, wait->tv_nsec});
    });
  }
  u64 signal_mask(const SigmaskPtr& pointer) {
    return build_.in(pointer, [&](const std::vector<Signal>& signals) {
      u64 set = 0;
      for (const Signal signal : signals) {
        if (signal.v >= 1 && signal.v <= kMostSignal) {
          set |= u64{1} << (signal.v - 1);
        }
      }
      return build_.window().put_value(set);
    });
  }

  void put(const PpollCall& c) {
    std::vector<KernelPollfd> fds;
    for (const PollFd& fd : c.fds) {
      fds.push_back({fd.fd.v, static_cast<i16>(fd.events.v), 0});
    }
    const u64 table = build_.in_out_table(std::as_bytes(std::span(fds)));
    const u64 wait = relative(c.tmo_p);
    build_.system_call(SYS_ppoll, table, c.fds.size(), wait, signal_mask(c.sigmask), kSigsetBytes);
  }

  /// The three sets of select(), one behind the other, and their addresses.
  std::array<u64, 3> fd_sets(i32 nfds, const std::array<const FdSetPtr*, 3>& sets) {
    constexpr i32 kMostNfds = 1 << 16;
    if (nfds > kMostNfds) {
      build_.refuse(fmt::format("select() of more than {} descriptors", kMostNfds));
      return {};
    }
    const u64 bytes = fd_set_bytes(nfds);
    std::vector<std::byte> table(3 * bytes);
    for (std::size_t i = 0; i < sets.size(); ++i) {
      for (const Fd fd : sets[i]->value) {
        if (fd.v >= 0 && fd.v < nfds) {
          table[i * bytes + static_cast<u64>(fd.v) / 8] |= std::byte{1} << (fd.v % 8);
        }
      }
    }
    const u64 at = build_.in_out_table(table);
    std::array<u64, 3> addresses{};
    for (std::size_t i = 0; i < sets.size(); ++i) {
      addresses[i] = sets[i]->is_null() ? 0 : sets[i]->is_bad() ? kBadAddress : at + i * bytes;
    }
    return addresses;
  }

  void put(const SelectCall& c) {
    const auto sets = fd_sets(c.nfds, {&c.readfds, &c.writefds, &c.exceptfds});
    const u64 timeout = build_.in(c.timeout, [&](const Timeval& time) -> u64 {
      // A valid one is scaled; an invalid one goes as it is.
      constexpr i64 kMicroseconds = 1'000'000;
      const bool valid = time.tv_sec >= 0 && time.tv_usec >= 0;
      const Timespec asked{.tv_sec = time.tv_sec + time.tv_usec / kMicroseconds,
                           .tv_nsec = time.tv_usec % kMicroseconds * 1000};
      const auto wait = valid ? context_.clock.relative(task_, asked, host_now_ns())
                              : std::expected<Timespec, MachineError>(Timespec{
                                    .tv_sec = time.tv_sec, .tv_nsec = time.tv_usec * 1000});
      if (!wait) {
        build_.refuse(wait.error().message);
        return 0;
      }
      return build_.window().put_value(KernelTimeval{wait->tv_sec, wait->tv_nsec / 1000});
    });
#if defined(SYS_select)
    build_.system_call(SYS_select, c.nfds, sets[0], sets[1], sets[2], timeout);
#else
    build_.refuse("this processor's kernel has no select()");
#endif
  }
  void put(const Pselect6Call& c) {
    const auto sets = fd_sets(c.nfds, {&c.readfds, &c.writefds, &c.exceptfds});
    const u64 timeout = relative(c.timeout);
    const u64 mask = signal_mask(c.sigmask);
    const u64 argument =
        mask == 0 ? 0 : build_.window().put_value(KernelSigmaskArgument{mask, kSigsetBytes});
    build_.system_call(SYS_pselect6, c.nfds, sets[0], sets[1], sets[2], timeout, argument);
  }

  void put(const EpollCreate1Call& c) {
    build_.system_call(SYS_epoll_create1, open_flags_to_host(c.flags.v));
  }
  void put(const EpollCtlCall& c) {
    const u64 event = build_.in(c.event, [&](const EpollEvent& e) {
      return build_.window().put_value(KernelEpollEvent{e.events.v, e.data});
    });
    build_.system_call(SYS_epoll_ctl, c.epfd.v, c.op.v, c.fd.v, event);
  }
  u64 epoll_events(OutPtr pointer, i32 maxevents) {
    if (pointer != OutPtr::kValid) {
      return pointer == OutPtr::kNull ? 0 : kBadAddress;
    }
    const auto count = static_cast<std::size_t>(std::clamp(maxevents, 1, kMostEpollEvents));
    return build_.in_out_table(std::vector<std::byte>(count * sizeof(KernelEpollEvent)));
  }
  void epoll_wait(i64 nr, Fd epfd, u64 events, i32 maxevents, i32 timeout_ms, u64 mask) {
    const auto timeout = context_.clock.relative_ms(task_, timeout_ms, host_now_ns());
    if (!timeout) {
      return build_.refuse(timeout.error().message);
    }
    build_.system_call(nr, epfd.v, events, maxevents, *timeout, mask, kSigsetBytes);
  }
  void put(const EpollWaitCall& c) {
    epoll_wait(SYS_epoll_pwait, c.epfd, epoll_events(c.events, c.maxevents), c.maxevents, c.timeout,
               0);
  }
  void put(const EpollPwaitCall& c) {
    epoll_wait(SYS_epoll_pwait, c.epfd, epoll_events(c.events, c.maxevents), c.maxevents, c.timeout,
               signal_mask(c.sigmask));
  }
  void put(const EpollPwait2Call& c) {
    const u64 events = epoll_events(c.events, c.maxevents);
    const u64 timeout = relative(c.timeout);
    build_.system_call(SYS_epoll_pwait2, c.epfd.v, events, c.maxevents, timeout,
                       signal_mask(c.sigmask), kSigsetBytes);
  }
  void put(const PauseCall& /*call*/) {
    // pause() where there is none: it is ppoll() of nothing.
    build_.system_call(SYS_ppoll, 0, 0, 0, 0, kSigsetBytes);
  }
  void put(const RtSigsuspendCall& c) {
    build_.system_call(SYS_rt_sigsuspend, signal_mask(c.mask), kSigsetBytes);
  }

  void put(const OpenCall& c) {
    if (mq_limit_of_path(c.pathname)) {
      return open_limit(c);
    }
    build_.system_call(SYS_openat, kAtFdcwd, path(c.pathname), open_flags_to_host(c.flags.v),
                       c.mode);
  }
  void put(const MkfifoCall& c) {
    build_.system_call(SYS_mknodat, kAtFdcwd, path(c.pathname),
                       kSIfifo | (c.mode & kPermissionBits), 0);
  }
  void put(const UnlinkCall& c) { build_.system_call(SYS_unlinkat, kAtFdcwd, path(c.pathname), 0); }

  u64 offset(const UserPtr<i64>& pointer) {
    if (pointer.is_null()) {
      return 0;
    }
    return pointer.is_bad() ? kBadAddress : build_.in_out(OutPtr::kValid, pointer.value);
  }

  void put(const SpliceCall& c) {
    const u64 off_in = offset(c.off_in);
    const u64 off_out = offset(c.off_out);
    build_.system_call(SYS_splice, c.fd_in.v, off_in, c.fd_out.v, off_out, c.len, c.flags.v);
  }
  void put(const TeeCall& c) {
    build_.system_call(SYS_tee, c.fd_in.v, c.fd_out.v, c.len, c.flags.v);
  }
  void put(const SendfileCall& c) {
    build_.system_call(SYS_sendfile, c.out_fd.v, c.in_fd.v, offset(c.offset), c.count);
  }

  /// Memory that stays the task's own, with the segment's bytes in it. Returns its address.
  u64 private_memory(const PageSegment& segment) {
    const UserSegment& memory = segment.memory;
    const u64 page_bytes = context_.shared.header().page_bytes;
    const u64 bytes = std::min(memory.len, memory.mapped);
    const auto base = segment.page.empty() ? context_.user_pages.fresh(bytes, page_bytes)
                                           : context_.user_pages.named(segment.page);
    if (!base) {
      build_.refuse("vmsplice() of more memory than there is here");
      return 0;
    }
    u64 address = *base + segment.offset;
    if (memory.mapped < memory.len) {
      const u64 whole = (bytes + page_bytes - 1) / page_bytes * page_bytes;
      address = *base + whole - bytes;
      build_.guard(*base + whole);
    }
    build_.store(address, memory.data.len() > bytes ? head_of(memory.data, bytes) : memory.data);
    return address;
  }
  static Payload head_of(const Payload& data, u64 bytes) {
    return Payload::of_bytes(data.to_string().substr(0, bytes));
  }

  void put(const VmspliceCall& c) {
    std::vector<KernelIovec> entries;
    for (const PageSegment& segment : c.iov) {
      const bool room = segment.page.empty() && segment.memory.data.len() == 0;
      const bool bad = segment.memory.mapped == 0;
      const u64 address =
          room || bad ? build_.window().place(segment.memory, false) : private_memory(segment);
      entries.push_back({address, segment.memory.len});
    }
    const u64 table = build_.window().put(std::as_bytes(std::span(entries)));
    build_.finish_stores();
    build_.system_call(SYS_vmsplice, c.fd.v, table, c.iov.size(), c.flags.v);
  }
  void put(const StoreCall& c) {
    const auto base = context_.user_pages.named(c.page);
    if (!base || u64{c.offset} + c.buf.len() > kPageNameBytes) {
      return build_.refuse("a store in more named memory than there is here");
    }
    build_.store(*base + c.offset, c.buf);
    build_.finish_stores();
    build_.special(Op::kStore);
  }

  void put(const MqOpenCall& c) {
    build_.system_call(SYS_mq_open, queue_name(c.name), open_flags_to_host(c.oflag.v), c.mode,
                       attributes(c.attr));
  }
  void put(const MqUnlinkCall& c) { build_.system_call(SYS_mq_unlink, queue_name(c.name)); }
  void put(const MqTimedsendCall& c) {
    build_.system_call(SYS_mq_timedsend, c.mqdes.v, build_.window().place(c.msg, true), c.msg.len,
                       c.msg_prio, deadline(c.abs_timeout));
  }
  void put(const MqTimedreceiveCall& c) {
    const u64 prio = build_.out<u32>(c.msg_prio);
    build_.system_call(SYS_mq_timedreceive, c.mqdes.v, build_.window().place(c.msg, false),
                       c.msg.len, prio, deadline(c.abs_timeout));
  }
  void put(const MqGetsetattrCall& c) {
    const u64 newattr = attributes(c.newattr);
    build_.system_call(SYS_mq_getsetattr, c.mqdes.v, newattr, build_.out<KernelMqAttr>(c.oldattr));
  }

  u64 sigevent(const UserPtr<SigEvent>& pointer) {
    return build_.in(pointer, [&](const SigEvent& event) {
      KernelSigevent raw{.value = event.sigev_value,
                         .signo = event.sigev_signo,
                         .notify = static_cast<i32>(event.sigev_notify.v),
                         .rest = {}};
      if (!event.cookie.is_null()) {
        raw.value = build_.in(event.cookie, [&](const Payload& cookie) {
          return build_.window().put_text(cookie.to_string());
        });
      }
      return build_.window().put_value(raw);
    });
  }

  void put(const MqNotifyCall& c) {
    build_.system_call(SYS_mq_notify, c.mqdes.v, sigevent(c.sevp));
  }
  /// Not where priorities are how this machine orders its tasks.
  bool may_set_priority() {
    if (context_.realtime) {
      build_.refuse("priorities of tasks need HostOrdering::kPolling");
    }
    return !context_.realtime;
  }
  u64 task_number(TaskId who) {
    return who == kNoTask ? 0 : static_cast<u64>(context_.tasks.tid_of(who));
  }
  void put(const SetpriorityCall& c) {
    if (c.which.v == kPrioProcess && may_set_priority()) {
      build_.system_call(SYS_setpriority, c.which.v, task_number(c.who), c.prio);
    } else {
      build_.refuse("only PRIO_PROCESS is supported");
    }
  }
  void put(const SchedSetschedulerCall& c) {
    if (may_set_priority()) {
      build_.system_call(SYS_sched_setscheduler, task_number(c.pid), c.policy.v,
                         build_.window().put_value(c.sched_priority));
    }
  }
  /// A file of /proc/sys/fs/mqueue: that of the task's IPC namespace, which must be the run's own.
  void open_limit(const OpenCall& c) {
    if (context_.queue_names != nullptr) {
      return build_.refuse("this machine's own limits cannot be opened");
    }
    build_.system_call(SYS_openat, kAtFdcwd, build_.window().put_text(c.pathname),
                       open_flags_to_host(c.flags.v), c.mode);
  }
  void put(const UnshareCall& c) {
    constexpr u64 kKnown = kCloneNewipc | kCloneFiles | kCloneSysvsem;
    if ((c.flags.v & ~kKnown) != 0) {
      return build_.refuse("unshare() with these flags is not supported");
    }
    build_.system_call(SYS_unshare, c.flags.v);
  }
  void put(const SocketCall& c) {
    const bool known = (c.domain.v == kAfNetlink || c.domain.v == kAfUnix) && c.protocol == 0;
    if (!known) {
      return build_.refuse("only plain netlink and AF_UNIX sockets are supported");
    }
    build_.system_call(SYS_socket, c.domain.v, c.type.v, c.protocol);
  }
  void put(const RecvfromCall& c) {
    build_.system_call(SYS_recvfrom, c.sockfd.v, build_.window().place(c.buf, false), c.buf.len,
                       c.flags.v, 0, 0);
  }

  void clone_call(u64 flags) {
    const u64 wanted = flags & ~kLibraryCloneFlags;
    if ((wanted & ~kStudiedCloneFlags) != 0) {
      return build_.refuse(fmt::format("clone() with the flags {:#x} is not supported",
                                       wanted & ~kStudiedCloneFlags));
    }
    build_.special(Op::kClone, wanted);
    build_.slot().child = child_slot_.value_or(0);
  }
  void put(const ForkCall& /*call*/) { clone_call(0); }
  void put(const VforkCall& /*call*/) { clone_call(kCloneVm | kCloneVfork); }
  void put(const CloneCall& c) { clone_call(c.flags.v); }
  void put(const ExecveCall& /*call*/) { build_.special(Op::kExec); }
  void put(const ExitCall& c) { build_.special(Op::kExit, c.status); }
  void put(const ExitGroupCall& c) { build_.system_call(SYS_exit_group, c.status); }

  void put(const KillCall& c) {
    build_.system_call(SYS_kill, context_.tasks.pid_of(c.pid), c.sig.v);
  }
  void put(const TgkillCall& c) {
    build_.system_call(SYS_tgkill, context_.tasks.pid_of(c.tgid), context_.tasks.tid_of(c.tid),
                       c.sig.v);
  }
  void put(const RtSigactionCall& c) {
    build_.special(Op::kSigaction, c.signum.v, static_cast<u64>(c.handler), c.sa_flags.v);
  }
  void put(const RtSigprocmaskCall& c) {
    u64 set = 0;
    for (const Signal signal : c.set) {
      if (signal.v < 1 || signal.v > kMostSignal) {
        return build_.refuse(fmt::format("{} in a signal set is no signal", signal.v));
      }
      set |= u64{1} << (signal.v - 1);
    }
    build_.system_call(SYS_rt_sigprocmask, static_cast<u64>(c.how), build_.window().put_value(set),
                       0, kSigsetBytes);
  }
  void put(const SetrlimitCall& c) {
    if (c.resource.v != kRlimitNofile && c.resource.v != kRlimitMsgqueue) {
      return build_.refuse(
          fmt::format("setrlimit() of resource {} is not supported", c.resource.v));
    }
    build_.special(Op::kSetrlimit, c.resource.v, c.rlim_cur);
  }

  void put(const LseekCall& c) { build_.system_call(SYS_lseek, c.fd.v, c.offset, c.whence.v); }
  void put(const FtruncateCall& c) { build_.system_call(SYS_ftruncate, c.fd.v, c.length); }
  void put(const FsyncCall& c) { build_.system_call(SYS_fsync, c.fd.v); }
  void put(const FdatasyncCall& c) { build_.system_call(SYS_fdatasync, c.fd.v); }
  void put(const FallocateCall& c) {
    build_.system_call(SYS_fallocate, c.fd.v, c.mode, c.offset, c.len);
  }
  void put(const Fadvise64Call& c) {
    build_.system_call(SYS_fadvise64, c.fd.v, c.offset, c.len, c.advice);
  }
  void put(const ReadaheadCall& c) { build_.system_call(SYS_readahead, c.fd.v, c.offset, c.count); }
  void put(const SyncFileRangeCall& c) {
    build_.system_call(SYS_sync_file_range, c.fd.v, c.offset, c.nbytes, c.flags);
  }
  void put(const CopyFileRangeCall& c) {
    build_.system_call(SYS_copy_file_range, c.fd_in.v, 0, c.fd_out.v, 0, c.len, c.flags);
  }
  void put(const MmapCall& c) {
    const u32 flags = c.flags.v & (kMapShared | kMapPrivate);
    if (flags != c.flags.v) {
      return build_.refuse("mmap() with other flags than MAP_SHARED and MAP_PRIVATE");
    }
    build_.system_call(SYS_mmap, 0, c.length, c.prot.v, flags, c.fd.v, 0);
  }
  void put(const FlockCall& c) { build_.system_call(SYS_flock, c.fd.v, c.operation.v); }
  void put(const FstatCall& c) {
    build_.system_call(SYS_fstat, c.fd.v, build_.out<struct stat>(OutPtr::kValid));
  }
  void put(const StatCall& c) {
    const u64 name = path(c.pathname);
    build_.system_call(SYS_newfstatat, kAtFdcwd, name, build_.out<struct stat>(OutPtr::kValid), 0);
  }
  void put(const FstatfsCall& c) {
    build_.system_call(SYS_fstatfs, c.fd.v, build_.out<struct statfs>(OutPtr::kValid));
  }
  void put(const ReadlinkCall& c) {
    const u64 name = path(c.pathname);
    build_.system_call(SYS_readlinkat, kAtFdcwd, name, build_.out<char[kLinkBytes]>(OutPtr::kValid),
                       kLinkBytes);
  }
  void put(const MknodCall& c) {
    const u32 type = c.mode & S_IFMT;
    if (type == S_IFCHR || type == S_IFBLK || type == S_IFSOCK) {
      return build_.refuse("mknod() of a device or socket");
    }
    build_.system_call(SYS_mknodat, kAtFdcwd, path(c.pathname), c.mode, 0);
  }
  void put(const MkdirCall& c) {
    build_.system_call(SYS_mkdirat, kAtFdcwd, path(c.pathname), c.mode);
  }
  void put(const RmdirCall& c) {
    build_.system_call(SYS_unlinkat, kAtFdcwd, path(c.pathname), kAtRemovedir);
  }
  void put(const RenameCall& c) {
    const u64 from = path(c.oldpath);
    build_.system_call(SYS_renameat2, kAtFdcwd, from, kAtFdcwd, path(c.newpath), 0);
  }
  void put(const LinkCall& c) {
    const u64 from = path(c.oldpath);
    build_.system_call(SYS_linkat, kAtFdcwd, from, kAtFdcwd, path(c.newpath), 0);
  }
  void put(const ChmodCall& c) {
    refuse_devices(c.pathname);
    build_.system_call(SYS_fchmodat, kAtFdcwd, path(c.pathname), c.mode);
  }
  void put(const FchmodCall& c) { build_.system_call(SYS_fchmod, c.fd.v, c.mode); }
  void put(const ChownCall& c) {
    refuse_devices(c.pathname);
    build_.system_call(SYS_fchownat, kAtFdcwd, path(c.pathname), id(c.owner), id(c.group), 0);
  }
  void put(const FchownCall& c) {
    build_.system_call(SYS_fchown, c.fd.v, id(c.owner), id(c.group));
  }
  void put(const CloseRangeCall& c) {
    build_.system_call(SYS_close_range, c.first, c.last, c.flags.v);
  }
  void put(const SysctlCall& c) {
    build_.refuse(
        fmt::format("{} is a limit of the whole machine, which a run leaves alone", c.name));
  }
  void put(const UmaskCall& c) { build_.system_call(SYS_umask, c.mask); }
  void put(const SetuidCall& c) { build_.system_call(SYS_setuid, new_id(c.uid)); }
  void put(const SetgidCall& c) { build_.system_call(SYS_setgid, new_id(c.gid)); }
  void put(const SetreuidCall& c) {
    build_.system_call(SYS_setreuid, new_id(c.ruid), new_id(c.euid));
  }
  void put(const SetregidCall& c) {
    build_.system_call(SYS_setregid, new_id(c.rgid), new_id(c.egid));
  }
  void put(const SetresuidCall& c) {
    build_.system_call(SYS_setresuid, new_id(c.ruid), new_id(c.euid), new_id(c.suid));
  }
  void put(const SetresgidCall& c) {
    build_.system_call(SYS_setresgid, new_id(c.rgid), new_id(c.egid), new_id(c.sgid));
  }
  void put(const SetfsuidCall& c) { build_.system_call(SYS_setfsuid, new_id(c.fsuid)); }
  void put(const SetfsgidCall& c) { build_.system_call(SYS_setfsgid, new_id(c.fsgid)); }
  void put(const SetgroupsCall& c) {
    std::vector<u32> list;
    for (const u32 group : c.list) {
      list.push_back(new_id(group));
    }
    build_.system_call(SYS_setgroups, list.size(),
                       build_.window().put(std::as_bytes(std::span(list))));
  }
  void three_ids(i64 nr) {
    const u64 at = build_.out<u32[3]>(OutPtr::kValid);
    build_.system_call(nr, at, at + sizeof(u32), at + 2 * sizeof(u32));
  }
  void put(const GetresuidCall& /*call*/) { three_ids(SYS_getresuid); }
  void put(const GetresgidCall& /*call*/) { three_ids(SYS_getresgid); }
  void put(const CapsetCall& c) {
    KernelCapData data[2];
    for (u32 word = 0; word < 2; ++word) {
      const auto bits = [&](Caps caps) { return static_cast<u32>(caps.bits >> (32 * word)); };
      data[word] = {.effective = bits(c.effective),
                    .permitted = bits(c.permitted),
                    .inheritable = bits(c.permitted)};
    }
    const u64 header = build_.window().put_value(
        KernelCapHeader{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0});
    build_.system_call(SYS_capset, header, build_.window().put(std::as_bytes(std::span(data))));
  }
  void put(const SocketpairCall& c) {
    const u32 flags = open_flags_to_host(c.type.v & ~kSockTypeMask);
    build_.system_call(SYS_socketpair, AF_UNIX, (c.type.v & kSockTypeMask) | flags, 0,
                       build_.out<i32[2]>(OutPtr::kValid));
  }
  /// The structure of sendmsg() and recvmsg() around a buffer and a piece of memory.
  u64 message(const UserSegment& buf, bool filled, u64 control, u64 control_len) {
    const u64 data = build_.window().place(buf, filled);
    const u64 iov = build_.window().put_value(KernelIovec{data, buf.len});
    return build_.window().put_value(KernelMsghdr{.name = 0,
                                                  .name_len = 0,
                                                  .iov = iov,
                                                  .iov_len = 1,
                                                  .control = control_len == 0 ? 0 : control,
                                                  .control_len = control_len,
                                                  .flags = 0});
  }
  void put(const SendmsgCall& c) {
    std::vector<std::byte> control(sizeof(KernelCmsghdr) + c.rights.size() * sizeof(i32));
    const KernelCmsghdr header{.len = control.size(), .level = SOL_SOCKET, .type = SCM_RIGHTS};
    std::memcpy(control.data(), &header, sizeof header);
    for (std::size_t i = 0; i < c.rights.size(); ++i) {
      std::memcpy(control.data() + sizeof header + i * sizeof(i32), &c.rights[i].v, sizeof(i32));
    }
    const u64 len = c.rights.empty() ? 0 : control.size();
    const u64 at = build_.window().put(control);
    build_.system_call(SYS_sendmsg, c.fd.v, message(c.buf, true, at, len), c.flags.v);
  }
  void put(const RecvmsgCall& c) {
    if (c.rights > kMostRights) {
      return build_.refuse("recvmsg() with room for more than 253 descriptors");
    }
    const u64 control = build_.in_out(OutPtr::kValid, std::array<std::byte, kControlBytes>{});
    const u64 len = c.rights == 0 ? 0 : sizeof(KernelCmsghdr) + c.rights * sizeof(i32);
    build_.system_call(SYS_recvmsg, c.fd.v, message(c.buf, false, control, len), c.flags.v);
  }

  /// The host's id of a user or group; -1 stays.
  u32 id(i64 number) {
    if (number == -1) {
      return 0xffff'ffffU;
    }
    const auto host = number >= 0 && number <= 0xffff'fffeLL
                          ? context_.book.ids.to_host(static_cast<u32>(number))
                          : std::nullopt;
    if (!host) {
      build_.refuse(fmt::format("the id {} cannot be had here", number));
    }
    return host.value_or(0);
  }
  /// The same for an id that a task is to get.
  u32 new_id(i64 number) {
    if (!context_.book.ids.own()) {
      build_.refuse("tasks cannot change their ids without the privilege to have ids of their own");
    }
    return id(number);
  }
  /// The devices are those of the machine.
  void refuse_devices(const std::string& name) {
    if (name_in_folder(name).starts_with("/")) {
      build_.refuse("changing a file that is not the run's own");
    }
  }

  EncodeContext& context_;
  TaskId task_;
  std::optional<u32> child_slot_;
  CallBuilder build_;
};

}  // namespace

std::expected<CallInProgress, MachineError> encode_call(EncodeContext& context, TaskId task,
                                                        const Call& call,
                                                        std::optional<u32> child_slot) {
  return Encoder(context, task, child_slot).encode(call);
}

}  // namespace ipcsim::host
