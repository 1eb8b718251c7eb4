// Prints what each step of a run did and what the objects look like after it.
#pragma once

#include <span>

#include <nlohmann/json.hpp>

#include "sim/kernel/snapshot.hpp"
#include "tools/ipcsim/command.hpp"

namespace ipcsim {

/// Prints text as steps come, or one JSON object with a list of steps at the end.
class StepPrinter {
 public:
  /// Prints the title. Steps `first` to `last` are shown; `last` 0 is to the end.
  StepPrinter(const Trace& trace, const CommonOptions& options, u64 first, u64 last);

  /// An event took effect.
  void step(const Event& event, std::span<const Completion> completions,
            std::span<const Sleeper> sleepers, const Snapshot& after);
  /// A task ran a section of its call.
  void section(TaskId task, std::span<const Completion> completions,
               std::span<const Sleeper> sleepers, const Snapshot& after);
  /// Prints the closing line.
  void finish(const Report& report);

 private:
  [[nodiscard]] nlohmann::ordered_json to_json(const std::string& what,
                                               std::span<const Completion> completions,
                                               std::span<const Sleeper> sleepers,
                                               const Snapshot& after) const;
  void print(const std::string& what, std::span<const Completion> completions,
             std::span<const Sleeper> sleepers, const Snapshot& after);

  CommonOptions options_;
  u64 first_;
  u64 last_;
  u64 count_ = 0;
  nlohmann::ordered_json steps_ = nlohmann::ordered_json::array();
  Snapshot before_;
};

}  // namespace ipcsim
