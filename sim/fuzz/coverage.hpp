// What programs did: which calls ended how, and which of the model's rules were at work.
#pragma once

#include <array>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/kernel/kernel_state.hpp"
#include "sim/trace/trace.hpp"

namespace ipcsim {

/// A step, with the system before and after it.
struct CoveredStep {
  const KernelState& before;
  const Event& event;
  const KernelState& after;
  std::span<const Completion> completions;
};

/// Rules of the model that a program can set to work, in the order of situation_names().
enum class Situation : u8 {
  kWriteMerges,
  kWriteMakesSlot,
  kWriteMakesPacket,
  kWriteTakesKeptPage,
  kWriteIsShort,
  kWriteSleeps,
  kWriteWithoutReader,
  kReadTakesWholeSlots,
  kReadTakesPartOfSlot,
  kReadDropsRestOfPacket,
  kReadMeetsEnd,
  kReadSleeps,
  kPageIsKept,
  kBothPagesKept,
  kRingFull,
  kRingGrows,
  kRingShrinks,
  kSeveralReadersAsleep,
  kSeveralWritersAsleep,
  kReaderWoken,
  kWriterWoken,
  kSeveralWoken,
  kPollerWoken,
  kSlotMovedWhole,
  kSlotShared,
  kSlotOfFile,
  kSlotOfHole,
  kSlotOfMemory,
  kSlotGifted,
  kSlotOfDevice,
  kSpliceSleeps,
  kOpenSleeps,
  kOpenMeetsPartner,
  kLastWriterLeaves,
  kLastReaderLeaves,
  kMessageQueued,
  kMessageHandedOver,
  kSenderAdmitted,
  kSendSleeps,
  kReceiveSleeps,
  kSeveralSendersAsleep,
  kSeveralReceiversAsleep,
  kNodeCached,
  kNodeReused,
  kTreeOfThree,
  kTreeOfSeven,
  kMessageOfSegments,
  kQueueUnlinkedInUse,
  kTimeoutExpires,
  kCallInterrupted,
  kCallRestarted,
  kKilledAsleep,
  kProcessEnds,
  kThreadEnds,
  kExecClosesFiles,
  kSharedTable,
  kTaskStops,
  kTaskGoesOn,
  kRegistrationFires,
  kCount,
};
[[nodiscard]] std::string_view situation_name(Situation situation);

/// Counts of a campaign.
class Coverage {
 public:
  /// How a call went: a `kName`, and "ok", "asleep", "died" or an error's name.
  using Outcome = std::pair<std::string_view, std::string>;

  void count_step(const CoveredStep& step);
  void add(const Coverage& other);

  [[nodiscard]] u64 steps() const { return steps_; }
  [[nodiscard]] u64 sleeps() const { return sleeps_; }
  [[nodiscard]] u64 wake_ups() const { return wake_ups_; }
  [[nodiscard]] u64 deaths() const { return deaths_; }
  [[nodiscard]] u64 signals() const { return signals_; }
  [[nodiscard]] const std::map<Outcome, u64>& outcomes() const { return outcomes_; }
  [[nodiscard]] u64 count(Situation situation) const {
    return situations_[static_cast<std::size_t>(situation)];
  }
  /// Calls that were made, by name.
  [[nodiscard]] const std::map<std::string_view, u64>& calls() const { return calls_; }
  bool operator==(const Coverage&) const = default;

 private:
  void note(Situation situation) { ++situations_[static_cast<std::size_t>(situation)]; }
  void count_ends(const CoveredStep& step);
  void count_sleepers(const CoveredStep& step);
  void count_pipes(const CoveredStep& step);
  void count_pipe(const CoveredStep& step, const PipeObject& before, const PipeObject& after);
  void count_slots(const PipeInode& before, const PipeInode& after, const Call& call);
  void count_queues(const CoveredStep& step);
  void count_queue(const MqueueInode& before, const MqueueInode& after, const Call* call);

  u64 steps_ = 0;
  u64 sleeps_ = 0;
  u64 wake_ups_ = 0;
  u64 deaths_ = 0;
  u64 signals_ = 0;
  std::map<Outcome, u64> outcomes_;
  std::map<std::string_view, u64> calls_;
  std::array<u64, static_cast<std::size_t>(Situation::kCount)> situations_{};
};

/// What the specifications of the calls say that can come of them and is expected of a campaign:
/// outcomes that were never reached are listed by its report.
[[nodiscard]] std::vector<Coverage::Outcome> expected_outcomes(bool pipes, bool queues);
/// True when the situation belongs to the objects of a campaign.
[[nodiscard]] bool concerns(Situation situation, bool pipes, bool queues);

}  // namespace ipcsim
