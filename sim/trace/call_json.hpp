// Calls and their results as members of an event's object.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sim/kernel/call.hpp"
#include "sim/trace/json_reader.hpp"
#include "sim/trace/json_text.hpp"
#include "sim/trace/trace.hpp"

namespace ipcsim {

/// The name as it stands in kCallNames (it outlives every trace), or nothing.
[[nodiscard]] std::optional<std::string_view> known_call_name(std::string_view name);
/// `unknown call "raed" (did you mean "read"?)`
[[nodiscard]] std::string unknown_call(std::string_view name);

/// Reads the parameters of the call `name`. REQUIRES: known_call_name(name).
[[nodiscard]] Call read_call(JsonReader& in, std::string_view name);
/// Adds the parameters: the required ones, and others that differ from their defaults.
void write_call(JsonObjectText& out, const Call& call);

/// Reads "ret", "errno" and "out" of the call `name`; nothing when there is none of them.
/// REQUIRES: known_call_name(name).
[[nodiscard]] std::optional<SysResult> read_result(JsonReader& in, std::string_view name);
void write_result(JsonObjectText& out, const SysResult& result);

/// What contradicts the call in its result, in words: a read() that returned 5 and gave 3 bytes.
[[nodiscard]] std::optional<std::string> contradiction(const Call& call, const SysResult& result);

// struct epoll_event, struct f_owner_ex and lists of descriptors.
[[nodiscard]] std::string epoll_event_json(const EpollEvent& event);
void read_epoll_event(JsonReader& in, std::string_view key, const JsonValue& value,
                      EpollEvent& event);
[[nodiscard]] std::string owner_json(const OwnerEx& owner);
void read_owner(JsonReader& in, std::string_view key, const JsonValue& value, OwnerEx& owner);
[[nodiscard]] std::string fds_json(const std::vector<Fd>& fds);
void read_fds(JsonReader& in, std::string_view key, const JsonValue& value, std::vector<Fd>& fds);

// struct mq_attr: members that are 0 may be left out.
[[nodiscard]] std::string attr_json(const MqAttr& attr);
void read_attr(JsonReader& in, std::string_view key, const JsonValue& value, MqAttr& attr);

// struct sigevent, in notify_json.cpp.
[[nodiscard]] std::string sigevent_json(const SigEvent& event);
void read_sigevent(JsonReader& in, std::string_view key, const JsonValue& value, SigEvent& event);
/// `{"mapped":0}`.
[[nodiscard]] bool is_bad_pointer(const JsonValue& value);

}  // namespace ipcsim
