#include "sim/fuzz/fit.hpp"

#include <map>
#include <memory>
#include <utility>

#include "sim/fuzz/simpler_call.hpp"
#include "sim/fuzz/world.hpp"
#include "sim/replay/actions.hpp"

namespace ipcsim {
namespace {

/// Descriptors that a call made.
std::vector<Fd> made_by(const Call& call, const SysResult& result) {
  if (result.error != Errno::kOk) {
    return {};
  }
  if (const auto* fds = get_if<PipeFds>(&result.out)) {
    return {fds->read, fds->write};
  }
  const auto* fcntl = get_if<FcntlCall>(&call);
  const bool makes =
      holds_alternative<OpenCall>(call) || holds_alternative<MqOpenCall>(call) ||
      holds_alternative<DupCall>(call) || holds_alternative<Dup2Call>(call) ||
      holds_alternative<Dup3Call>(call) ||
      (fcntl != nullptr && (fcntl->cmd.v == kFDupfd || fcntl->cmd.v == kFDupfdCloexec));
  return makes ? std::vector{Fd{static_cast<i32>(result.ret)}} : std::vector<Fd>{};
}

/// Descriptors that the steps of a program make, by step.
using MadeBySteps = std::map<u32, std::vector<Fd>>;

/// Runs a program step by step, and notes which step made which descriptors.
class Runner {
 public:
  Runner(const Trace& program, const KernelProfile& profile)
      : world_(program.header.environment, profile) {}

  [[nodiscard]] bool can_take(const Event& event) const {
    if (!is_action(event)) {
      return false;
    }
    const TaskId task = acting_task(event);
    const KernelState& k = world_.state();
    if (task == kNoTask) {
      return true;
    }
    return k.exists(task) &&
           (std::holds_alternative<SignalEvent>(event.body) || !k.task(task).in_call());
  }
  bool take(u32 step, const Event& event) {
    if (!world_.take(event, coverage_)) {
      return false;
    }
    if (const auto* call = std::get_if<CallEvent>(&event.body)) {
      calls_[call->task] = {step, call->call};
    }
    for (const Completion& end : world_.ends()) {
      const auto found = calls_.find(end.task);
      if (found != calls_.end() && end.kind == Completion::Kind::kReturned) {
        std::vector<Fd> fds = made_by(found->second.second, end.result);
        if (!fds.empty()) {
          made_[found->second.first] = std::move(fds);
        }
      }
    }
    return true;
  }
  [[nodiscard]] const MadeBySteps& made() const { return made_; }

 private:
  World world_;
  Coverage coverage_;
  std::map<TaskId, std::pair<u32, Call>> calls_;  // the call that each task was last in
  MadeBySteps made_;
};

MadeBySteps made_in_full(const Trace& program, const KernelProfile& profile) {
  Runner runner(program, profile);
  for (u32 step = 0; step < program.events.size(); ++step) {
    if (runner.can_take(program.events[step])) {
      runner.take(step, program.events[step]);
    }
  }
  return runner.made();
}

/// What the numbers of a descriptor table have become.
using Renumbered = std::map<Fd, Fd>;

class Fitter {
 public:
  Fitter(const Trace& program, const KernelProfile& profile)
      : program_(program), made_before_(made_in_full(program, profile)), runner_(program, profile) {
    for (const InitialTask& task : program.header.environment.tasks) {
      tables_[task.task] = std::make_shared<Renumbered>();
    }
  }

  void add(u32 step, Trace& fitted) {
    Event event = program_.events[step];
    if (!runner_.can_take(event)) {
      return;
    }
    if (auto* call = std::get_if<CallEvent>(&event.body)) {
      const Renumbered& table = *tables_[call->task];
      call->call = with_descriptors(call->call, [&](Fd fd) {
        const auto found = table.find(fd);
        return found == table.end() ? fd : found->second;
      });
      makers_[step] = call->task;
    }
    if (!runner_.take(step, event)) {
      return;
    }
    note_child(event);
    note_descriptors();
    fitted.events.push_back(std::move(event));
  }

 private:
  void note_child(const Event& event) {
    const auto* call = std::get_if<CallEvent>(&event.body);
    if (call == nullptr) {
      return;
    }
    visit(
        [&](const auto& c) {
          if constexpr (requires { c.child; }) {
            bool shared = false;
            if constexpr (requires { c.flags; }) {
              shared = (c.flags.v & kCloneFiles) != 0;
            }
            const auto& table = tables_[call->task];
            tables_[c.child] = shared ? table : std::make_shared<Renumbered>(*table);
          }
        },
        call->call);
  }
  void note_descriptors() {
    for (const auto& [step, fds] : runner_.made()) {
      const auto before = made_before_.find(step);
      if (!noted_.contains(step) && before != made_before_.end() &&
          before->second.size() == fds.size()) {
        Renumbered& table = *tables_[makers_[step]];
        for (std::size_t i = 0; i < fds.size(); ++i) {
          table[before->second[i]] = fds[i];
        }
        noted_[step] = true;
      }
    }
  }

  const Trace& program_;
  MadeBySteps made_before_;
  Runner runner_;
  std::map<TaskId, std::shared_ptr<Renumbered>> tables_;
  std::map<u32, TaskId> makers_;
  std::map<u32, bool> noted_;
};

}  // namespace

Trace fit(const Trace& program, const std::vector<u32>& keep, const KernelProfile& profile) {
  Trace fitted{.name = program.name, .header = program.header, .events = {}};
  Fitter fitter(program, profile);
  for (const u32 step : keep) {
    fitter.add(step, fitted);
  }
  return fitted;
}

Trace fit(const Trace& program, const KernelProfile& profile) {
  Trace fitted{.name = program.name, .header = program.header, .events = {}};
  Runner runner(program, profile);
  for (u32 step = 0; step < program.events.size(); ++step) {
    const Event& event = program.events[step];
    if (runner.can_take(event) && runner.take(step, event)) {
      fitted.events.push_back(event);
    }
  }
  return fitted;
}

}  // namespace ipcsim
