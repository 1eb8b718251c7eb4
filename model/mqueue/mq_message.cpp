#include "model/mqueue/mq_message.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "model/base/check.hpp"

namespace ipcsim {

void MqMessage::hash_into(Hasher& hasher) const {
  hasher.add(prio);
  ipcsim::hash_into(hasher, text);
}

u64 msg_segments(Bytes len, u32 page_size) {
  IPCSIM_CHECK(page_size > kMsgMsgSize);
  const u64 in_first = page_size - kMsgMsgSize;
  const u64 in_each = page_size - kMsgMsgsegSize;
  return len.v <= in_first ? 0 : (len.v - in_first + in_each - 1) / in_each;
}

void hash_into(Hasher& hasher, const Payload& payload) {
  const u64 known = payload.known_len();
  hasher.add(payload.len());
  hasher.add(known);
  // Pieces of one size, so that a pattern and the same bytes spelled out give the same number.
  std::array<std::byte, 256> piece;
  for (u64 offset = 0; offset < known; offset += piece.size()) {
    const std::span<std::byte> part{piece.data(), std::min<u64>(piece.size(), known - offset)};
    payload.copy(offset, part);
    hasher.add(std::span<const std::byte>{part});
  }
}

}  // namespace ipcsim
