#include "tools/host/encode_call.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "tools/host/call_encoder.hpp"

namespace ipcsim::host {

std::expected<CallInProgress, MachineError> Encoder::encode(const Call& call) {
  visit([this](const auto& c) { put(c); }, call);
  const Window& window = build_.window();
  if (window.overflowed() || window.guards().size() > kMostGuards) {
    build_.refuse(
        fmt::format("{}() needs more memory than the {} MiB and {} unmapped pages there are",
                    call_name(call), kWindowBytes >> 20U, kMostGuards));
  }
  if (build_.refusal()) {
    context_.clock.forget(task_);
    return std::unexpected(MachineError{.unsupported = true, .message = *build_.refusal()});
  }
  Slot& slot = build_.slot();
  std::ranges::copy(window.guards(), std::begin(slot.guard));
  slot.guards = static_cast<u32>(window.guards().size());
  slot.call = static_cast<u32>(call.index()) + 1;
  return build_.progress(call, child_slot_);
}

std::expected<CallInProgress, MachineError> encode_call(EncodeContext& context, TaskId task,
                                                        const Call& call,
                                                        std::optional<u32> child_slot) {
  return Encoder(context, task, child_slot).encode(call);
}

}  // namespace ipcsim::host
