// Sockets.
#include <sys/socket.h>
#include <sys/syscall.h>

#include <array>
#include <cstring>
#include <vector>

#include <fmt/format.h>

#include "tools/host/call_encoder.hpp"
#include "tools/host/host_flags.hpp"
#include "tools/host/kernel_structs.hpp"

namespace ipcsim::host {
void Encoder::put(const SocketCall& c) {
  const bool known = (c.domain.v == kAfNetlink || c.domain.v == kAfUnix) && c.protocol == 0;
  if (!known) {
    return build_.refuse("only plain netlink and AF_UNIX sockets are supported");
  }
  build_.system_call(SYS_socket, c.domain.v, c.type.v, c.protocol);
}

void Encoder::put(const RecvfromCall& c) {
  build_.system_call(SYS_recvfrom, c.sockfd.v, build_.window().place(c.buf, false), c.buf.len,
                     c.flags.v, 0, 0);
}

void Encoder::put(const SocketpairCall& c) {
  const u32 flags = open_flags_to_host(c.type.v & ~kSockTypeMask);
  build_.system_call(SYS_socketpair, AF_UNIX, (c.type.v & kSockTypeMask) | flags, 0,
                     build_.out<i32[2]>(OutPtr::kValid));
}

u64 Encoder::message(const UserSegment& buf, bool filled, u64 control, u64 control_len) {
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

void Encoder::put(const SendmsgCall& c) {
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

void Encoder::put(const RecvmsgCall& c) {
  if (c.rights > kMostRights) {
    return build_.refuse("recvmsg() with room for more than 253 descriptors");
  }
  const u64 control = build_.in_out(OutPtr::kValid, std::array<std::byte, kControlBytes>{});
  const u64 len = c.rights == 0 ? 0 : sizeof(KernelCmsghdr) + c.rights * sizeof(i32);
  build_.system_call(SYS_recvmsg, c.fd.v, message(c.buf, false, control, len), c.flags.v);
}

}  // namespace ipcsim::host
