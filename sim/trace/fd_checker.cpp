#include "sim/trace/fd_checker.hpp"

#include <map>
#include <set>
#include <type_traits>

#include <fmt/format.h>

namespace ipcsim {
namespace {

/// Finds the descriptor that a call works on: its first parameter of that type.
struct FdFinder {
  std::optional<Fd> fd;

  void field(std::string_view /*name*/, const auto& value) {
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(value)>, Fd>) {
      if (!fd) {
        fd = value;
      }
    }
  }
  void mode(std::string_view /*name*/, const auto& /*value*/) {}
  void fcntl_arg(std::string_view /*name*/, const auto& /*cmd*/, const auto& /*arg*/) {}
  void in_buffer(std::string_view /*p*/, std::string_view /*n*/, const auto& /*segment*/) {}
  void out_buffer(std::string_view /*p*/, std::string_view /*n*/, const auto& /*segment*/) {}
  void in_iov(std::string_view /*name*/, const auto& /*segments*/) {}
  void page_iov(std::string_view /*name*/, const auto& /*segments*/) {}
  void payload(std::string_view /*name*/, const auto& /*bytes*/) {}
  void out_iov(std::string_view /*name*/, const auto& /*segments*/) {}
  void entry(MqEntry /*entry*/) {}
};

/// True for a call that returns before it looks at its descriptors.
bool moves_nothing(const Call& call) {
  const auto* splice = get_if<SpliceCall>(&call);
  const auto* tee = get_if<TeeCall>(&call);
  return (splice != nullptr && splice->len == 0) || (tee != nullptr && tee->len == 0);
}

std::optional<Fd> fd_of(const Call& call) {
  if (moves_nothing(call)) {
    return std::nullopt;
  }
  FdFinder finder;
  visit([&](const auto& c) { c.each_field(c, finder); }, call);
  return finder.fd;
}

bool duplicates(const Call& call) {
  const auto* fcntl = get_if<FcntlCall>(&call);
  return holds_alternative<DupCall>(call) || holds_alternative<Dup2Call>(call) ||
         holds_alternative<Dup3Call>(call) ||
         (fcntl != nullptr && (fcntl->cmd.v == kFDupfd || fcntl->cmd.v == kFDupfdCloexec));
}

/// True when the return value is a descriptor.
bool returns_fd(const Call& call) {
  return duplicates(call) || holds_alternative<OpenCall>(call) ||
         holds_alternative<EpollCreate1Call>(call) || holds_alternative<MqOpenCall>(call) ||
         holds_alternative<SocketCall>(call);
}

bool opens(const Call& call) {
  return returns_fd(call) || holds_alternative<Pipe2Call>(call) ||
         holds_alternative<SocketpairCall>(call) || holds_alternative<RecvmsgCall>(call);
}

/// Collects the numbers that are opened, in whichever table.
class FdChecker {
 public:
  explicit FdChecker(const TraceHeader& header) {
    for (const InitialTask& task : header.environment.tasks) {
      opened_.insert(task.other_fds.begin(), task.other_fds.end());
    }
  }

  /// Takes the next event. Returns what is wrong with it, in words.
  std::optional<std::string> check(const Event& event) {
    if (const auto* other = std::get_if<OtherFdEvent>(&event.body)) {
      opened_.insert(other->fd);
    } else if (const auto* call = std::get_if<CallEvent>(&event.body)) {
      calls_[call->task] = &call->call;
      if (call->result) {
        return ends(call->call, *call->result);
      }
      // A descriptor may be used before the line that says what was opened.
      complete_ = complete_ && !opens(call->call);
    } else if (const auto* ret = std::get_if<ReturnEvent>(&event.body)) {
      return ends(*calls_.at(ret->task), ret->result);
    }
    return std::nullopt;
  }

 private:
  std::optional<std::string> ends(const Call& call, const SysResult& result) {
    if (result.error != Errno::kOk) {
      return std::nullopt;
    }
    const std::optional<Fd> used = fd_of(call);
    if (complete_ && used && !opened_.contains(*used)) {
      return fmt::format(
          "{} is said to succeed on descriptor {}, which nothing opened before; "
          "expected a pipe2, open, mq_open, dup or other_fd that did",
          call_name(call), used->v);
    }
    if (returns_fd(call)) {
      opened_.insert(Fd{static_cast<i32>(result.ret)});
    } else if (const auto* fds = get_if<PipeFds>(&result.out)) {
      opened_.insert(fds->read);
      opened_.insert(fds->write);
    } else if (const auto* sockets = get_if<SocketFds>(&result.out)) {
      opened_.insert(sockets->first);
      opened_.insert(sockets->second);
    } else if (const auto* received = get_if<ReceivedRights>(&result.out)) {
      opened_.insert(received->rights.begin(), received->rights.end());
    } else if (opens(call)) {
      complete_ = false;
    }
    return std::nullopt;
  }

  std::set<Fd> opened_;
  std::map<TaskId, const Call*> calls_;  // the call that each task is in, or was in last
  bool complete_ = true;                 // every opening call so far says what it opened
};

}  // namespace

std::optional<TraceError> check_descriptors(const Trace& trace) {
  if (trace.header.order != TraceOrder::kSettled) {
    return std::nullopt;
  }
  FdChecker checker(trace.header);
  for (const Event& event : trace.events) {
    if (auto wrong = checker.check(event)) {
      return TraceError{.file = trace.name, .line = event.line, .message = *std::move(wrong)};
    }
  }
  return std::nullopt;
}

}  // namespace ipcsim
