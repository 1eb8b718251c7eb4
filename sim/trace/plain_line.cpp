#include "sim/trace/plain_line.hpp"

#include <limits>
#include <string>
#include <utility>
#include <variant>

#include "sim/trace/call_json.hpp"
#include "sim/trace/payload_json.hpp"

namespace ipcsim {
namespace {

/// Takes what must stand next off the front of a text. What fails takes nothing.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  bool literal(std::string_view text) {
    const bool there = rest_.starts_with(text);
    rest_.remove_prefix(there ? text.size() : 0);
    return there;
  }
  /// At most 18 digits, which fit any number; no sign, no zero in front.
  bool number(u64& value) {
    constexpr std::size_t kMostDigits = 18;
    std::size_t digits = 0;
    u64 sum = 0;
    while (digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9') {
      sum = sum * 10 + static_cast<u64>(rest_[digits] - '0');
      ++digits;
    }
    if (digits == 0 || digits > kMostDigits || (digits > 1 && rest_.front() == '0')) {
      return false;
    }
    value = sum;
    rest_.remove_prefix(digits);
    return true;
  }
  bool number(i64& value) {
    u64 magnitude = 0;
    const bool negative = literal("-");
    if (!number(magnitude) || (negative && magnitude == 0)) {
      return false;
    }
    value = negative ? -static_cast<i64>(magnitude) : static_cast<i64>(magnitude);
    return true;
  }
  /// What stands before the next quotation mark, if it is plain ASCII.
  bool plain_string(std::string_view& value) {
    std::size_t length = 0;
    while (length < rest_.size() && rest_[length] != '"') {
      const char c = rest_[length];
      if (c < ' ' || c > '~' || c == '\\') {
        return false;
      }
      ++length;
    }
    if (length == rest_.size()) {
      return false;
    }
    value = rest_.substr(0, length);
    rest_.remove_prefix(length + 1);
    return true;
  }

 private:
  std::string_view rest_;
};

bool take_payload(Cursor& at, Payload& payload) {
  if (at.literal("\"")) {
    std::string_view text;
    if (!at.plain_string(text)) {
      return false;
    }
    payload = Payload::of_bytes(text);
    return true;
  }
  u64 len = 0;
  if (!at.literal("{\"len\":") || !at.number(len) || len > kMostPayloadBytes) {
    return false;
  }
  if (at.literal("}")) {
    payload = Payload::of_unknown(len);
    return true;
  }
  u64 pattern = 0;
  if (!at.literal(",\"pattern\":") || !at.number(pattern) || pattern > kMostPattern ||
      !at.literal("}")) {
    return false;
  }
  payload = Payload::of_pattern(len, static_cast<u8>(pattern));
  return true;
}

/// `"call":"read","fd":3,"count":1` and its kin, behind the task.
bool take_call(Cursor& at, PlainLine& line) {
  if (at.literal(",\"call\":\"write\",\"fd\":")) {
    line.call = WriteCall::kName;
    line.seen |= kPlainCall | kPlainFd | kPlainBuf;
    return at.number(line.fd) && at.literal(",\"buf\":") && take_payload(at, line.buf);
  }
  if (at.literal(",\"call\":\"read\",\"fd\":")) {
    line.call = ReadCall::kName;
    line.seen |= kPlainCall | kPlainFd | kPlainCount;
    return at.number(line.fd) && at.literal(",\"count\":") && at.number(line.count);
  }
  line.seen |= kPlainReturn;
  line.call = ReadCall::kName;
  if (at.literal(",\"return\":\"read\"")) {
    return true;
  }
  line.call = WriteCall::kName;
  return at.literal(",\"return\":\"write\"");
}

bool in_range(const PlainLine& line) {
  return line.task >= 1 && line.task <= kMostTask && line.fd >= std::numeric_limits<i32>::min() &&
         line.fd <= std::numeric_limits<i32>::max() && line.ret >= 0;
}

void set_result(PlainLine& line, SysResult& result) {
  result.ret = line.ret;
  result.error = Errno::kOk;
  if ((line.seen & kPlainOut) != 0) {
    result.out.emplace<ReadBytes>(ReadBytes{std::move(line.out)});
  } else {
    result.out.emplace<std::monostate>();
  }
}

/// The variant's value, which is made a T if it is none. A new one is not made where an old one
/// serves: an event is large.
template <class T>
T& as(EventBody& body) {
  auto* value = std::get_if<T>(&body);
  return value != nullptr ? *value : body.emplace<T>();
}

}  // namespace

bool read_written_line(std::string_view text, PlainLine& line) {
  Cursor at(text);
  line.seen = kPlainTask;
  if (!at.literal("{\"task\":") || !at.number(line.task) || !take_call(at, line)) {
    return false;
  }
  if (at.literal(",\"ret\":")) {
    line.seen |= kPlainRet;
    if (!at.number(line.ret)) {
      return false;
    }
    if (at.literal(",\"out\":{\"buf\":")) {
      line.seen |= kPlainOut;
      if (!take_payload(at, line.out) || !at.literal("}")) {
        return false;
      }
    }
  }
  if (at.literal(",\"time_ns\":")) {
    line.seen |= kPlainTimeNs;
    if (!at.number(line.time_ns)) {
      return false;
    }
  }
  if (at.literal(",\"origin\":\"")) {
    line.seen |= kPlainOrigin;
    if (!at.plain_string(line.origin)) {
      return false;
    }
  }
  return at.literal("}") && at.at_end();
}

bool make_event(PlainLine& line, Event& event) {
  constexpr u32 kOfAny = kPlainTask | kPlainTimeNs | kPlainOrigin;
  const u32 members = line.seen & ~kOfAny;
  const bool read = line.call == ReadCall::kName;
  if (!in_range(line) || (line.seen & kPlainTask) == 0 ||
      (!read && line.call != WriteCall::kName)) {
    return false;
  }
  const TaskId task{static_cast<u32>(line.task)};
  const u32 result = kPlainRet | (read ? kPlainOut : 0U);
  if ((members & ~result) == kPlainReturn && (members & kPlainRet) != 0) {
    auto& returned = as<ReturnEvent>(event.body);
    returned.task = task;
    returned.call = line.call;
    set_result(line, returned.result);
  } else {
    if ((members & ~result) != (kPlainCall | kPlainFd | (read ? kPlainCount : kPlainBuf)) ||
        ((members & kPlainOut) != 0 && (members & kPlainRet) == 0)) {
      return false;
    }
    auto& call = as<CallEvent>(event.body);
    call.task = task;
    const Fd fd{static_cast<i32>(line.fd)};
    const u64 len = line.buf.len();
    if (read) {
      call.call = ReadCall{fd, UserSegment{.data = {}, .len = line.count}};
    } else {
      call.call = WriteCall{fd, UserSegment{.data = std::move(line.buf), .len = len}};
    }
    if ((members & kPlainRet) == 0) {
      call.result.reset();
    } else {
      if (!call.result) {
        call.result.emplace();
      }
      set_result(line, *call.result);
      if (contradiction(call.call, *call.result)) {
        return false;
      }
    }
  }
  event.slept.reset();
  event.time_ns.reset();
  if ((line.seen & kPlainTimeNs) != 0) {
    event.time_ns = line.time_ns;
  }
  event.origin = line.origin;
  return true;
}

}  // namespace ipcsim
