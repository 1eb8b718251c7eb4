// What a call in progress may still touch: calls that touch nothing in common commute.
#pragma once

#include <vector>

#include "sim/kernel/kernel.hpp"

namespace ipcsim {

/// What the sections that are left of a call can read or change. Too much is safe, too little is
/// not: a call that is not known here touches everything.
class Footprint {
 public:
  /// Kinds of things, each with numbers of its own.
  enum class Thing : u8 {
    kPipe,
    kQueue,
    kFile,
    kEpoll,
    kSocket,
    kInode,
    kFdTable,
    kTask,
    kProcess,
    kNames,
    kCharges
  };

  void add(Thing thing, u32 number, bool writes) {
    touched_.push_back({static_cast<u64>(thing) << 32U | number, writes});
  }
  void add_everything() { everything_ = true; }

  /// True when the order of the two may matter: both touch a thing and one of them changes it.
  [[nodiscard]] bool clashes(const Footprint& other) const;

 private:
  struct Touch {
    u64 what = 0;
    bool writes = false;
  };
  std::vector<Touch> touched_;
  bool everything_ = false;
};

/// The footprint of what `task` is in: a call, or signals that it has to take.
[[nodiscard]] Footprint footprint_of(const Kernel& kernel, TaskId task);

/// Of the runnable tasks those whose next sections can matter for the end of `wanted`'s call:
/// `wanted` itself, whoever touches what its call touches, and so on. The order of the others
/// against these makes no difference, so they can wait. `wanted` comes first if it can run, the
/// others in the order of the run queue.
[[nodiscard]] std::vector<TaskId> relevant_runnable(const Kernel& kernel, TaskId wanted);

}  // namespace ipcsim
