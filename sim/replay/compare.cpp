#include "sim/replay/compare.hpp"

namespace ipcsim {
namespace {

bool agrees(const Output& expected, const Output& actual) {
  if (holds_alternative<std::monostate>(expected)) {
    return true;
  }
  if (expected.index() != actual.index()) {
    return false;
  }
  if (const auto* bytes = get_if<ReadBytes>(&expected)) {
    return bytes->buf.compatible_with(get<ReadBytes>(actual).buf);
  }
  if (const auto* message = get_if<ReceivedMessage>(&expected)) {
    const auto& other = get<ReceivedMessage>(actual);
    return message->msg.compatible_with(other.msg) && message->msg_prio == other.msg_prio;
  }
  if (const auto* received = get_if<ReceivedRights>(&expected)) {
    const auto& other = get<ReceivedRights>(actual);
    return received->buf.compatible_with(other.buf) && received->rights == other.rights;
  }
  return expected == actual;
}

}  // namespace

bool agrees(const SysResult& expected, const SysResult& actual) {
  return expected.ret == actual.ret && expected.error == actual.error &&
         agrees(expected.out, actual.out);
}

bool agrees(const SignalInfo& expected, const SignalInfo& actual) {
  return expected.code == kSiUnknown ? expected.signal == actual.signal : expected == actual;
}

bool agrees(const Completion& expected, const Completion& actual) {
  if (expected.task != actual.task || expected.kind != actual.kind) {
    return false;
  }
  switch (expected.kind) {
    case Completion::Kind::kReturned:
      return agrees(expected.result, actual.result);
    case Completion::Kind::kDied:
      return expected.signal == actual.signal;
    case Completion::Kind::kNotModelled:
      return true;
  }
  return false;
}

}  // namespace ipcsim
