// Notifications of message queues, and the netlink sockets that SIGEV_THREAD is in truth.
#include <array>

#include <fmt/format.h>

#include "tools/import/conversion.hpp"
#include "tools/import/symbols.hpp"

namespace ipcsim::strace {
namespace {

/// strace prints whatever sigev_signo is as a signal if it can: with SIGEV_THREAD it is a
/// descriptor.
std::optional<i32> signo_value(const Node& node) {
  if (node.kind == Node::Kind::kNumber) {
    return static_cast<i32>(node.number);
  }
  const auto signal = signal_value(node.text);
  return signal ? std::optional{static_cast<i32>(signal->v)} : std::nullopt;
}

/// sigev_value as a pointer; strace leaves a zero out.
u64 value_of(Conversion& c, const Node& event) {
  const Node* value = event.member("sigev_value");
  const Node* pointer = value == nullptr ? nullptr : value->member("sival_ptr");
  return pointer == nullptr || is_null(*pointer) ? 0 : c.args.size(pointer, "sival_ptr");
}

std::optional<SigEvent> sigevent(Conversion& c, const Node& node) {
  constexpr u64 kCookie = kNotifyCookieLen;
  SigEvent event;
  const Node* notify = node.member("sigev_notify");
  const Node* signo = node.member("sigev_signo");
  if (notify == nullptr || signo == nullptr) {
    c.args.expected(&node, "sevp", "{sigev_signo=..., sigev_notify=...}");
    return std::nullopt;
  }
  const auto kind = number_of(sigev_names(), notify->text);
  event.sigev_notify.v =
      kind ? static_cast<u32>(*kind) : static_cast<u32>(c.args.number(notify, "sigev_notify"));
  const auto number = signo_value(*signo);
  if (!number) {
    c.args.expected(signo, "sigev_signo", "a signal or a number");
    return std::nullopt;
  }
  event.sigev_signo = *number;
  event.sigev_value = value_of(c, node);
  if (event.sigev_notify.v == kSigevThread) {
    // What is in the cookie a log does not show.
    event.cookie =
        c.faulted() ? UserPtr<Payload>::bad() : UserPtr<Payload>::of(Payload::of_unknown(kCookie));
    event.sigev_value = 0;
  }
  return event;
}

Plan convert_mq_notify(Conversion& c) {
  const FdKind kind = c.use(0);
  const Node* sevp = c.args.at(1);
  if (c.args.problem()) {
    return {};
  }
  if (c.result.ok() && kind != FdKind::kQueue) {
    c.args.unsupported("mq_notify on a message queue from before the log");
    return {};
  }
  MqNotifyCall call{.mqdes = c.args.fd(c.args.at(0), "mqdes"), .sevp = {}};
  if (sevp != nullptr && sevp->kind == Node::Kind::kStruct) {
    const auto event = sigevent(c, *sevp);
    if (!event) {
      return {};
    }
    call.sevp = UserPtr<SigEvent>::of(*event);
  } else if (sevp != nullptr && !is_null(*sevp)) {
    call.sevp = UserPtr<SigEvent>::bad();
  }
  return c.keep(std::move(call));
}

}  // namespace

/// A netlink socket of a log with SIGEV_THREAD; any other socket is some other file.
std::optional<Plan> convert_netlink_socket(Conversion& c) {
  const Node* domain = c.args.at(0);
  const bool raw = domain != nullptr && domain->kind == Node::Kind::kNumber;
  const bool netlink = domain != nullptr && (domain->is("AF_NETLINK") || domain->is("PF_NETLINK") ||
                                             (raw && domain->number == kAfNetlink));
  if (!c.state.survey.notifies_threads || !netlink || !c.result.ok()) {
    return std::nullopt;
  }
  SocketCall call{
      .domain = SocketFamily{kAfNetlink},
      .type = SocketType{static_cast<u32>(c.args.flags(c.args.at(1), "type", socket_type_names()))},
      .protocol = 0};
  const bool cloexec = (call.type.v & kOCloexec) != 0;
  c.expect_fd(c.result.value, FdKind::kNetlink);
  Plan plan = c.keep(call);
  if (!c.args.problem()) {
    plan.at_exit = [table = c.task.files, fd = static_cast<i32>(c.result.value), cloexec] {
      table->install(fd, FdKind::kNetlink, cloexec);
    };
  }
  return plan;
}

namespace {

/// recvfrom() of a cookie.
Plan convert_recvfrom(Conversion& c) {
  if (c.use(0) != FdKind::kNetlink) {
    return Plan::other();
  }
  RecvfromCall call{.sockfd = c.args.fd(c.args.at(0), "sockfd"), .buf = {}, .flags = {}};
  const Node* len = c.args.at(2);
  call.buf.len = len == nullptr ? kNotifyCookieLen : c.args.size(len, "len");
  call.flags.v = static_cast<u32>(c.args.flags(c.args.at(3), "flags", msg_flag_names()));
  if (c.faulted()) {
    call.buf.mapped = 0;
  }
  Output out;
  if (c.result.ok() && c.result.value > 0) {
    // strace takes the cookie for a message of netlink, and prints its bytes in parts.
    out = ReadBytes{Payload::of_unknown(static_cast<u64>(c.result.value))};
  }
  return c.keep(std::move(call), std::move(out));
}

constexpr std::array kConverters = std::to_array<NamedConverter>({
    {"mq_notify", convert_mq_notify},
    {"recvfrom", convert_recvfrom},
});

}  // namespace

std::span<const NamedConverter> notify_converters() { return kConverters; }

}  // namespace ipcsim::strace
