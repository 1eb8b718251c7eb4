// Results that no kernel gives for their calls.
#include <fmt/format.h>

#include "sim/trace/call_json.hpp"

namespace ipcsim {
namespace {

std::optional<std::string> length_contradiction(const SysResult& result, std::string_view key,
                                                u64 len) {
  if (std::cmp_equal(result.ret, len)) {
    return std::nullopt;
  }
  return fmt::format("\"ret\" is {}, but \"out.{}\" has {} bytes", result.ret, key, len);
}

std::optional<std::string> child_contradiction(TaskId child, const SysResult& result) {
  if (result.error != Errno::kOk || std::cmp_equal(result.ret, child.v)) {
    return std::nullopt;
  }
  return fmt::format("\"ret\" is {}, expected the child's number, {}", result.ret, child.v);
}

// One overload for each call whose result can contradict it.
struct Contradiction {
  const SysResult& result;

  std::optional<std::string> operator()(const auto& /*call*/) const { return std::nullopt; }
  std::optional<std::string> operator()(const ReadCall& /*call*/) const { return read_length(); }
  std::optional<std::string> operator()(const ReadvCall& /*call*/) const { return read_length(); }
  std::optional<std::string> operator()(const Pread64Call& /*call*/) const { return read_length(); }
  std::optional<std::string> operator()(const PreadvCall& /*call*/) const { return read_length(); }
  std::optional<std::string> operator()(const Preadv2Call& /*call*/) const { return read_length(); }
  std::optional<std::string> operator()(const MqTimedreceiveCall& /*call*/) const {
    const auto* message = get_if<ReceivedMessage>(&result.out);
    return message == nullptr ? std::nullopt
                              : length_contradiction(result, "msg_ptr", message->msg.len());
  }
  std::optional<std::string> operator()(const VmspliceCall& /*call*/) const {
    return read_length();
  }
  std::optional<std::string> operator()(const SpliceCall& call) const {
    const auto* offsets = get_if<Offsets>(&result.out);
    if (offsets == nullptr || (!offsets->offset && !(offsets->off_in && call.off_in.is_null()) &&
                               !(offsets->off_out && call.off_out.is_null()))) {
      return std::nullopt;
    }
    return "\"out\" has an offset that was not asked for";
  }
  std::optional<std::string> operator()(const SendfileCall& call) const {
    const auto* offsets = get_if<Offsets>(&result.out);
    if (offsets == nullptr || (!offsets->off_in && !offsets->off_out && !call.offset.is_null())) {
      return std::nullopt;
    }
    return "\"out\" has an offset that was not asked for";
  }
  std::optional<std::string> operator()(const PollCall& call) const { return revents_of(call.fds); }
  std::optional<std::string> operator()(const PpollCall& call) const {
    return revents_of(call.fds);
  }
  std::optional<std::string> operator()(const EpollWaitCall& /*call*/) const { return events(); }
  std::optional<std::string> operator()(const EpollPwaitCall& /*call*/) const { return events(); }
  std::optional<std::string> operator()(const EpollPwait2Call& /*call*/) const { return events(); }
  std::optional<std::string> operator()(const FcntlCall& call) const {
    if (call.cmd.v == kFGetownEx || holds_alternative<std::monostate>(result.out)) {
      return std::nullopt;
    }
    return "\"out\" has no place here, as only F_GETOWN_EX hands something out";
  }
  std::optional<std::string> operator()(const ReadlinkCall& /*call*/) const {
    return read_length();
  }
  std::optional<std::string> operator()(const RecvmsgCall& /*call*/) const {
    const auto* received = get_if<ReceivedRights>(&result.out);
    return received == nullptr ? std::nullopt
                               : length_contradiction(result, "buf", received->buf.len());
  }
  std::optional<std::string> operator()(const IoctlCall& call) const {
    if (call.request.v == kFionread || call.request.v == kFigetbsz ||
        holds_alternative<std::monostate>(result.out)) {
      return std::nullopt;
    }
    return "\"out\" has no place here, as only FIONREAD and FIGETBSZ hand something out";
  }
  std::optional<std::string> operator()(const ForkCall& call) const {
    return child_contradiction(call.child, result);
  }
  std::optional<std::string> operator()(const VforkCall& call) const {
    return child_contradiction(call.child, result);
  }
  std::optional<std::string> operator()(const CloneCall& call) const {
    return child_contradiction(call.child, result);
  }
  std::optional<std::string> operator()(const ExitCall& /*call*/) const { return no_return(); }
  std::optional<std::string> operator()(const ExitGroupCall& /*call*/) const { return no_return(); }

 private:
  [[nodiscard]] std::optional<std::string> revents_of(const std::vector<PollFd>& fds) const {
    const auto* events = get_if<Revents>(&result.out);
    if (events == nullptr || events->revents.size() == fds.size()) {
      return std::nullopt;
    }
    return fmt::format("\"out.revents\" has {} items, expected {}, one for each of \"fds\"",
                       events->revents.size(), fds.size());
  }
  [[nodiscard]] std::optional<std::string> events() const {
    const auto* list = get_if<EpollEventList>(&result.out);
    if (list == nullptr || std::cmp_equal(result.ret, list->events.size())) {
      return std::nullopt;
    }
    return fmt::format("\"ret\" is {}, but \"out.events\" has {} items", result.ret,
                       list->events.size());
  }
  [[nodiscard]] std::optional<std::string> read_length() const {
    const auto* bytes = get_if<ReadBytes>(&result.out);
    return bytes == nullptr ? std::nullopt : length_contradiction(result, "buf", bytes->buf.len());
  }
  static std::optional<std::string> no_return() { return "this call does not return"; }
};

}  // namespace

std::optional<std::string> contradiction(const Call& call, const SysResult& result) {
  return visit(Contradiction{result}, call);
}

}  // namespace ipcsim
