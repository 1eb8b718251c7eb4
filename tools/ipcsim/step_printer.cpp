#include "tools/ipcsim/step_printer.hpp"

#include <fmt/format.h>

#include "model/base/text.hpp"
#include "sim/replay/actions.hpp"
#include "tools/ipcsim/snapshot_json.hpp"

namespace ipcsim {

StepPrinter::StepPrinter(const Trace& trace, const CommonOptions& options, u64 first, u64 last)
    : options_(options), first_(first), last_(last) {
  if (!options_.json && !options_.quiet && !trace.header.title.empty()) {
    fmt::print("{}\n", trace.header.title);
  }
}

void StepPrinter::step(const Event& event, std::span<const Completion> completions,
                       std::span<const Sleeper> sleepers, const Snapshot& after) {
  const TaskId task = acting_task(event);
  const std::string what = action_text(event);
  print(task == kNoTask ? what : fmt::format("task {}: {}", task.v, what), completions, sleepers,
        after);
}

void StepPrinter::section(TaskId task, std::span<const Completion> completions,
                          std::span<const Sleeper> sleepers, const Snapshot& after) {
  print(fmt::format("task {} runs", task.v), completions, sleepers, after);
}

void StepPrinter::print(const std::string& what, std::span<const Completion> completions,
                        std::span<const Sleeper> sleepers, const Snapshot& after) {
  ++count_;
  if (count_ < first_ || (last_ != 0 && count_ > last_)) {
    return;
  }
  if (options_.json) {
    steps_.push_back(to_json(what, completions, sleepers, after));
    return;
  }
  fmt::print("{:4}  {}\n", count_, what);
  for (const Completion& completion : completions) {
    fmt::print("        task {} = {}\n", completion.task.v, to_text(completion));
  }
  if (!sleepers.empty()) {
    fmt::print("        asleep: {}\n", joined(sleepers, ", ", [](const Sleeper& s) {
                 return fmt::format("task {} in {}", s.task.v, s.call);
               }));
  }
  if (after != before_) {
    fmt::print("{}", to_text(after));
    before_ = after;
  }
}

nlohmann::ordered_json StepPrinter::to_json(const std::string& what,
                                            std::span<const Completion> completions,
                                            std::span<const Sleeper> sleepers,
                                            const Snapshot& after) const {
  nlohmann::ordered_json one = {{"step", count_}, {"event", what}};
  one["ended"] = nlohmann::ordered_json::array();
  for (const Completion& completion : completions) {
    one["ended"].push_back({{"task", completion.task.v}, {"result", to_text(completion)}});
  }
  one["asleep"] = nlohmann::ordered_json::array();
  for (const Sleeper& sleeper : sleepers) {
    one["asleep"].push_back({{"task", sleeper.task.v}, {"call", sleeper.call}});
  }
  one["pipes"] = nlohmann::ordered_json::array();
  for (const PipeSnapshot& pipe : after.pipes) {
    one["pipes"].push_back(ipcsim::to_json(pipe));
  }
  one["mqueues"] = nlohmann::ordered_json::array();
  for (const MqueueSnapshot& queue : after.mqueues) {
    one["mqueues"].push_back(ipcsim::to_json(queue));
  }
  return one;
}

void StepPrinter::finish(const Report& report) {
  if (!options_.json) {
    fmt::print("{}\n", summary_line(report));
    return;
  }
  const nlohmann::ordered_json all = {{"steps", report.steps},
                                      {"compared", report.compared},
                                      {"differences", report.differences.size()},
                                      {"not_modelled", report.not_modelled},
                                      {"shown", steps_}};
  fmt::print("{}\n", all.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace ipcsim
