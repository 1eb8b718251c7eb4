// socket() and recvfrom() of netlink sockets. Linux net/socket.c, net/netlink/af_netlink.c.
#include "sim/kernel/sys_netlink.hpp"

#include <algorithm>
#include <utility>

#include "sim/kernel/files.hpp"
#include "sim/kernel/signals.hpp"
#include "sim/kernel/syscalls.hpp"
#include "sim/kernel/wake.hpp"

namespace ipcsim {
namespace {

constexpr u32 kReadable = 0x041;   // EPOLLIN | EPOLLRDNORM
constexpr u32 kWritable = 0x304;   // EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND
constexpr u32 kDataReady = 0x0c3;  // EPOLLIN | EPOLLPRI | EPOLLRDNORM | EPOLLRDBAND
constexpr i32 kNetlinkUsersock = 2;
constexpr u32 kKnownFlags =
    kMsgOob | kMsgPeek | kMsgTrunc | kMsgDontwait | kMsgWaitall | kMsgNosignal;

/// Whether the family has such a socket. NETLINK_ROUTE (0) and NETLINK_USERSOCK are always there,
/// other protocols of netlink come with modules.
bool is_known(const SocketCall& call) {
  const u32 kind = call.type.v & kSockTypeMask;
  if (call.domain.v == kAfUnix) {
    return call.protocol == 0 && (kind == kSockStream || kind == kSockDgram);
  }
  return call.domain.v == kAfNetlink && (kind == kSockRaw || kind == kSockDgram) &&
         (call.protocol == 0 || call.protocol == kNetlinkUsersock);
}

/// Takes the oldest packet, or looks at it. Linux net/netlink/af_netlink.c: netlink_recvmsg().
Section receive_packet(NetlinkSocket& socket, const RecvfromCall& call) {
  const Payload packet = socket.received.front();
  if ((call.flags.v & kMsgPeek) == 0) {
    socket.received.erase(socket.received.begin());
    --socket.charged;
  }
  const u64 copied = std::min(packet.len(), call.buf.len);
  if (call.buf.mapped < copied) {
    return Section::failed(Errno::kEFAULT);  // the packet is lost
  }
  const u64 ret = (call.flags.v & kMsgTrunc) != 0 ? packet.len() : copied;
  if (copied < packet.len() && ret != copied) {
    return Section::not_modelled("MSG_TRUNC with a buffer that is too short for the packet");
  }
  std::string bytes = packet.to_string().substr(0, copied);
  return Section::returned(static_cast<i64>(ret),
                           copied == 0
                               ? Output{}
                               : Output{ReadBytes{packet.known() ? Payload::of_bytes(bytes)
                                                                 : Payload::of_unknown(copied)}});
}

}  // namespace

void netlink_receive(KernelState& k, NetlinkId id, Payload packet) {
  NetlinkSocket& socket = k.netlinks[id];
  socket.received.push_back(std::move(packet));
  wake_up(k, socket.wait, WakeCount::kOne, kDataReady);
}

u32 netlink_poll_mask(const NetlinkSocket& socket) {
  return kWritable | (socket.received.empty() ? 0 : kReadable);
}

void put_netlink(KernelState& k, NetlinkId id) {
  if (--k.netlinks[id].users > 0) {
    return;
  }
  k.wait_queues.destroy(k.netlinks[id].wait);
  k.netlinks.erase(id);
}

/// Errors, in the order tested: EINVAL (flags), EMFILE.
/// Linux net/socket.c: __sys_netlink().
Section run(KernelState& k, TaskId id, const SocketCall& call) {
  constexpr u32 kTypeFlags = kOCloexec | kONonblock;
  if ((call.type.v & ~(kSockTypeMask | kTypeFlags)) != 0) {
    return Section::failed(Errno::kEINVAL);
  }
  if (!is_known(call)) {
    return Section::not_modelled("sockets other than netlink and ordinary AF_UNIX ones");
  }
  FdTable& table = k.fd_table(id);
  const Result<Fd> fd =
      table.reserve(Fd{0}, k.process_of(id).rlimit_nofile, (call.type.v & kOCloexec) != 0);
  if (!fd) {
    return Section::failed(fd.error());
  }
  const NetlinkId socket = k.netlinks.insert(
      {.family = call.domain.v, .users = 1, .wait = k.wait_queues.create(), .received = {}});
  table.install(*fd, k.files.insert({.kind = FileKind::kNetlink,
                                     .f_count = 1,
                                     .f_flags = kORdwr | (call.type.v & kONonblock),
                                     .f_mode = {.read = true, .write = true},
                                     .netlink = socket}));
  return Section::returned(fd->v);
}

/// Errors, in the order tested: EBADF, ENOTSOCK, EOPNOTSUPP, EAGAIN, ERESTARTSYS, EFAULT.
/// Linux net/socket.c: __sys_recvfrom(), net/core/datagram.c: __skb_wait_for_more_packets().
Section run(KernelState& k, TaskId id, const RecvfromCall& call) {
  Task& task = k.task(id);
  const auto* progress = std::get_if<RecvInProgress>(&task.progress);
  const bool slept = progress != nullptr;
  const FileId file_id = slept ? progress->file : k.fd_table(id).file(call.sockfd);
  if (!slept) {
    const File* file = find_file(k, id, call.sockfd);
    if (file == nullptr) {
      return Section::failed(Errno::kEBADF);
    }
    if (file->kind == FileKind::kOther || file->kind == FileKind::kSocket) {
      return Section::not_modelled("recvfrom() of a file that is or may be another socket");
    }
    if (file->kind != FileKind::kNetlink) {
      return Section::failed(Errno::kENOTSOCK);
    }
    if (k.netlinks[file->netlink].family != kAfNetlink || (call.flags.v & ~kKnownFlags) != 0) {
      return Section::not_modelled("recvfrom() of a socket other than netlink, or this flag");
    }
    if ((call.flags.v & kMsgOob) != 0) {
      return Section::failed(Errno::kEOPNOTSUPP);
    }
  }
  finish_wait(k, id);
  const File& file = k.files[file_id];
  NetlinkSocket& socket = k.netlinks[file.netlink];
  if (!socket.received.empty()) {
    return receive_packet(socket, call);
  }
  if ((file.f_flags & kONonblock) != 0 || (call.flags.v & kMsgDontwait) != 0) {
    return Section::failed(Errno::kEAGAIN);
  }
  if (signal_pending(k, id)) {
    return Section::failed(Errno::kERESTARTSYS);
  }
  if (!slept) {
    ++k.files[file_id].f_count;
    task.progress = RecvInProgress{.file = file_id};
  }
  sleep_on(k, id, socket.wait, true);
  return Section::asleep();
}

}  // namespace ipcsim
