// What the kernel's own tracepoints count.
#pragma once

#include <optional>
#include <utility>

#include "model/base/types.hpp"

namespace ipcsim::host {

/// Tracepoints by the numbers that this kernel gave them.
struct Tracepoints {
  u64 sched_waking = 0;   ///< a task is woken from sleep: try_to_wake_up()
  u64 mm_page_alloc = 0;  ///< pages leave the allocator: __alloc_pages()
};

/// Nothing where this kernel has none, or does not let this user count them.
[[nodiscard]] std::optional<Tracepoints> find_tracepoints();

/// Counts one tracepoint in what the calling thread does, from its making on.
class TracepointCounter {
 public:
  /// `filter`: a condition on the tracepoint's fields, or null. A counter that was refused counts
  /// nothing and says so in counts().
  explicit TracepointCounter(u64 tracepoint, const char* filter = nullptr);
  TracepointCounter(const TracepointCounter&) = delete;
  TracepointCounter& operator=(const TracepointCounter&) = delete;
  ~TracepointCounter();

  [[nodiscard]] bool counts() const { return fd_ >= 0; }
  /// Leaves out what happens until resume().
  void pause() const;
  void resume() const;
  /// So far.
  [[nodiscard]] u64 value() const;

 private:
  int fd_ = -1;
};

}  // namespace ipcsim::host
