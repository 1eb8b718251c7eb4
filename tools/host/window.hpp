// The memory that a call's pointers point to.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "model/base/payload.hpp"
#include "model/base/user_memory.hpp"
#include "tools/host/agent/protocol.hpp"

namespace ipcsim::host {

/// A buffer of a call within the window.
struct Piece {
  u64 offset = 0;
  u64 bytes = 0;  ///< that can be touched
};

/// Lays out the buffers of one call in a slot's window, one behind the other, and keeps the agent's
/// addresses apart from this process's.
class Window {
 public:
  Window(std::byte* memory, u64 agent_address, u64 page_bytes)
      : memory_(memory), agent_address_(agent_address), page_bytes_(page_bytes) {}

  /// Room for `bytes` bytes. Returns its offset.
  u64 reserve(u64 bytes);
  /// Puts bytes there. Returns the agent's address of them.
  u64 put(std::span<const std::byte> bytes);
  /// Puts a text with its NUL.
  u64 put_text(std::string_view text);
  template <class T>
  u64 put_value(const T& value) {
    return put(std::as_bytes(std::span(&value, 1)));
  }

  /// Places a buffer so that its mapped bytes end at a page that is not mapped, if not all are.
  /// Returns the agent's address. `filled`: with the segment's data.
  u64 place(const UserSegment& segment, bool filled);

  /// One more page, outside the window, that must not be mapped during the call.
  void add_guard(u64 address) { guards_.push_back(address); }

  /// The agent's address of an offset.
  [[nodiscard]] u64 agent(u64 offset) const { return agent_address_ + offset; }
  /// Buffers placed so far, in order.
  [[nodiscard]] const std::vector<Piece>& pieces() const { return pieces_; }
  /// Agent's addresses of pages that must not be mapped during the call.
  [[nodiscard]] const std::vector<u64>& guards() const { return guards_; }
  /// A buffer is longer than there is room: it was cut, and its end is guarded.
  [[nodiscard]] bool cut() const { return cut_; }
  /// The call does not fit.
  [[nodiscard]] bool overflowed() const { return overflowed_; }
  /// Bytes of the window that the call may touch.
  [[nodiscard]] u64 used() const { return cursor_; }

 private:
  u64 place_before_guard(u64 bytes);

  std::byte* memory_;
  u64 agent_address_;
  u64 page_bytes_;
  u64 cursor_ = 0;
  std::vector<Piece> pieces_;
  std::vector<u64> guards_;
  bool cut_ = false;
  bool overflowed_ = false;
};

}  // namespace ipcsim::host
