// The calls that a program may make, each with what makes one up.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "sim/fuzz/scene.hpp"
#include "sim/kernel/call.hpp"

namespace ipcsim {

/// What a call is about.
enum class MakerGroup : u8 {
  kPipe,
  kFifo,
  kSplice,
  kQueue,
  kDescriptor,
  kTask,
  kSignal,
  kEpoll,
  kAsync,
  kVfs,
  kCount,
};

/// Makes up a call for a scene, or nothing where the task has nothing to make it with.
struct Maker {
  std::string_view name;
  MakerGroup group;
  u32 weight;      ///< how often, beside the others
  bool essential;  ///< every program of the group has it
  std::optional<Call> (*make)(const Scene& scene);
};

/// All makers, always in the same order.
[[nodiscard]] std::span<const Maker> pipe_makers();
[[nodiscard]] std::span<const Maker> fifo_makers();
[[nodiscard]] std::span<const Maker> splice_makers();
[[nodiscard]] std::span<const Maker> queue_makers();
[[nodiscard]] std::span<const Maker> descriptor_makers();
[[nodiscard]] std::span<const Maker> task_makers();
[[nodiscard]] std::span<const Maker> event_makers();
[[nodiscard]] std::span<const Maker> vfs_makers();
[[nodiscard]] const std::vector<Maker>& makers();

/// The deadline of a call that must not sleep past it, or a pointer to none.
[[nodiscard]] UserPtr<Timespec> some_deadline(const Scene& scene);

}  // namespace ipcsim
