#include "sim/trace/hot_event.hpp"

#include <limits>
#include <string>
#include <utility>

#include "sim/trace/call_json.hpp"
#include "sim/trace/payload_json.hpp"

#ifdef IPCSIM_HAS_SIMDJSON
#include <simdjson.h>
#endif

namespace ipcsim {

#ifdef IPCSIM_HAS_SIMDJSON
namespace {

namespace od = simdjson::ondemand;

constexpr u64 kMostPattern = 250;

/// The members of a line, each at most once.
enum Member : u32 {
  kTask = 1U << 0U,
  kCall = 1U << 1U,
  kReturn = 1U << 2U,
  kFd = 1U << 3U,
  kCount = 1U << 4U,
  kBuf = 1U << 5U,
  kRet = 1U << 6U,
  kOut = 1U << 7U,
  kTimeNs = 1U << 8U,
  kOrigin = 1U << 9U,
};

struct Line {
  u32 seen = 0;
  u64 task = 0;
  std::string_view call;  ///< of "call" or "return"; in the parser's own memory
  i64 fd = 0;
  u64 count = 0;
  Payload buf;
  i64 ret = 0;
  Payload out;
  i64 time_ns = 0;
  std::string_view origin;
};

template <class From, class To>
bool take(simdjson::simdjson_result<From> from, To& to) {
  return std::move(from).get(to) == simdjson::SUCCESS;
}

/// `{"len":N}`, `{"len":N,"pattern":P}` or a string.
bool read_payload(od::value value, Payload& payload) {
  std::string_view text;
  if (take(value.get_string(), text)) {
    payload = Payload::of_bytes(std::string(text));
    return true;
  }
  od::object object;
  if (!take(value.get_object(), object)) {
    return false;
  }
  std::optional<u64> len;
  std::optional<u64> pattern;
  for (auto field : object) {
    std::string_view key;
    if (!take(field.unescaped_key(), key)) {
      return false;
    }
    std::optional<u64>& member = key == "len" ? len : pattern;
    u64 number = 0;
    if ((key != "len" && key != "pattern") || member || !take(field.value().get_uint64(), number)) {
      return false;
    }
    member = number;
  }
  if (!len || *len > kMostPayloadBytes || (pattern && *pattern > kMostPattern)) {
    return false;
  }
  payload =
      pattern ? Payload::of_pattern(*len, static_cast<u8>(*pattern)) : Payload::of_unknown(*len);
  return true;
}

/// `{"buf":PAYLOAD}`.
bool read_out(od::value value, Payload& payload) {
  od::object object;
  if (!take(value.get_object(), object)) {
    return false;
  }
  u32 members = 0;
  for (auto field : object) {
    std::string_view key;
    od::value inner;
    if (!take(field.unescaped_key(), key) || key != "buf" || members++ > 0 ||
        !take(field.value(), inner) || !read_payload(inner, payload)) {
      return false;
    }
  }
  return members == 1;
}

/// One member. False: not one of a plain read() or write(), or there twice.
bool read_member(std::string_view key, od::value value, Line& line) {
  const auto first = [&](Member member) {
    const bool fresh = (line.seen & member) == 0;
    line.seen |= member;
    return fresh;
  };
  if (key == "task") {
    return first(kTask) && take(value.get_uint64(), line.task);
  }
  if (key == "call") {
    return first(kCall) && take(value.get_string(), line.call);
  }
  if (key == "return") {
    return first(kReturn) && take(value.get_string(), line.call);
  }
  if (key == "fd") {
    return first(kFd) && take(value.get_int64(), line.fd);
  }
  if (key == "count") {
    return first(kCount) && take(value.get_uint64(), line.count);
  }
  if (key == "buf") {
    return first(kBuf) && read_payload(value, line.buf);
  }
  if (key == "ret") {
    return first(kRet) && take(value.get_int64(), line.ret);
  }
  if (key == "out") {
    return first(kOut) && read_out(value, line.out);
  }
  if (key == "time_ns") {
    return first(kTimeNs) && take(value.get_int64(), line.time_ns);
  }
  return key == "origin" && first(kOrigin) && take(value.get_string(), line.origin);
}

bool in_range(const Line& line) {
  return line.task >= 1 && line.task <= kMostTask && line.fd >= std::numeric_limits<i32>::min() &&
         line.fd <= std::numeric_limits<i32>::max() && line.ret >= 0;
}

std::optional<SysResult> result_of(const Line& line) {
  if ((line.seen & kRet) == 0) {
    return std::nullopt;
  }
  return (line.seen & kOut) != 0 ? SysResult::success(line.ret, ReadBytes{line.out})
                                 : SysResult::success(line.ret);
}

/// The event that the members are, if they are all that its call needs and no more.
std::optional<EventBody> event_of(const Line& line) {
  constexpr u32 kOfAny = kTask | kTimeNs | kOrigin;
  const u32 members = line.seen & ~kOfAny;
  const bool read = line.call == ReadCall::kName;
  if (!in_range(line) || (line.seen & kTask) == 0 || (!read && line.call != WriteCall::kName)) {
    return std::nullopt;
  }
  const TaskId task{static_cast<u32>(line.task)};
  const u32 result = kRet | (read ? kOut : 0U);
  if ((members & ~result) == kReturn && (members & kRet) != 0) {
    return ReturnEvent{task, std::string(line.call), *result_of(line)};
  }
  if ((members & ~result) != (kCall | kFd | (read ? kCount : kBuf)) ||
      ((members & kOut) != 0 && (members & kRet) == 0)) {
    return std::nullopt;
  }
  const Fd fd{static_cast<i32>(line.fd)};
  CallEvent event{task, {}, result_of(line)};
  if (read) {
    event.call = ReadCall{fd, UserSegment{.data = {}, .len = line.count}};
  } else {
    event.call = WriteCall{fd, UserSegment{.data = line.buf, .len = line.buf.len()}};
  }
  if (event.result && contradiction(event.call, *event.result)) {
    return std::nullopt;
  }
  return event;
}

}  // namespace

class HotEventReader::Impl {
 public:
  explicit Impl(std::string_view text) : end_(text.data() + text.size()) {}

  std::optional<Event> read(std::string_view text) {
    // The parser looks so many bytes past what it is given.
    std::size_t room = static_cast<std::size_t>(end_ - text.data());
    if (room < text.size() + simdjson::SIMDJSON_PADDING) {
      last_.assign(text);
      last_.resize(text.size() + simdjson::SIMDJSON_PADDING);
      text = std::string_view(last_).substr(0, text.size());
      room = last_.size();
    }
    od::document document;
    od::object object;
    if (!take(parser_.iterate(text.data(), text.size(), room), document) ||
        !take(document.get_object(), object)) {
      return std::nullopt;
    }
    Line line;
    for (auto field : object) {
      std::string_view key;
      od::value value;
      if (!take(field.unescaped_key(), key) || !take(field.value(), value) ||
          !read_member(key, value, line)) {
        return std::nullopt;
      }
    }
    const char* behind = nullptr;
    if (take(document.current_location(), behind)) {
      return std::nullopt;
    }
    auto body = event_of(line);
    if (!body) {
      return std::nullopt;
    }
    Event event{.body = *std::move(body)};
    if ((line.seen & kTimeNs) != 0) {
      event.time_ns = line.time_ns;
    }
    event.origin = line.origin;
    return event;
  }

 private:
  const char* end_;
  std::string last_;  // a line at the text's end, with room behind it
  od::parser parser_;
};

#else

class HotEventReader::Impl {
 public:
  explicit Impl(std::string_view /*text*/) {}
  static std::optional<Event> read(std::string_view /*line*/) { return std::nullopt; }
};

#endif

HotEventReader::HotEventReader(std::string_view text) : impl_(std::make_unique<Impl>(text)) {}
HotEventReader::~HotEventReader() = default;

std::optional<Event> HotEventReader::read(std::string_view line) { return impl_->read(line); }

}  // namespace ipcsim
