// What a pipe operation asks the layer above to do, in the order in which the kernel does it.
#pragma once

#include <bit>

#include "model/base/check.hpp"
#include "model/base/types.hpp"

namespace ipcsim {

/// One consequence of a pipe operation for somebody else. The wake-ups carry the kernel's
/// wait-queue name; "all" means every waiter, otherwise every non-exclusive and the first exclusive
/// one.
enum class PipeEffect : u8 {
  kSendSigpipe,    ///< send SIGPIPE to the calling thread
  kWakeRdWait,     ///< wake(rd_wait, POLLIN | POLLRDNORM)
  kWakeWrWait,     ///< wake(wr_wait, POLLOUT | POLLWRNORM)
  kWakeAllRdWait,  ///< wake_up_interruptible_all(rd_wait)
  kWakeAllWrWait,  ///< wake_up_interruptible_all(wr_wait)
  kSigioReaders,   ///< kill_fasync(fasync_readers, SIGIO, POLL_IN)
  kSigioWriters,   ///< kill_fasync(fasync_writers, SIGIO, POLL_OUT)
  kWakeRdWaitAny,  ///< wake(rd_wait) without a key: a poller for whatever event is woken
  kWakeWrWaitAny,  ///< wake(wr_wait) without a key
};

/// The effects of one lock-held section, in order: one byte each in one word, the first one lowest.
/// (An array is copied byte by byte, which costs as much as the whole section.)
class PipeEffects {
 public:
  static constexpr u32 kMost = 8;

  void add(PipeEffect effect) {
    IPCSIM_CHECK(packed_ >> (kBits * (kMost - 1)) == 0);
    const u32 used = (64U - static_cast<u32>(std::countl_zero(packed_)) + kBits - 1) / kBits;
    packed_ |= (static_cast<u64>(effect) + 1) << (kBits * used);
  }
  /// Calls `f(effect)` for each, in order.
  void each(auto&& f) const {
    for (u64 rest = packed_; rest != 0; rest >>= kBits) {
      f(static_cast<PipeEffect>((rest & kMask) - 1));
    }
  }
  /// Adds the other section's effects behind these.
  void add(const PipeEffects& more) {
    more.each([this](PipeEffect effect) { add(effect); });
  }

 private:
  static constexpr u32 kBits = 8;
  static constexpr u64 kMask = 0xff;

  u64 packed_ = 0;  // the effect's number plus one in each byte
};

}  // namespace ipcsim
