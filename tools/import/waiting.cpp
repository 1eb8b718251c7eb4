#include "tools/import/waiting.hpp"

#include <limits>

namespace ipcsim::strace {

std::optional<i64> nanoseconds(const UserPtr<Timespec>& timeout) {
  constexpr i64 kMostSeconds = std::numeric_limits<i64>::max() / kNanosecondsPerSecond - 1;
  const Timespec& t = timeout.value;
  const bool sane = t.tv_sec >= 0 && t.tv_sec < kMostSeconds && t.tv_nsec >= 0 &&
                    t.tv_nsec < kNanosecondsPerSecond;
  return timeout.is_null() || timeout.is_bad() || !sane
             ? std::nullopt
             : std::optional{t.tv_sec * kNanosecondsPerSecond + t.tv_nsec};
}

SigmaskPtr read_mask(Conversion& c, const Node* node) {
  if (node == nullptr || is_null(*node)) {
    return {};
  }
  if (is_address(*node)) {
    return SigmaskPtr::bad();
  }
  const u64 set = c.args.signal_set(node, "sigmask") & c.state.survey.signals;
  std::vector<Signal> signals;
  for (u32 signal = 1; signal <= kMostSignal; ++signal) {
    if ((set >> (signal - 1) & 1U) != 0) {
      signals.emplace_back(signal);
    }
  }
  return SigmaskPtr::of(std::move(signals));
}

Plan keep_waiting(Conversion& c, Call call, Output out, std::optional<i64> timeout_ns) {
  Plan plan = c.keep(std::move(call), std::move(out));
  if (timeout_ns && *timeout_ns > 0) {
    plan.timeout = Timeout{
        .absolute = false, .ns = *timeout_ns, .ran_out = c.result.ok() && c.result.value == 0};
  }
  return plan;
}

}  // namespace ipcsim::strace
