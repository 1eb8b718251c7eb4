// The objects of a snapshot as JSON, under the kernel's field names.
#pragma once

#include <nlohmann/json.hpp>

#include "sim/kernel/snapshot.hpp"

namespace ipcsim {

[[nodiscard]] nlohmann::ordered_json to_json(const PipeSnapshot& pipe);
[[nodiscard]] nlohmann::ordered_json to_json(const MqueueSnapshot& queue);

}  // namespace ipcsim
