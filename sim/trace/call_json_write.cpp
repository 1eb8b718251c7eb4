#include <array>
#include <limits>
#include <type_traits>
#include <utility>

#include "sim/trace/call_json.hpp"
#include "sim/trace/names_json.hpp"
#include "sim/trace/payload_json.hpp"

namespace ipcsim {
namespace {

constexpr std::string_view kBadPointer = R"({"mapped":0})";

std::string value_json(const std::string& name) { return name_json(name); }
std::string value_json(const Payload& bytes) { return payload_json(bytes); }
std::string value_json(i64 number) { return fmt::format("{}", number); }
std::string value_json(const MqAttr& attr) { return attr_json(attr); }
std::string value_json(const SigEvent& event) { return sigevent_json(event); }
std::string value_json(const Timespec& time) {
  return JsonObjectText{}
      .number_unless("tv_sec", time.tv_sec, i64{0})
      .number_unless("tv_nsec", time.tv_nsec, i64{0})
      .text();
}

std::string value_json(const Timeval& time) {
  return JsonObjectText{}
      .number_unless("tv_sec", time.tv_sec, i64{0})
      .number_unless("tv_usec", time.tv_usec, i64{0})
      .text();
}
std::string value_json(const EpollEvent& event) { return epoll_event_json(event); }
std::string value_json(const OwnerEx& owner) { return owner_json(owner); }
std::string value_json(const std::vector<Fd>& fds) { return fds_json(fds); }
std::string value_json(const std::vector<Signal>& signals) {
  std::vector<std::string> items;
  for (const Signal signal : signals) {
    items.push_back(named_json(signal_names(), signal.v));
  }
  return json_list(items);
}

std::string poll_fd_json(const PollFd& row) {
  JsonObjectText object;
  object.number("fd", row.fd.v);
  if (row.events.v != 0) {
    object.json("events", flags_json(flag_word(row.events), row.events.v));
  }
  return object.text();
}

// A flag word in an argument that may also be a number too large for one.
std::string fcntl_arg_json(FcntlCmd cmd, i64 arg) {
  const FlagWord word = cmd.v == kFSetfl ? flag_word(OpenFlags{}) : flag_word(FdFlags{});
  const bool flags = cmd.v == kFSetfl || cmd.v == kFSetfd;
  const u64 bits = static_cast<u64>(arg);
  return flags && bits <= word.max ? flags_json(word, bits) : fmt::format("{}", arg);
}

// The visitor of each_field() that writes a call. It is handed each member twice: that of a call
// with defaults only comes first, and is remembered.
class CallWriter {
 public:
  explicit CallWriter(JsonObjectText* out) : out_(out) {}

  void field(std::string_view name, Fd value) { required(name, fmt::format("{}", value.v)); }
  void field(std::string_view name, TaskId value) { required(name, fmt::format("{}", value.v)); }
  void field(std::string_view name, u64 value) { required(name, fmt::format("{}", value)); }
  void field(std::string_view name, u32 value) { optional(name, fmt::format("{}", value)); }
  void field(std::string_view name, i32 value) { optional(name, fmt::format("{}", value)); }
  void field(std::string_view name, i64 value) { optional(name, fmt::format("{}", value)); }
  void field(std::string_view name, Caps value) { optional(name, caps_json(value)); }
  template <class Tag, class Rep>
    requires requires(Strong<Tag, Rep> word) { flag_word(word); }
  void field(std::string_view name, Strong<Tag, Rep> value) {
    optional(name, flags_json(flag_word(value), value.v));
  }
  template <class Tag>
    requires requires(Strong<Tag, u32> number) { names_of(number); }
  void field(std::string_view name, Strong<Tag, u32> value) {
    required(name, named_json(names_of(value), value.v));
  }
  template <class Enum>
    requires std::is_enum_v<Enum> && requires(Enum e) { names_of(e); }
  void field(std::string_view name, Enum value) {
    required(name, named_json(names_of(value), static_cast<u64>(value)));
  }
  void field(std::string_view name, const std::string& value) { required(name, name_json(value)); }
  template <class T>
  void field(std::string_view name, const UserPtr<T>& value) {
    optional(name, value.is_null()  ? "null"
                   : value.is_bad() ? std::string(kBadPointer)
                                    : value_json(value.value));
  }
  void field(std::string_view name, OutPtr value) {
    if (value != OutPtr::kValid) {
      required(name, value == OutPtr::kNull ? "null" : std::string(kBadPointer));
    }
  }
  void field(std::string_view name, const std::vector<PollFd>& rows) {
    each_item(name, rows, poll_fd_json);
  }
  void field(std::string_view name, const std::vector<Fd>& fds) {
    if (!fds.empty()) {
      each_item(name, fds, [](Fd fd) { return fmt::format("{}", fd.v); });
    }
  }
  void field(std::string_view name, const std::vector<u32>& numbers) {
    each_item(name, numbers, [](u32 number) { return fmt::format("{}", number); });
  }
  void field(std::string_view name, const std::vector<Signal>& signals) {
    each_item(name, signals, [](Signal s) { return named_json(signal_names(), s.v); });
  }

  void entry(MqEntry value) {
    optional("entry", named_json(names_of(value), static_cast<u64>(value)));
  }
  void mode(std::string_view name, u32 value) { optional(name, mode_json(value)); }
  void fcntl_arg(std::string_view name, FcntlCmd cmd, i64 value) {
    if (value != 0) {
      required(name, fcntl_arg_json(cmd, value));
    }
  }
  void in_buffer(std::string_view pointer, std::string_view length, const UserSegment& segment) {
    required(pointer, in_buffer_json(segment));
    if (segment.len != segment.data.len()) {
      required(length, fmt::format("{}", segment.len));
    }
  }
  void out_buffer(std::string_view pointer, std::string_view length, const UserSegment& segment) {
    if (segment.mapped != UserSegment::kAllMapped) {
      required(pointer, out_buffer_json(segment));
    }
    required(length, fmt::format("{}", segment.len));
  }
  void in_iov(std::string_view name, const std::vector<UserSegment>& segments) {
    each_item(name, segments, in_iovec_json);
  }
  void out_iov(std::string_view name, const std::vector<UserSegment>& segments) {
    each_item(name, segments, out_iovec_json);
  }

  void page_iov(std::string_view name, const std::vector<PageSegment>& segments) {
    each_item(name, segments, page_iovec_json);
  }
  void payload(std::string_view name, const Payload& bytes) { required(name, payload_json(bytes)); }

  /// From here on members are written.
  void defaults_done() { writing_ = true; }

 private:
  void required(std::string_view name, const std::string& json) {
    if (writing_) {
      out_->json(name, json);
    }
  }
  void optional(std::string_view name, std::string json) {
    if (!writing_) {
      defaults_.push_back(std::move(json));
    } else if (json != defaults_[next_++]) {
      out_->json(name, json);
    }
  }
  template <class T>
  void each_item(std::string_view name, const std::vector<T>& values, auto&& to_json) {
    std::vector<std::string> items;
    items.reserve(values.size());
    for (const T& value : values) {
      items.push_back(to_json(value));
    }
    required(name, json_list(items));
  }

  JsonObjectText* out_;
  bool writing_ = false;
  std::vector<std::string> defaults_;  // of the optional members, in their order
  std::size_t next_ = 0;
};

}  // namespace

void write_call(JsonObjectText& out, const Call& call) {
  CallWriter writer(&out);
  visit(
      [&]<class C>(const C& c) {
        const C defaults{};
        C::each_field(defaults, writer);
        writer.defaults_done();
        C::each_field(c, writer);
      },
      call);
}

std::string epoll_event_json(const EpollEvent& event) {
  JsonObjectText object;
  object.json("events", flags_json(flag_word(event.events), event.events.v));
  if (event.data != 0) {
    object.number("data", event.data);
  }
  return object.text();
}

std::string owner_json(const OwnerEx& owner) {
  JsonObjectText object;
  object.json("type", named_json(names_of(owner.type), static_cast<u64>(owner.type)));
  object.number("pid", owner.pid.v);
  return object.text();
}

std::string fds_json(const std::vector<Fd>& fds) {
  std::vector<std::string> items;
  for (const Fd fd : fds) {
    items.push_back(fmt::format("{}", fd.v));
  }
  return json_list(items);
}

std::string attr_json(const MqAttr& attr) {
  return JsonObjectText{}
      .number_unless("mq_flags", attr.mq_flags, i64{0})
      .number_unless("mq_maxmsg", attr.mq_maxmsg, i64{0})
      .number_unless("mq_msgsize", attr.mq_msgsize, i64{0})
      .number_unless("mq_curmsgs", attr.mq_curmsgs, i64{0})
      .text();
}

}  // namespace ipcsim
