// Payloads and buffers as JSON.
#pragma once

#include <string>
#include <string_view>

#include "model/base/payload.hpp"
#include "model/base/user_memory.hpp"
#include "sim/kernel/call_splice.hpp"
#include "sim/trace/json_reader.hpp"

namespace ipcsim {

/// The most bytes that one payload may have.
inline constexpr u64 kMostPayloadBytes = u64{1} << 30U;

/// The shortest form of `payload`: `"text"`, `{"hex":"00ff"}`, `{"len":65536,"pattern":7}`, ...
[[nodiscard]] std::string payload_json(const Payload& payload);
void read_payload(JsonReader& in, std::string_view key, const JsonValue& value, Payload& payload);

/// Bytes that the kernel reads. `"mapped"` stands inside the payload's object; the length the
/// program states is a parameter of its own.
[[nodiscard]] std::string in_buffer_json(const UserSegment& segment);
void read_in_buffer(JsonReader& in, std::string_view key, const JsonValue& value,
                    UserSegment& segment);

/// Room that the kernel fills: `{"mapped":100}`.
[[nodiscard]] std::string out_buffer_json(const UserSegment& segment);
void read_out_buffer(JsonReader& in, std::string_view key, const JsonValue& value,
                     UserSegment& segment);

/// One element of an iovec, with its `"iov_len"` inside.
[[nodiscard]] std::string in_iovec_json(const UserSegment& segment);
void read_in_iovec(JsonReader& in, std::string_view key, const JsonValue& value,
                   UserSegment& segment);
[[nodiscard]] std::string out_iovec_json(const UserSegment& segment);
void read_out_iovec(JsonReader& in, std::string_view key, const JsonValue& value,
                    UserSegment& segment);

/// One element of an iovec of vmsplice(): bytes, or room, in memory that may have a name.
[[nodiscard]] std::string page_iovec_json(const PageSegment& segment);
void read_page_iovec(JsonReader& in, std::string_view key, const JsonValue& value,
                     PageSegment& segment);

/// Reports a buffer of which the kernel may read more bytes than the trace has. `length_key` is
/// where its length stands.
void check_in_buffer(JsonReader& in, std::string_view key, std::string_view length_key,
                     const UserSegment& segment);

/// A name of a file or queue: a string, or `{"hex":"..."}` where it is not UTF-8.
[[nodiscard]] std::string name_json(std::string_view name);
void read_name(JsonReader& in, std::string_view key, const JsonValue& value, std::string& name);

}  // namespace ipcsim
