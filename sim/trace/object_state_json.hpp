// The fields of a pipe or queue in a state event.
#pragma once

#include "sim/trace/json_reader.hpp"
#include "sim/trace/json_text.hpp"
#include "sim/trace/names_json.hpp"
#include "sim/trace/object_state.hpp"

namespace ipcsim {

/// Reads the member "pipe" or "mqueue", if there is one.
[[nodiscard]] ObjectState read_object_state(JsonReader& in);

/// Writes it.
void write_object_state(JsonObjectText& out, const ObjectState& object);

/// The fields as one JSON object, for messages and traces.
[[nodiscard]] std::string to_json(const PipeState& pipe);
[[nodiscard]] std::string to_json(const MqueueState& queue);

/// The bits of a slot's flags, "CAN_MERGE", and the names of operation tables, "anon".
[[nodiscard]] FlagWord pipe_buf_flag_word();
[[nodiscard]] std::span<const NamedNumber> pipe_buf_ops_names();

}  // namespace ipcsim
