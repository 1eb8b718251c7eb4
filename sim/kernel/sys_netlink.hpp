// The sockets that SIGEV_THREAD of message queues talks through.
#pragma once

#include "sim/kernel/kernel_state.hpp"

namespace ipcsim {

/// Packets that a socket's receive buffer certainly has room for (SO_RCVBUF 212992, and less than
/// 800 bytes a packet of 32). What happens beyond depends on the machine.
inline constexpr u32 kCertainPackets = 256;

/// A packet arrives: it is queued, and the first reader is woken.
/// Linux net/netlink/af_netlink.c: netlink_sendskb().
void netlink_receive(KernelState& k, NetlinkId socket, Payload packet);
/// What poll() sees.
[[nodiscard]] u32 netlink_poll_mask(const NetlinkSocket& socket);

}  // namespace ipcsim
