// What was read from a pipe tells in which order it was written.
#pragma once

#include <vector>

#include "sim/replay/search_position.hpp"

namespace ipcsim {

/// The results of all read()s of a trace. Which of several writers comes next shows only where its
/// bytes come out of the pipe again, a whole pipe later: by then a search that guesses has too many
/// orders to take back. So the search asks here first. The answer is a hint: in which order reads
/// took place that overlap is not known either.
class ReadAhead {
 public:
  ReadAhead(const Trace& trace, const CallIndex& index);

  /// False when the bytes that the task would write to a pipe next are not those that the reads to
  /// come took at that place. True also for a task that writes to none.
  [[nodiscard]] bool may_write_next(const SearchPosition& at, TaskId task) const;

 private:
  struct Reading {
    u32 call = 0;
    TaskId task;
    Fd fd;
    u32 begin = 0;
    u32 end = 0;
    const Payload* bytes = nullptr;
  };

  [[nodiscard]] std::vector<const Reading*> to_come(const SearchPosition& at, PipeId pipe,
                                                    u64 bytes) const;

  const Trace& trace_;
  const CallIndex& index_;
  std::vector<Reading> readings_;  // by their end
};

}  // namespace ipcsim
