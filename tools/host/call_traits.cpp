#include "tools/host/call_traits.hpp"

#include <type_traits>
#include <variant>

namespace ipcsim::host {

bool makes_thread(const Call& call) {
  const auto* clone = get_if<CloneCall>(&call);
  return clone != nullptr && (clone->flags.v & kCloneThread) != 0;
}

bool can_sleep(const Call& call) {
  const auto is_any_of = [&]<class... T>(std::type_identity<T>...) {
    return (holds_alternative<T>(call) || ...);
  };
  if (const auto* clone = get_if<CloneCall>(&call)) {
    return (clone->flags.v & kCloneVfork) != 0;
  }
  return is_any_of(std::type_identity<ReadCall>{}, std::type_identity<WriteCall>{},
                   std::type_identity<ReadvCall>{}, std::type_identity<WritevCall>{},
                   std::type_identity<Preadv2Call>{}, std::type_identity<Pwritev2Call>{},
                   std::type_identity<OpenCall>{}, std::type_identity<PollCall>{},
                   std::type_identity<PpollCall>{}, std::type_identity<SelectCall>{},
                   std::type_identity<Pselect6Call>{}, std::type_identity<EpollWaitCall>{},
                   std::type_identity<EpollPwaitCall>{}, std::type_identity<EpollPwait2Call>{},
                   std::type_identity<PauseCall>{}, std::type_identity<RtSigsuspendCall>{},
                   std::type_identity<MqTimedsendCall>{}, std::type_identity<MqTimedreceiveCall>{},
                   std::type_identity<RecvfromCall>{}, std::type_identity<VforkCall>{},
                   std::type_identity<SpliceCall>{}, std::type_identity<TeeCall>{},
                   std::type_identity<SendfileCall>{}, std::type_identity<VmspliceCall>{});
}

}  // namespace ipcsim::host
