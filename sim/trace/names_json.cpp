#include "sim/trace/names_json.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <system_error>
#include <vector>

#include "sim/trace/json_text.hpp"
#include "sim/trace/spelling.hpp"

namespace ipcsim {
namespace {

constexpr u64 kMostU16 = std::numeric_limits<u16>::max();
constexpr u64 kMostU32 = std::numeric_limits<u32>::max();
constexpr u64 kMostI64 = static_cast<u64>(std::numeric_limits<i64>::max());

constexpr std::array kAlsoOpenFlags = std::to_array<NamedNumber>({
    {"O_RDONLY", kORdonly},
    {"O_NOTIFICATION_PIPE", kONotificationPipe},
});

constexpr std::array kDispositions = std::to_array<NamedNumber>({
    {"SIG_DFL", static_cast<u64>(Disposition::kDefault)},
    {"SIG_IGN", static_cast<u64>(Disposition::kIgnore)},
    {"handler", static_cast<u64>(Disposition::kHandler)},
});

constexpr std::array kMaskHows = std::to_array<NamedNumber>({
    {"SIG_BLOCK", static_cast<u64>(MaskHow::kBlock)},
    {"SIG_UNBLOCK", static_cast<u64>(MaskHow::kUnblock)},
    {"SIG_SETMASK", static_cast<u64>(MaskHow::kSetmask)},
});

constexpr std::array kMqEntries = std::to_array<NamedNumber>({
    {"syscall", static_cast<u64>(MqEntry::kSyscall)},
    {"ia32", static_cast<u64>(MqEntry::kIa32)},
    {"libc", static_cast<u64>(MqEntry::kLibc)},
});

constexpr std::array kOwnerTypes = std::to_array<NamedNumber>({
    {"F_OWNER_TID", static_cast<u64>(OwnerType::kTid)},
    {"F_OWNER_PID", static_cast<u64>(OwnerType::kPid)},
    {"F_OWNER_PGRP", static_cast<u64>(OwnerType::kPgrp)},
});

#define IPCSIM_ERRNO_NAME(name, number) std::string_view{#name},
constexpr std::array kErrnoNames{IPCSIM_ERRNO_LIST(IPCSIM_ERRNO_NAME)};
#undef IPCSIM_ERRNO_NAME

constexpr std::array kCaps{Cap::kChown,    Cap::kDacOverride, Cap::kDacReadSearch, Cap::kFowner,
                           Cap::kFsetid,   Cap::kKill,        Cap::kSetgid,        Cap::kSetuid,
                           Cap::kSysAdmin, Cap::kSysNice,     Cap::kSysResource};
constexpr u32 kMostCap = 63;

// What could have stood where `word` does: the nearest name, or all names when none is near.
std::string one_of(std::span<const std::string_view> names, const JsonValue& found) {
  if (const std::string* word = found.string()) {
    if (const std::string hint = did_you_mean(names, *word); !hint.empty()) {
      return "a known name" + hint;
    }
  }
  return fmt::format("one of {}", fmt::join(names, ", "));
}

std::string one_of(std::span<const NamedNumber> names, const JsonValue& found) {
  std::vector<std::string_view> only_names;
  for (const NamedNumber& row : names) {
    only_names.push_back(row.name);
  }
  return one_of(only_names, found);
}

// One item of a flag list.
void read_flag(JsonReader& in, std::string_view key, const JsonValue& value, const FlagWord& word,
               u64& bits) {
  if (const auto number = value.integer<u64>(0, word.max)) {
    bits |= *number;
    return;
  }
  if (const std::string* name = value.string()) {
    for (const auto names : {word.names, word.also_read}) {
      if (const auto number = number_of(names, *name)) {
        bits |= *number;
        return;
      }
    }
    in.refuse(key, value, one_of(word.names, value));
    return;
  }
  in.refuse(key, value, fmt::format("a flag's name or {}", whole_number(u64{0}, word.max)));
}

}  // namespace

FlagWord flag_word(OpenFlags /*flags*/) { return {open_flag_names(), kAlsoOpenFlags, kMostU32}; }
FlagWord flag_word(RwFlags /*flags*/) { return {rw_flag_names(), {}, kMostU32}; }
FlagWord flag_word(FdFlags /*flags*/) { return {fd_flag_names(), {}, kMostU32}; }
// A short in struct pollfd.
FlagWord flag_word(PollEvents /*events*/) { return {poll_event_names(), {}, kMostU16}; }
FlagWord flag_word(EpollEvents /*events*/) { return {epoll_event_names(), {}, kMostU32}; }
FlagWord flag_word(CloneFlags /*flags*/) { return {clone_flag_names(), {}, kMostI64}; }
FlagWord flag_word(SaFlags /*flags*/) { return {sa_flag_names(), {}, kMostU32}; }
FlagWord flag_word(SpliceFlags /*flags*/) { return {splice_flag_names(), {}, kMostU32}; }
FlagWord flag_word(LockOperation /*operation*/) { return {lock_names(), {}, kMostU32}; }
FlagWord flag_word(MapProt /*prot*/) { return {map_prot_names(), {}, kMostU32}; }
FlagWord flag_word(MapFlags /*flags*/) { return {map_flag_names(), {}, kMostU32}; }
FlagWord flag_word(MountFlags /*flags*/) { return {mount_flag_names(), {}, kMostU32}; }
FlagWord flag_word(CloseRangeFlags /*flags*/) { return {close_range_names(), {}, kMostU32}; }
FlagWord flag_word(SocketType /*type*/) { return {socket_type_names(), {}, kMostU32}; }
FlagWord flag_word(MsgFlags /*flags*/) { return {msg_flag_names(), {}, kMostU32}; }
FlagWord flag_word(StatTimes /*times*/) { return {stat_time_names(), {}, kMostU32}; }

std::string flags_json(const FlagWord& word, u64 bits) {
  std::vector<std::string> items;
  for (const NamedNumber& row : word.names) {
    if ((bits & row.number) == row.number) {
      items.push_back(json_string(row.name));
      bits &= ~row.number;
    }
  }
  if (bits != 0) {
    items.push_back(fmt::format("{}", bits));
  }
  return json_list(items);
}

void read_flags(JsonReader& in, std::string_view key, const JsonValue& value, const FlagWord& word,
                u64& bits) {
  bits = 0;
  if (const JsonValue::List* list = value.list()) {
    for (std::size_t i = 0; i < list->size(); ++i) {
      read_flag(in, indexed(key, i), (*list)[i], word, bits);
    }
  } else if (value.object() != nullptr || value.is_null()) {
    in.refuse(key, value, "a list of flags");
  } else {
    read_flag(in, key, value, word, bits);
  }
}

std::span<const NamedNumber> names_of(Signal /*signal*/) { return signal_names(); }
std::span<const NamedNumber> names_of(FcntlCmd /*cmd*/) { return fcntl_names(); }
std::span<const NamedNumber> names_of(IoctlRequest /*request*/) { return ioctl_names(); }
std::span<const NamedNumber> names_of(EpollCtlOp /*op*/) { return epoll_ctl_names(); }
std::span<const NamedNumber> names_of(OwnerType /*type*/) { return kOwnerTypes; }
std::span<const NamedNumber> names_of(Resource /*resource*/) { return rlimit_names(); }
std::span<const NamedNumber> names_of(Whence /*whence*/) { return whence_names(); }
std::span<const NamedNumber> names_of(SigevNotify /*notify*/) { return sigev_names(); }
std::span<const NamedNumber> names_of(SocketFamily /*family*/) { return socket_family_names(); }
std::span<const NamedNumber> names_of(PriorityWhich /*which*/) { return priority_which_names(); }
std::span<const NamedNumber> names_of(SchedPolicy /*policy*/) { return sched_policy_names(); }
std::span<const NamedNumber> names_of(Disposition /*handler*/) { return kDispositions; }
std::span<const NamedNumber> names_of(MaskHow /*how*/) { return kMaskHows; }
std::span<const NamedNumber> names_of(MqEntry /*entry*/) { return kMqEntries; }

std::string named_json(std::span<const NamedNumber> names, u64 number) {
  const auto name = name_of(names, number);
  return name ? json_string(*name) : fmt::format("{}", number);
}

void read_named(JsonReader& in, std::string_view key, const JsonValue& value,
                std::span<const NamedNumber> names, std::pair<u32, u32> range, u32& number) {
  const auto [min, max] = range;
  if (const std::string* name = value.string()) {
    if (const auto named = number_of(names, *name)) {
      number = static_cast<u32>(*named);
    } else {
      in.refuse(key, value, one_of(names, value));
    }
  } else if (const auto plain = value.integer<u32>(min, max)) {
    number = *plain;
  } else {
    in.refuse(
        key, value,
        min > max ? one_of(names, value) : fmt::format("a name or {}", whole_number(min, max)));
  }
}

void read_signal(JsonReader& in, std::string_view key, const JsonValue& value, Signal& signal) {
  read_named(in, key, value, signal_names(), {1, kMostSignal}, signal.v);
}

std::string caps_json(Caps caps) {
  std::vector<std::string> items;
  for (const Cap cap : kCaps) {
    if (caps.has(cap)) {
      items.push_back(json_string(cap_name(cap)));
      caps.bits &= ~Caps{}.add(cap).bits;
    }
  }
  for (u32 bit = 0; bit <= kMostCap; ++bit) {
    if ((caps.bits >> bit & 1U) != 0) {
      items.push_back(fmt::format("{}", bit));
    }
  }
  return json_list(items);
}

void read_caps(JsonReader& in, std::string_view key, Caps& caps) {
  if (const JsonValue* value = in.find(key)) {
    read_caps(in, key, *value, caps);
  }
}

void read_caps(JsonReader& in, std::string_view key, const JsonValue& value_of_key, Caps& caps) {
  const JsonValue::List* list = value_of_key.list();
  if (list == nullptr) {
    in.refuse(key, value_of_key, "a list of capabilities");
    return;
  }
  std::array<std::string_view, kCaps.size()> names;
  std::ranges::transform(kCaps, names.begin(), cap_name);
  caps = {};
  for (std::size_t i = 0; i < list->size(); ++i) {
    const JsonValue& value = (*list)[i];
    const std::string* name = value.string();
    if (const auto number = value.integer<u32>(0, kMostCap)) {
      caps.bits |= u64{1} << *number;
    } else if (const auto cap = name != nullptr ? cap_from_name(*name) : std::nullopt) {
      caps.add(*cap);
    } else {
      in.refuse(indexed(key, i), value,
                name != nullptr ? one_of(names, value) + ", or its number"
                                : "a capability's name or " + whole_number(u32{0}, kMostCap));
    }
  }
}

std::string errno_json(Errno error) { return json_string(errno_name(error)); }

void read_errno(JsonReader& in, std::string_view key, const JsonValue& value, Errno& error) {
  const std::string* name = value.string();
  const auto found = name != nullptr
                         ? errno_from_name(*name)
                         : errno_from_number(value.integer<i64>(1, kMostU16).value_or(0));
  if (found && *found != Errno::kERESTARTSYS) {
    error = *found;
  } else {
    in.refuse(key, value,
              "an error's name, such as \"EAGAIN\"" +
                  (name != nullptr ? did_you_mean(kErrnoNames, *name) : std::string{}));
  }
}

std::string mode_json(u32 mode) { return fmt::format("\"0{:03o}\"", mode); }

void read_mode(JsonReader& in, std::string_view key, const JsonValue& value, u32& mode) {
  if (const auto number = value.integer<u32>(0, std::numeric_limits<u32>::max())) {
    mode = *number;
    return;
  }
  if (const std::string* digits = value.string(); digits != nullptr && !digits->empty()) {
    const char* const end = digits->data() + digits->size();
    const auto [stop, error] = std::from_chars(digits->data(), end, mode, 8);
    if (stop == end && error == std::errc{}) {
      return;
    }
  }
  in.refuse(key, value, "octal digits in a string, such as \"0600\", or a number");
}

}  // namespace ipcsim
