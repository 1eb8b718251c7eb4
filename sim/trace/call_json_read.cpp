#include <array>
#include <limits>
#include <type_traits>
#include <utility>

#include "model/base/check.hpp"
#include "sim/trace/call_json.hpp"
#include "sim/trace/names_json.hpp"
#include "sim/trace/payload_json.hpp"
#include "sim/trace/spelling.hpp"

namespace ipcsim {
namespace {

constexpr u32 kMostU32 = std::numeric_limits<u32>::max();
constexpr std::string_view kBadPointer = R"({"mapped":0})";

void read_value(JsonReader& in, std::string_view key, const JsonValue& value, std::string& out) {
  read_name(in, key, value, out);
}

void read_value(JsonReader& in, std::string_view key, const JsonValue& value, Payload& out) {
  read_payload(in, key, value, out);
}

void read_value(JsonReader& in, std::string_view key, const JsonValue& value, MqAttr& out) {
  read_attr(in, key, value, out);
}

void read_value(JsonReader& in, std::string_view key, const JsonValue& value, SigEvent& out) {
  read_sigevent(in, key, value, out);
}

void read_value(JsonReader& in, std::string_view key, const JsonValue& value, Timespec& out) {
  if (auto object = in.inside(key, value, R"({"tv_sec":N,"tv_nsec":N}, null or {"mapped":0})")) {
    object->integer("tv_sec", out.tv_sec);
    object->integer("tv_nsec", out.tv_nsec);
    object->close();
  }
}

void read_value(JsonReader& in, std::string_view key, const JsonValue& value, i64& out) {
  in.integer_of(key, value, out, std::numeric_limits<i64>::min(), std::numeric_limits<i64>::max());
}

void read_value(JsonReader& in, std::string_view key, const JsonValue& value, Timeval& out) {
  if (auto object = in.inside(key, value, R"({"tv_sec":N,"tv_usec":N}, null or {"mapped":0})")) {
    object->integer("tv_sec", out.tv_sec);
    object->integer("tv_usec", out.tv_usec);
    object->close();
  }
}

void read_value(JsonReader& in, std::string_view key, const JsonValue& value, EpollEvent& out) {
  read_epoll_event(in, key, value, out);
}

void read_value(JsonReader& in, std::string_view key, const JsonValue& value, OwnerEx& out) {
  read_owner(in, key, value, out);
}

// The list under `key`; its items are read by `read_item`.
template <class T>
void read_list(JsonReader& in, std::string_view key, const JsonValue& value,
               std::string_view expected, std::vector<T>& out, auto&& read_item) {
  const JsonValue::List* list = value.list();
  if (list == nullptr) {
    in.refuse(key, value, expected);
    return;
  }
  for (std::size_t i = 0; i < list->size(); ++i) {
    read_item(indexed(key, i), (*list)[i], out.emplace_back());
  }
}

void read_value(JsonReader& in, std::string_view key, const JsonValue& value,
                std::vector<Fd>& out) {
  read_fds(in, key, value, out);
}

void read_value(JsonReader& in, std::string_view key, const JsonValue& value,
                std::vector<Signal>& out) {
  read_list(in, key, value, R"(a list of signals, null or {"mapped":0})", out,
            [&](std::string_view at, const JsonValue& item, Signal& signal) {
              read_signal(in, at, item, signal);
            });
}

// The visitor of each_field() that fills a call. A number, a flag word or a pointer that is missing
// keeps its default; anything else is required.
class CallReader {
 public:
  explicit CallReader(JsonReader& in) : in_(&in) {}

  void field(std::string_view name, Fd& out) { in_->need_integer(name, out.v); }
  void field(std::string_view name, TaskId& out) {
    in_->need_integer(name, out.v, name == "child" ? 1U : 0U, kMostTask);
  }
  void field(std::string_view name, u64& out) { in_->need_integer(name, out); }
  void field(std::string_view name, u32& out) { in_->integer(name, out); }
  void field(std::string_view name, i32& out) { in_->integer(name, out); }
  void field(std::string_view name, i64& out) { in_->integer(name, out); }
  void field(std::string_view name, Caps& out) { read_caps(*in_, name, out); }

  // A flag word.
  template <class Tag, class Rep>
    requires requires(Strong<Tag, Rep> word) { flag_word(word); }
  void field(std::string_view name, Strong<Tag, Rep>& out) {
    if (const JsonValue* value = in_->find(name)) {
      u64 bits = 0;
      read_flags(*in_, name, *value, flag_word(out), bits);
      out.v = static_cast<Rep>(bits);
    }
  }
  // A number with names.
  template <class Tag>
    requires requires(Strong<Tag, u32> number) { names_of(number); }
  void field(std::string_view name, Strong<Tag, u32>& out) {
    if (const JsonValue* value = in_->need(name, "a name or a number")) {
      read_named(*in_, name, *value, names_of(out), {0, kMostU32}, out.v);
    }
  }
  template <class Enum>
    requires std::is_enum_v<Enum> && requires(Enum e) { names_of(e); }
  void field(std::string_view name, Enum& out) {
    if (const JsonValue* value = in_->need(name, "a name")) {
      u32 number = static_cast<u32>(out);
      // No number stands for a name here: the range is empty.
      read_named(*in_, name, *value, names_of(out), {1, 0}, number);
      out = static_cast<Enum>(number);
    }
  }

  void field(std::string_view name, std::string& out) {
    if (const JsonValue* value = in_->need(name, "a string")) {
      read_name(*in_, name, *value, out);
    }
  }
  template <class T>
  void field(std::string_view name, UserPtr<T>& out) {
    const JsonValue* value = in_->find(name);
    if (value == nullptr || value->is_null()) {
      out = {};
    } else if (is_bad_pointer(*value)) {
      out = UserPtr<T>::bad();
    } else {
      out.kind = UserPtr<T>::Kind::kValue;
      read_value(*in_, name, *value, out.value);
    }
  }
  void field(std::string_view name, OutPtr& out) {
    if (const JsonValue* value = in_->find(name)) {
      out = value->is_null() ? OutPtr::kNull : OutPtr::kBad;
      if (!value->is_null() && !is_bad_pointer(*value)) {
        in_->refuse(name, *value, fmt::format("null or {}, or nothing", kBadPointer));
      }
    }
  }
  void field(std::string_view name, std::vector<PollFd>& out) {
    each_item(name, "a list of descriptors with events", out,
              [&](std::string_view key, const JsonValue& value, PollFd& row) {
                if (auto object = in_->inside(key, value, R"({"fd":N,"events":[...]})")) {
                  CallReader{*object}.field("fd", row.fd);
                  CallReader{*object}.field("events", row.events);
                  object->close();
                }
              });
  }
  void field(std::string_view name, std::vector<Fd>& out) {
    if (in_->has(name)) {
      each_item(name, "a list of descriptors", out,
                [&](std::string_view key, const JsonValue& value, Fd& fd) {
                  in_->integer_of(key, value, fd.v, std::numeric_limits<i32>::min(),
                                  std::numeric_limits<i32>::max());
                });
    }
  }
  void field(std::string_view name, std::vector<u32>& out) {
    each_item(name, "a list of numbers", out,
              [&](std::string_view key, const JsonValue& value, u32& number) {
                in_->integer_of(key, value, number, u32{0}, kMostU32);
              });
  }
  void field(std::string_view name, std::vector<Signal>& out) {
    each_item(name, "a list of signals", out,
              [&](std::string_view key, const JsonValue& value, Signal& signal) {
                read_signal(*in_, key, value, signal);
              });
  }

  void entry(MqEntry& out) {
    if (const JsonValue* value = in_->find("entry")) {
      u32 number = static_cast<u32>(out);
      read_named(*in_, "entry", *value, names_of(out), {1, 0}, number);
      out = static_cast<MqEntry>(number);
    }
  }
  void mode(std::string_view name, u32& out) {
    if (const JsonValue* value = in_->find(name)) {
      read_mode(*in_, name, *value, out);
    }
  }
  void fcntl_arg(std::string_view name, FcntlCmd cmd, i64& out) {
    const JsonValue* value = in_->find(name);
    if (value == nullptr) {
      return;
    }
    const bool flags = cmd.v == kFSetfl || cmd.v == kFSetfd;
    if (const auto number =
            value->integer(std::numeric_limits<i64>::min(), std::numeric_limits<i64>::max())) {
      out = *number;
    } else if (flags) {
      u64 bits = 0;
      const FlagWord word = cmd.v == kFSetfl ? flag_word(OpenFlags{}) : flag_word(FdFlags{});
      read_flags(*in_, name, *value, word, bits);
      out = static_cast<i64>(bits);
    } else {
      in_->refuse(name, *value, "a whole number (names are for F_SETFL and F_SETFD)");
    }
  }

  void in_buffer(std::string_view pointer, std::string_view length, UserSegment& out) {
    if (const JsonValue* value = in_->need(pointer, "the bytes")) {
      read_in_buffer(*in_, pointer, *value, out);
    }
    in_->integer(length, out.len);
    check_in_buffer(*in_, pointer, length, out);
  }
  void out_buffer(std::string_view pointer, std::string_view length, UserSegment& out) {
    if (const JsonValue* value = in_->find(pointer)) {
      read_out_buffer(*in_, pointer, *value, out);
    }
    in_->need_integer(length, out.len);
  }
  void in_iov(std::string_view name, std::vector<UserSegment>& out) {
    each_item(name, "a list of payloads", out,
              [&](std::string_view key, const JsonValue& value, UserSegment& segment) {
                read_in_iovec(*in_, key, value, segment);
              });
  }
  void out_iov(std::string_view name, std::vector<UserSegment>& out) {
    each_item(name, R"(a list of {"iov_len":N})", out,
              [&](std::string_view key, const JsonValue& value, UserSegment& segment) {
                read_out_iovec(*in_, key, value, segment);
              });
  }

  void page_iov(std::string_view name, std::vector<PageSegment>& out) {
    each_item(name, R"(a list of payloads or {"iov_len":N})", out,
              [&](std::string_view key, const JsonValue& value, PageSegment& segment) {
                read_page_iovec(*in_, key, value, segment);
              });
  }
  void payload(std::string_view name, Payload& out) {
    if (const JsonValue* value = in_->need(name, "the bytes")) {
      read_payload(*in_, name, *value, out);
    }
  }

 private:
  template <class T>
  void each_item(std::string_view name, std::string_view expected, std::vector<T>& out,
                 auto&& read_item) {
    const JsonValue::List* list = in_->need_list(name, expected);
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
      read_item(indexed(name, i), (*list)[i], out.emplace_back());
    }
  }

  JsonReader* in_;
};

template <class C>
Call read_one(JsonReader& in) {
  C call;
  C::each_field(call, CallReader{in});
  return call;
}

constexpr auto kReaders =
    CallTypes::each([]<class C>(std::type_identity<C> /*type*/) { return &read_one<C>; });

}  // namespace

std::optional<std::string_view> known_call_name(std::string_view name) {
  for (const std::string_view known : kCallNames) {
    if (known == name) {
      return known;
    }
  }
  return std::nullopt;
}

std::string unknown_call(std::string_view name) {
  const std::string hint = did_you_mean(kCallNames, name);
  return fmt::format(
      "unknown call {}{}", quoted(name),
      hint.empty() ? fmt::format("; the calls are {}", fmt::join(kCallNames, ", ")) : hint);
}

Call read_call(JsonReader& in, std::string_view name) {
  for (std::size_t i = 0; i < kCallNames.size(); ++i) {
    if (kCallNames[i] == name) {
      return kReaders[i](in);
    }
  }
  IPCSIM_CHECK(known_call_name(name));
  return {};
}

void read_epoll_event(JsonReader& in, std::string_view key, const JsonValue& value,
                      EpollEvent& event) {
  if (auto object = in.inside(key, value, R"({"events":[...],"data":N})")) {
    if (const JsonValue* events = object->find("events")) {
      u64 bits = 0;
      read_flags(*object, "events", *events, flag_word(event.events), bits);
      event.events.v = static_cast<u32>(bits);
    }
    object->integer("data", event.data);
    object->close();
  }
}

void read_owner(JsonReader& in, std::string_view key, const JsonValue& value, OwnerEx& owner) {
  if (auto object = in.inside(key, value, R"({"type":"F_OWNER_PID","pid":N})")) {
    if (const JsonValue* type = object->need("type", "a name")) {
      u32 number = 0;
      read_named(*object, "type", *type, names_of(owner.type), {1, 0}, number);
      owner.type = static_cast<OwnerType>(number);
    }
    object->integer("pid", owner.pid.v, 0U, kMostTask);
    object->close();
  }
}

void read_fds(JsonReader& in, std::string_view key, const JsonValue& value, std::vector<Fd>& fds) {
  constexpr i32 kMost = std::numeric_limits<i32>::max();
  const JsonValue::List* list = value.list();
  if (list == nullptr) {
    in.refuse(key, value, "a list of descriptors");
    return;
  }
  for (std::size_t i = 0; i < list->size(); ++i) {
    in.integer_of(indexed(key, i), (*list)[i], fds.emplace_back().v, 0, kMost);
  }
}

void read_attr(JsonReader& in, std::string_view key, const JsonValue& value, MqAttr& attr) {
  if (auto object = in.inside(key, value, "an object with the members of struct mq_attr")) {
    object->integer("mq_flags", attr.mq_flags);
    object->integer("mq_maxmsg", attr.mq_maxmsg);
    object->integer("mq_msgsize", attr.mq_msgsize);
    object->integer("mq_curmsgs", attr.mq_curmsgs);
    object->close();
  }
}

}  // namespace ipcsim
