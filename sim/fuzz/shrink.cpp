#include "sim/fuzz/shrink.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "sim/fuzz/fit.hpp"
#include "sim/fuzz/simpler_call.hpp"
#include "sim/replay/actions.hpp"

namespace ipcsim {
namespace {

class Shrinker {
 public:
  Shrinker(const Trace& program, const KernelProfile& profile, u32 most_tries,
           const StillShows& still_shows)
      : best_(program), profile_(profile), tries_left_(most_tries), still_shows_(still_shows) {}

  Trace run() {
    bool smaller = true;
    while (smaller && tries_left_ > 0) {
      smaller = drop_steps();
      smaller = drop_tasks() || smaller;
      smaller = simplify_calls() || smaller;
      smaller = simplify_environment() || smaller;
    }
    return std::move(best_);
  }

 private:
  bool accept(Trace candidate) {
    if (tries_left_ == 0 || candidate == best_) {
      return false;
    }
    --tries_left_;
    if (!still_shows_(candidate)) {
      return false;
    }
    best_ = std::move(candidate);
    return true;
  }

  bool drop_range(u32 first, u32 count) {
    std::vector<u32> keep;
    for (u32 step = 0; step < best_.events.size(); ++step) {
      if (step < first || step >= first + count) {
        keep.push_back(step);
      }
    }
    return accept(fit(best_, keep, profile_));
  }

  /// Halves, quarters ... single steps, the last first: what follows the fault goes at once.
  bool drop_steps() {
    bool dropped = false;
    for (u32 count = std::max(1U, static_cast<u32>(best_.events.size()) / 2);; count /= 2) {
      for (u32 end = static_cast<u32>(best_.events.size()); end > 0 && tries_left_ > 0;) {
        const u32 first = end > count ? end - count : 0;
        if (drop_range(first, end - first)) {
          dropped = true;
          end = std::min(first, static_cast<u32>(best_.events.size()));
        } else {
          end = first;
        }
      }
      if (count == 1 || tries_left_ == 0) {
        return dropped;
      }
    }
  }

  /// One task does what two did.
  bool drop_tasks() {
    std::set<TaskId> tasks;
    for (const Event& event : best_.events) {
      if (acting_task(event) != kNoTask) {
        tasks.insert(acting_task(event));
      }
    }
    bool dropped = false;
    for (auto from = tasks.rbegin(); from != tasks.rend(); ++from) {
      for (auto to = tasks.begin(); *to != *from; ++to) {
        if (accept(fit(with_task_as(*from, *to), profile_))) {
          dropped = true;
          break;
        }
      }
    }
    return dropped;
  }

  /// `from` is not made, and what it did `to` does.
  [[nodiscard]] Trace with_task_as(TaskId from, TaskId to) const {
    Trace trace = best_;
    std::erase_if(trace.events, [&](const Event& event) {
      const auto* call = std::get_if<CallEvent>(&event.body);
      return call != nullptr && child_of(call->call) == from;
    });
    for (Event& event : trace.events) {
      std::visit(
          [&](auto& body) {
            if constexpr (requires { body.task; }) {
              body.task = body.task == from ? to : body.task;
            }
          },
          event.body);
    }
    return trace;
  }

  bool simplify_calls() {
    bool simpler = false;
    for (std::size_t step = best_.events.size(); step > 0 && tries_left_ > 0; --step) {
      for (u32 n = 0; step <= best_.events.size() && tries_left_ > 0;) {
        const auto* event = std::get_if<CallEvent>(&best_.events[step - 1].body);
        const auto call = event == nullptr ? std::nullopt : simpler_call(event->call, n);
        if (!call) {
          break;
        }
        Trace candidate = best_;
        std::get<CallEvent>(candidate.events[step - 1].body).call = *call;
        if (accept(fit(candidate, profile_))) {
          simpler = true;
        } else {
          ++n;
        }
      }
    }
    return simpler;
  }

  bool simplify_environment() {
    const Environment before = best_.header.environment;
    const auto attempt = [&](auto&& change) {
      Trace candidate = best_;
      change(candidate.header.environment);
      return accept(fit(candidate, profile_));
    };
    bool simpler = attempt([](Environment& e) { e.caps = {}; });
    simpler = attempt([](Environment& e) { e.mq_limits = {}; }) || simpler;
    for (std::size_t i = 0; i < before.tasks.size(); ++i) {
      const InitialTask plain{.task = before.tasks[i].task, .other_fds = {}};
      simpler = attempt([&](Environment& e) {
                  if (i < e.tasks.size()) {
                    e.tasks[i] = plain;
                  }
                }) ||
                simpler;
    }
    while (best_.header.environment.tasks.size() > 1 &&
           attempt([](Environment& e) { e.tasks.pop_back(); })) {
      simpler = true;
    }
    return simpler;
  }

  Trace best_;
  const KernelProfile& profile_;
  u32 tries_left_;
  const StillShows& still_shows_;
};

}  // namespace

Trace shrink(const Trace& program, const KernelProfile& profile, u32 most_tries,
             const StillShows& still_shows) {
  return Shrinker(program, profile, most_tries, still_shows).run();
}

}  // namespace ipcsim
