// AF_UNIX sockets as far as descriptors travel over them.
#pragma once

#include <vector>

#include "model/base/hash.hpp"
#include "model/base/payload.hpp"
#include "sim/kernel/constants_vfs.hpp"
#include "sim/kernel/ids.hpp"

namespace ipcsim {

/// What one sendmsg() put into a queue (`struct sk_buff`), without what was taken out again.
struct SocketMessage {
  Payload bytes;
  u64 taken = 0;               ///< bytes at the front that a stream's reader has had
  std::vector<FileId> rights;  ///< in flight: each holds its file
  bool operator==(const SocketMessage&) const = default;
};

/// One end of a pair (`struct unix_sock`).
struct Socket {
  u32 type = kSockStream;
  SocketId peer = kNoSocket;            ///< kNoSocket: it was closed
  std::vector<SocketMessage> received;  ///< oldest first
  bool operator==(const Socket&) const = default;
};

}  // namespace ipcsim
