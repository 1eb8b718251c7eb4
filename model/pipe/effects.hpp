// What a pipe operation asks the layer above to do, in the order in which the kernel does it.
#pragma once

#include <array>
#include <span>

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

/// The effects of one lock-held section, in order.
class PipeEffects {
 public:
  static constexpr u32 kMost = 6;

  void add(PipeEffect effect) {
    IPCSIM_CHECK(count_ < kMost);
    list_[count_++] = effect;
  }
  void add(const PipeEffects& more) {
    for (const PipeEffect effect : more.list()) {
      add(effect);
    }
  }
  [[nodiscard]] std::span<const PipeEffect> list() const { return {list_.data(), count_}; }

 private:
  std::array<PipeEffect, kMost> list_{};
  u8 count_ = 0;
};

}  // namespace ipcsim
