#include "sim/kernel/call.hpp"

namespace ipcsim {

std::optional<TaskId> child_of(const Call& call) {
  return visit(
      [](const auto& c) -> std::optional<TaskId> {
        if constexpr (requires { c.child; }) {
          return c.child;
        } else {
          return std::nullopt;
        }
      },
      call);
}

}  // namespace ipcsim
