#include "sim/trace/hot_event.hpp"

#include <string>
#include <utility>

#include "sim/trace/payload_json.hpp"
#include "sim/trace/plain_line.hpp"

#ifdef IPCSIM_HAS_SIMDJSON
#include <simdjson.h>
#endif

namespace ipcsim {

#ifdef IPCSIM_HAS_SIMDJSON
namespace {

namespace od = simdjson::ondemand;

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
bool read_member(std::string_view key, od::value value, PlainLine& line) {
  const auto first = [&](PlainMember member) {
    const bool fresh = (line.seen & member) == 0;
    line.seen |= member;
    return fresh;
  };
  if (key == "task") {
    return first(kPlainTask) && take(value.get_uint64(), line.task);
  }
  if (key == "call") {
    return first(kPlainCall) && take(value.get_string(), line.call);
  }
  if (key == "return") {
    return first(kPlainReturn) && take(value.get_string(), line.call);
  }
  if (key == "fd") {
    return first(kPlainFd) && take(value.get_int64(), line.fd);
  }
  if (key == "count") {
    return first(kPlainCount) && take(value.get_uint64(), line.count);
  }
  if (key == "buf") {
    return first(kPlainBuf) && read_payload(value, line.buf);
  }
  if (key == "ret") {
    return first(kPlainRet) && take(value.get_int64(), line.ret);
  }
  if (key == "out") {
    return first(kPlainOut) && read_out(value, line.out);
  }
  if (key == "time_ns") {
    return first(kPlainTimeNs) && take(value.get_int64(), line.time_ns);
  }
  return key == "origin" && first(kPlainOrigin) && take(value.get_string(), line.origin);
}

}  // namespace

class HotEventReader::Impl {
 public:
  explicit Impl(std::string_view text) : end_(text.data() + text.size()) {}

  bool read(std::string_view text, PlainLine& line) {
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
      return false;
    }
    for (auto field : object) {
      std::string_view key;
      od::value value;
      if (!take(field.unescaped_key(), key) || !take(field.value(), value) ||
          !read_member(key, value, line)) {
        return false;
      }
    }
    const char* behind = nullptr;
    return !take(document.current_location(), behind);
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
  static bool read(std::string_view /*text*/, PlainLine& /*line*/) { return false; }
};

#endif

HotEventReader::HotEventReader(std::string_view text) : impl_(std::make_unique<Impl>(text)) {}
HotEventReader::~HotEventReader() = default;

bool HotEventReader::read(std::string_view text, Event& event) {
  PlainLine line;
  if (!read_written_line(text, line)) {
    line = {};
    if (!impl_->read(text, line)) {
      return false;
    }
  }
  return make_event(line, event);
}

}  // namespace ipcsim
