// Numbers that a trace writes as the kernel's names.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "model/base/caps.hpp"
#include "model/base/errno.hpp"
#include "sim/kernel/call.hpp"
#include "sim/kernel/constants.hpp"
#include "sim/trace/json_reader.hpp"

namespace ipcsim {

/// The names of a flag word's bits, and the most that its integer holds.
struct FlagWord {
  std::span<const NamedNumber> names;
  /// Names that are read but never written.
  std::span<const NamedNumber> also_read;
  u64 max = 0;
};

[[nodiscard]] FlagWord flag_word(OpenFlags flags);
[[nodiscard]] FlagWord flag_word(RwFlags flags);
[[nodiscard]] FlagWord flag_word(FdFlags flags);
[[nodiscard]] FlagWord flag_word(PollEvents events);
[[nodiscard]] FlagWord flag_word(EpollEvents events);
[[nodiscard]] FlagWord flag_word(CloneFlags flags);
[[nodiscard]] FlagWord flag_word(SaFlags flags);
[[nodiscard]] FlagWord flag_word(SpliceFlags flags);
[[nodiscard]] FlagWord flag_word(LockOperation operation);
[[nodiscard]] FlagWord flag_word(MapProt prot);
[[nodiscard]] FlagWord flag_word(MapFlags flags);
[[nodiscard]] FlagWord flag_word(CloseRangeFlags flags);
[[nodiscard]] FlagWord flag_word(MountFlags flags);
[[nodiscard]] FlagWord flag_word(SocketType type);
[[nodiscard]] FlagWord flag_word(MsgFlags flags);
[[nodiscard]] FlagWord flag_word(StatTimes times);

/// `["O_RDWR","O_NONBLOCK",4294967296]`: each bit's name, then what has none as a number.
[[nodiscard]] std::string flags_json(const FlagWord& word, u64 bits);
/// Reads such a list, a single name or a number.
void read_flags(JsonReader& in, std::string_view key, const JsonValue& value, const FlagWord& word,
                u64& bits);

/// The names of numbers that exclude each other.
[[nodiscard]] std::span<const NamedNumber> names_of(Signal signal);
[[nodiscard]] std::span<const NamedNumber> names_of(FcntlCmd cmd);
[[nodiscard]] std::span<const NamedNumber> names_of(IoctlRequest request);
[[nodiscard]] std::span<const NamedNumber> names_of(EpollCtlOp op);
[[nodiscard]] std::span<const NamedNumber> names_of(Resource resource);
[[nodiscard]] std::span<const NamedNumber> names_of(Whence whence);
[[nodiscard]] std::span<const NamedNumber> names_of(SigevNotify notify);
[[nodiscard]] std::span<const NamedNumber> names_of(SocketFamily family);
[[nodiscard]] std::span<const NamedNumber> names_of(PriorityWhich which);
[[nodiscard]] std::span<const NamedNumber> names_of(SchedPolicy policy);

/// The number's name as a JSON string, or the number.
[[nodiscard]] std::string named_json(std::span<const NamedNumber> names, u64 number);
/// Reads a name of `names`, or a number from `min` to `max`.
void read_named(JsonReader& in, std::string_view key, const JsonValue& value,
                std::span<const NamedNumber> names, std::pair<u32, u32> range, u32& number);
/// A signal that can be sent: a name, or 1 to 64.
void read_signal(JsonReader& in, std::string_view key, const JsonValue& value, Signal& signal);

/// The names of the two enumerations that calls have.
[[nodiscard]] std::span<const NamedNumber> names_of(Disposition handler);
[[nodiscard]] std::span<const NamedNumber> names_of(MaskHow how);
[[nodiscard]] std::span<const NamedNumber> names_of(OwnerType type);
[[nodiscard]] std::span<const NamedNumber> names_of(MqEntry entry);

/// `["CAP_SYS_ADMIN"]`
[[nodiscard]] std::string caps_json(Caps caps);
void read_caps(JsonReader& in, std::string_view key, Caps& caps);
void read_caps(JsonReader& in, std::string_view key, const JsonValue& value, Caps& caps);

/// `"EAGAIN"`
[[nodiscard]] std::string errno_json(Errno error);
void read_errno(JsonReader& in, std::string_view key, const JsonValue& value, Errno& error);

/// `"0600"`
[[nodiscard]] std::string mode_json(u32 mode);
void read_mode(JsonReader& in, std::string_view key, const JsonValue& value, u32& mode);

}  // namespace ipcsim
