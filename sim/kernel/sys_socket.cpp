// socketpair(), sendmsg() and recvmsg() with descriptors. Linux net/unix/af_unix.c, net/core/scm.c.
#include <algorithm>
#include <utility>

#include "sim/kernel/files.hpp"
#include "sim/kernel/signals.hpp"
#include "sim/kernel/syscalls.hpp"

namespace ipcsim {
namespace {

/// Most descriptors of one message (SCM_MAX_FD).
constexpr std::size_t kMostRights = 253;
/// What certainly fits the buffer of any socket; more may have to wait.
constexpr u64 kMostQueuedBytes = 65536;

u64 queued_bytes(const Socket& socket) {
  u64 bytes = 0;
  for (const SocketMessage& message : socket.received) {
    bytes += message.bytes.len() - message.taken;
  }
  return bytes;
}

void drop_rights(KernelState& k, TaskId id, const std::vector<FileId>& rights) {
  for (const FileId file : rights) {
    fput(k, id, file);
  }
}

/// The files behind the descriptors, each with one more reference. Errors, in the order tested:
/// EINVAL (too many), EBADF. Linux net/core/scm.c: scm_fp_copy().
Result<std::vector<FileId>> take_rights(KernelState& k, TaskId id, const std::vector<Fd>& fds) {
  if (fds.size() > kMostRights) {
    return fail(Errno::kEINVAL);
  }
  std::vector<FileId> files;
  for (const Fd fd : fds) {
    const FileId file = k.fd_table(id).file(fd);
    if (file == kNoFile) {
      drop_rights(k, id, files);
      return fail(Errno::kEBADF);
    }
    ++k.files[file].f_count;
    files.push_back(file);
  }
  return files;
}

bool sends_a_socket(const KernelState& k, const std::vector<FileId>& rights) {
  return std::ranges::any_of(rights,
                             [&](FileId file) { return k.files[file].kind == FileKind::kSocket; });
}

/// What a receiving call takes out of the queue.
struct Taken {
  std::string bytes;
  u64 len = 0;
  std::vector<FileId> rights;
};

/// A stream gives as many bytes as there are, but stops behind a message with descriptors; a packet
/// is given once, and what does not fit is lost. Linux unix_stream_read_generic(),
/// __unix_dgram_recvmsg().
Taken take_bytes(Socket& socket, u64 room) {
  Taken taken;
  const bool stream = socket.type == kSockStream;
  while (!socket.received.empty()) {
    SocketMessage& message = socket.received.front();
    const u64 part = std::min(room - taken.len, message.bytes.len() - message.taken);
    if (stream && part == 0) {
      break;
    }
    std::string bytes(part, '\0');
    message.bytes.copy(message.taken, std::as_writable_bytes(std::span{bytes}));
    taken.bytes += bytes;
    taken.len += part;
    message.taken += part;
    taken.rights = std::exchange(message.rights, {});
    if (stream && message.taken < message.bytes.len()) {
      break;
    }
    socket.received.erase(socket.received.begin());
    if (!stream || !taken.rights.empty()) {
      break;
    }
  }
  return taken;
}

/// Descriptors for what came; what has no room is dropped. Linux net/core/scm.c:
/// scm_detach_fds().
std::vector<Fd> install_rights(KernelState& k, TaskId id, const std::vector<FileId>& rights,
                               u32 room, bool cloexec) {
  std::vector<Fd> fds;
  FdTable& table = k.fd_table(id);
  for (const FileId file : rights) {
    const auto fd = fds.size() < room
                        ? table.reserve(Fd{0}, k.process_of(id).rlimit_nofile, cloexec)
                        : Result<Fd>{fail(Errno::kEMFILE)};
    if (!fd) {
      room = 0;  // the rest goes too
      fput(k, id, file);
      continue;
    }
    table.install(*fd, file);
    fds.push_back(*fd);
  }
  return fds;
}

}  // namespace

void release_socket(KernelState& k, TaskId current, SocketId id) {
  const Socket socket = std::exchange(k.sockets[id], {});
  if (socket.peer != kNoSocket) {
    k.sockets[socket.peer].peer = kNoSocket;
  }
  k.sockets.erase(id);
  for (const SocketMessage& message : socket.received) {
    drop_rights(k, current, message.rights);
  }
}

// Errors, in the order tested: EINVAL (flags), EMFILE, ESOCKTNOSUPPORT.
// Linux net/socket.c: __sys_socketpair().
Section run(KernelState& k, TaskId id, const SocketpairCall& call) {
  const u32 type = call.type.v & kSockTypeMask;
  const u32 flags = call.type.v & ~kSockTypeMask;
  if ((flags & ~(kONonblock | kOCloexec)) != 0) {
    return Section::failed(Errno::kEINVAL);
  }
  FdTable& table = k.fd_table(id);
  const u64 limit = k.process_of(id).rlimit_nofile;
  const bool cloexec = (flags & kOCloexec) != 0;
  const Result<Fd> first = table.reserve(Fd{0}, limit, cloexec);
  if (!first) {
    return Section::failed(first.error());
  }
  const Result<Fd> second = table.reserve(Fd{0}, limit, cloexec);
  if (!second) {
    table.unreserve(*first);
    return Section::failed(second.error());
  }
  if (type != kSockStream && type != kSockSeqpacket && type != kSockDgram) {
    table.unreserve(*second);
    table.unreserve(*first);
    return Section::not_modelled("a pair of sockets of this type");
  }
  const SocketId a = k.sockets.insert({.type = type, .peer = kNoSocket, .received = {}});
  const SocketId b = k.sockets.insert({.type = type, .peer = a, .received = {}});
  k.sockets[a].peer = b;
  const auto make = [&](SocketId socket) {
    return k.files.insert({.kind = FileKind::kSocket,
                           .f_count = 1,
                           .f_flags = kORdwr | (flags & kONonblock),
                           .f_mode = {.read = true, .write = true},
                           .socket = socket});
  };
  table.install(*first, make(a));
  table.install(*second, make(b));
  return Section::returned(0, SocketFds{*first, *second});
}

// Errors, in the order tested: EBADF, ENOTSOCK, EINVAL (more than 253 descriptors), EBADF (one of
// them), EPIPE with SIGPIPE (a stream's other end is closed).
// Linux net/socket.c: ___sys_sendmsg(); net/unix/af_unix.c: unix_stream_sendmsg().
Section run(KernelState& k, TaskId id, const SendmsgCall& call) {
  const File* file = find_file(k, id, call.fd);
  if (file == nullptr) {
    return Section::failed(Errno::kEBADF);
  }
  if (file->kind == FileKind::kOther || file->kind == FileKind::kNetlink) {
    return Section::not_modelled(
        "sendmsg() on a netlink socket, or a file that is not under study");
  }
  if (file->kind != FileKind::kSocket) {
    return Section::failed(Errno::kENOTSOCK);
  }
  const Socket& socket = k.sockets[file->socket];
  const SocketId peer = socket.peer;
  const u32 type = socket.type;
  Result<std::vector<FileId>> rights = take_rights(k, id, call.rights);
  if (!rights) {
    return Section::failed(rights.error());
  }
  const auto refuse = [&](Section section) {
    drop_rights(k, id, *rights);
    return section;
  };
  if (sends_a_socket(k, *rights)) {
    return refuse(Section::not_modelled("a socket sent over a socket"));
  }
  if (call.buf.mapped < call.buf.len) {
    return refuse(Section::not_modelled("sendmsg() of a buffer that is not mapped"));
  }
  if (peer == kNoSocket) {
    if (type != kSockStream) {
      return refuse(Section::not_modelled("sending a packet to nobody"));
    }
    if ((call.flags.v & kMsgNosignal) == 0) {
      send_signal_to_task(k, id, SignalInfo::of(kSigpipe, kSiUser, k.process_of(id).leader));
    }
    return refuse(Section::failed(Errno::kEPIPE));
  }
  if (queued_bytes(k.sockets[peer]) + call.buf.len > kMostQueuedBytes) {
    return refuse(Section::not_modelled("sending more than 64 KiB that nobody has read"));
  }
  if (type == kSockStream && call.buf.len == 0) {
    return refuse(Section::returned(0));  // nothing is sent, and the descriptors with it
  }
  k.sockets[peer].received.push_back(
      {.bytes = call.buf.data, .taken = 0, .rights = *std::move(rights)});
  return Section::returned(static_cast<i64>(call.buf.len));
}

// Errors, in the order tested: EBADF, ENOTSOCK, EAGAIN.
// Linux net/socket.c: ___sys_recvmsg(); net/unix/af_unix.c.
Section run(KernelState& k, TaskId id, const RecvmsgCall& call) {
  const File* file = find_file(k, id, call.fd);
  if (file == nullptr) {
    return Section::failed(Errno::kEBADF);
  }
  if (file->kind == FileKind::kOther || file->kind == FileKind::kNetlink) {
    return Section::not_modelled(
        "recvmsg() on a netlink socket, or a file that is not under study");
  }
  if (file->kind != FileKind::kSocket) {
    return Section::failed(Errno::kENOTSOCK);
  }
  if (call.buf.mapped < call.buf.len) {
    return Section::not_modelled("recvmsg() into a buffer that is not mapped");
  }
  Socket& socket = k.sockets[file->socket];
  if (socket.received.empty()) {
    const bool end = socket.peer == kNoSocket && socket.type != kSockDgram;
    const bool waits = (file->f_flags & kONonblock) == 0 && (call.flags.v & kMsgDontwait) == 0;
    return end     ? Section::returned(0, ReceivedRights{})
           : waits ? Section::not_modelled("waiting for a message on a socket")
                   : Section::failed(Errno::kEAGAIN);
  }
  Taken taken = take_bytes(socket, call.buf.len);
  const bool cloexec = (call.flags.v & kMsgCmsgCloexec) != 0;
  ReceivedRights out{.buf = Payload::of_bytes(taken.bytes),
                     .rights = install_rights(k, id, taken.rights, call.rights, cloexec)};
  return Section::returned(static_cast<i64>(taken.len), std::move(out));
}

}  // namespace ipcsim
