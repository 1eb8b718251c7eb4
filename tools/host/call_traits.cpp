#include "tools/host/call_traits.hpp"

namespace ipcsim::host {
namespace {

template <class... T>
bool is_any_of(const Call& call) {
  return (holds_alternative<T>(call) || ...);
}

/// The flags of clone() and unshare().
u64 flags_of(const Call& call) {
  const auto* clone = get_if<CloneCall>(&call);
  const auto* unshare = get_if<UnshareCall>(&call);
  return clone != nullptr ? clone->flags.v : unshare != nullptr ? unshare->flags.v : 0;
}

}  // namespace

bool makes_thread(const Call& call) {
  const auto* clone = get_if<CloneCall>(&call);
  return clone != nullptr && (clone->flags.v & kCloneThread) != 0;
}

bool makes_user_namespace(const Call& call) { return (flags_of(call) & kCloneNewuser) != 0; }

bool makes_pid_namespace(const Call& call) { return (flags_of(call) & kCloneNewpid) != 0; }

bool can_sleep(const Call& call) {
  if (const auto* clone = get_if<CloneCall>(&call)) {
    return (clone->flags.v & kCloneVfork) != 0;
  }
  return waits_for_events(call) ||
         is_any_of<ReadCall, WriteCall, ReadvCall, WritevCall, Preadv2Call, Pwritev2Call, OpenCall,
                   PauseCall, RtSigsuspendCall, MqTimedsendCall, MqTimedreceiveCall, RecvfromCall,
                   VforkCall, SpliceCall, TeeCall, SendfileCall, VmspliceCall>(call);
}

bool waits_for_events(const Call& call) {
  return waits_for_the_rest(call) ||
         is_any_of<PollCall, EpollWaitCall, EpollPwaitCall, EpollPwait2Call>(call);
}

bool waits_for_the_rest(const Call& call) {
  return is_any_of<PpollCall, SelectCall, Pselect6Call>(call);
}

}  // namespace ipcsim::host
