// One message of a queue, on its way or in the tree.
#pragma once

#include "model/base/hash.hpp"
#include "model/base/payload.hpp"
#include "model/base/types.hpp"

namespace ipcsim {

/// Priorities are 0 .. kMqPrioMax - 1 (MQ_PRIO_MAX).
inline constexpr u32 kMqPrioMax = 32768;
/// Bytes of the record before a message's text (`struct msg_msg` of a 64-bit kernel).
inline constexpr u32 kMsgMsgSize = 48;
/// Bytes of the record before each further piece of text (`struct msg_msgseg`).
inline constexpr u32 kMsgMsgsegSize = 8;

/// A message (`struct msg_msg`): `prio` is m_type, `text.len()` is m_ts.
struct MqMessage {
  u32 prio = 0;  ///< 0 .. kMqPrioMax - 1; greater is more urgent
  Payload text;

  bool operator==(const MqMessage&) const = default;
  void hash_into(Hasher& hasher) const;
};

/// Extra blocks (`struct msg_msgseg`) behind the first block of a message of `len` bytes: each
/// block fills at most one page, its record included. REQUIRES: page_size > kMsgMsgSize. Linux
/// ipc/msgutil.c: alloc_msg() with DATALEN_MSG and DATALEN_SEG.
[[nodiscard]] u64 msg_segments(Bytes len, u32 page_size);

/// Adds what `==` compares: both lengths and every known byte, however they are written down.
void hash_into(Hasher& hasher, const Payload& payload);

}  // namespace ipcsim
