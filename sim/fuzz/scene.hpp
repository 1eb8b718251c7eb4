// What a call is made up from: who makes it, what it holds, and what the program is fond of.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "model/base/random.hpp"
#include "model/base/user_memory.hpp"
#include "sim/kernel/kernel_state.hpp"

namespace ipcsim {

/// What one program is fond of: programs differ more from each other than all of them from a mean.
struct Mood {
  std::vector<u32> weights;  ///< by maker, see makers()
  u32 nonblock_percent = 30;
  u32 packet_percent = 10;
  u32 small_ring_percent = 50;
  u32 bad_percent = 3;  ///< calls with a bad pointer, a wrong descriptor or an absurd size
  bool timers = false;  ///< sleeps whose time runs out
};

/// The object that the call should be about, if there is one that matters more than others.
struct Focus {
  PipeId pipe = kNoPipe;
  std::optional<MqueueId> queue;
};

/// The place that one call is made up for.
class Scene {
 public:
  Scene(const KernelState& state, Random& chance_, const Mood& mood_, TaskId task_, Focus focus)
      : k(state), chance(chance_), mood(mood_), task(task_), focus_(focus) {}

  // NOLINTBEGIN(misc-non-private-member-variables-in-classes): a maker works on all of them
  const KernelState& k;
  Random& chance;
  const Mood& mood;
  const TaskId task;
  // NOLINTEND(misc-non-private-member-variables-in-classes)

  /// True now and then: this call is to have something wrong with it.
  [[nodiscard]] bool bad() const { return chance.percent(mood.bad_percent); }

  [[nodiscard]] const File* file_of(Fd fd) const;
  [[nodiscard]] const PipeInode* pipe_of(Fd fd) const;
  [[nodiscard]] const MqueueInode* queue_of(Fd fd) const;
  /// An open descriptor whose file is as `wanted` says, of the focus if there is one such.
  [[nodiscard]] std::optional<Fd> fd_where(const std::function<bool(const File&)>& wanted) const;
  /// Not of a queue: the text in it has a number of a process, which differs between machines.
  [[nodiscard]] std::optional<Fd> read_end() const;
  [[nodiscard]] std::optional<Fd> write_end() const;
  [[nodiscard]] std::optional<Fd> queue() const;
  /// Any open descriptor, and once in a while a number that is none.
  [[nodiscard]] Fd any_fd() const;
  /// A number for a new descriptor: often one in use.
  [[nodiscard]] Fd target_fd() const;

  /// Lengths around what makes a difference to this pipe: room in the last slot, free slots, whole
  /// pages, more than fits.
  [[nodiscard]] u64 len_to_write(const PipeInode& pipe) const;
  /// Lengths around the first slot's, around all there is, and more.
  [[nodiscard]] u64 len_to_read(const PipeInode& pipe) const;
  /// A buffer with bytes of a pattern of its own.
  [[nodiscard]] UserSegment bytes(u64 len) const;
  [[nodiscard]] UserSegment room(u64 len) const;
  /// A FIFO's, file's or queue's name.
  [[nodiscard]] std::string name() const;
  /// Milliseconds until a deadline in the near future: behind all others there, so that a real
  /// clock can keep them apart.
  [[nodiscard]] i32 near_timeout_ms() const;
  /// A task that lives, or now and then one that does not.
  [[nodiscard]] TaskId other_task() const;

  [[nodiscard]] u32 page_size() const { return k.pages.page_size(); }

 private:
  [[nodiscard]] bool in_focus(const File& file) const;

  Focus focus_;
};

}  // namespace ipcsim
