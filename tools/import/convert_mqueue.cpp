// POSIX message queues. What is asked of them is kept whatever the descriptor is: a queue's calls
// on something else fail in a way that the model knows.
#include <array>

#include <fmt/format.h>

#include "tools/import/conversion.hpp"

namespace ipcsim::strace {
namespace {

/// The longest message of a receive that a killed task never showed: the kernel's HARD_MSGSIZEMAX.
constexpr u64 kUnseenBytes = u64{16} << 20U;

/// Checks that a descriptor on which a queue's call succeeded is a queue of the log.
bool check_queue(Conversion& c) {
  const FdKind kind = c.use(0);
  if (c.args.problem()) {
    return false;
  }
  // Only EBADF and failures on the way to the file say nothing about what it is.
  const bool is_queue = c.result.ok() || c.result.failed_with("EAGAIN") ||
                        c.result.failed_with("EMSGSIZE") || c.result.failed_with("ETIMEDOUT") ||
                        c.result.failed_with("EINTR");
  if (is_queue && kind != FdKind::kQueue && c.args.at(0)->annotation) {
    c.args.unsupported(fmt::format("{} on a message queue from before the log", c.name()));
    return false;
  }
  if (is_queue && kind != FdKind::kQueue) {
    c.args.fail(
        fmt::format("{} shows that descriptor {} is a message queue, but no mq_open() before "
                    "it opened one there",
                    c.name(), c.args.at(0)->text));
    return false;
  }
  return true;
}

Plan convert_mq_open(Conversion& c) {
  if (const Node* name = c.args.at(0); name != nullptr && name->cut && !c.result.ok()) {
    return Plan::no_effect();  // what it failed for may be what is not shown
  }
  MqOpenCall call{.name = c.args.string_ptr(c.args.at(0), "name"),
                  .oflag = c.args.open_flags(c.args.at(1), "oflag"),
                  .mode = 0,
                  .attr = {}};
  if ((call.oflag.v & kOCreat) != 0 && c.args.count() > 2) {
    call.mode = static_cast<u32>(c.args.flags(c.args.at(2), "mode", {}));
    call.attr = c.args.mq_attr(c.args.at(3), "attr");
  }
  if (!c.result.ok()) {
    return c.keep(std::move(call));
  }
  c.expect_fd(c.result.value, FdKind::kQueue);
  Plan plan = c.keep(std::move(call));
  if (!c.args.problem()) {
    plan.at_exit = [table = c.task.files, fd = static_cast<i32>(c.result.value)] {
      table->install(fd, FdKind::kQueue, true);  // the kernel sets close-on-exec
    };
  }
  return plan;
}

Plan convert_mq_unlink(Conversion& c) {
  return c.keep(MqUnlinkCall{c.args.string_ptr(c.args.at(0), "name")});
}

std::optional<Timeout> timeout_of(const Conversion& c, const UserPtr<Timespec>& abs_timeout) {
  using PtrKind = UserPtr<Timespec>::Kind;
  const Timespec& time = abs_timeout.value;
  const bool sane = time.tv_sec >= 0 && time.tv_sec < 9'000'000'000 && time.tv_nsec >= 0 &&
                    time.tv_nsec < kNanosecondsPerSecond;
  if (abs_timeout.kind != PtrKind::kValue || !sane) {
    return std::nullopt;
  }
  return Timeout{.absolute = true,
                 .ns = time.tv_sec * kNanosecondsPerSecond + time.tv_nsec,
                 .ran_out = c.result.failed_with("ETIMEDOUT")};
}

Plan convert_mq_timedsend(Conversion& c) {
  if (!check_queue(c)) {
    return {};
  }
  const u64 len = c.args.size(c.args.at(2), "msg_len");
  MqTimedsendCall call{.mqdes = c.args.fd(c.args.at(0), "mqdes"),
                       .msg = c.args.in_buffer(c.args.at(1), "msg_ptr", len),
                       .msg_prio = static_cast<u32>(c.args.size(c.args.at(3), "msg_prio")),
                       .abs_timeout = c.args.timespec(c.args.at(4), "abs_timeout")};
  const auto timeout = timeout_of(c, call.abs_timeout);
  Plan plan = c.keep(std::move(call));
  plan.timeout = timeout;
  return plan;
}

/// What a receive gave: its message and, unless the pointer was NULL, its priority as "[5]".
std::optional<ReceivedMessage> received(Conversion& c, const Node* msg, const Node* prio) {
  if (c.result.value < 0) {
    c.args.fail(fmt::format("mq_timedreceive returned {}; expected a length", c.result.value));
    return std::nullopt;
  }
  ReceivedMessage message{.msg = c.args.payload(msg, "msg_ptr", static_cast<u64>(c.result.value)),
                          .msg_prio = {}};
  if (prio != nullptr && !is_null(*prio)) {
    if (prio->kind != Node::Kind::kList || prio->items.size() != 1) {
      c.args.expected(prio, "msg_prio", "one number, as in [5], or NULL");
      return std::nullopt;
    }
    message.msg_prio = static_cast<u32>(c.args.size(&prio->items[0], "msg_prio"));
  }
  return message;
}

Plan convert_mq_timedreceive(Conversion& c) {
  if (!check_queue(c)) {
    return {};
  }
  const Node* msg = c.args.at(1);
  const Node* len = c.args.at(2);
  const Node* prio = c.args.at(3);
  MqTimedreceiveCall call{.mqdes = c.args.fd(c.args.at(0), "mqdes"),
                          .msg = {},
                          .msg_prio = c.args.out_ptr(prio, "msg_prio", c.faulted()),
                          .abs_timeout = c.args.timespec(c.args.at(4), "abs_timeout")};
  call.msg.len = len == nullptr ? kUnseenBytes : c.args.size(len, "msg_len");
  // Of three pointers one was bad: the timeout or priority if it looks so, or else the buffer.
  const bool other_bad = call.abs_timeout.is_bad() || call.msg_prio == OutPtr::kBad;
  if ((c.faulted() && !other_bad) || (msg != nullptr && is_null(*msg))) {
    call.msg.mapped = 0;
  }
  Output out;
  if (c.result.ok()) {
    auto message = received(c, msg, prio);
    if (!message) {
      return {};
    }
    out = *std::move(message);
  }
  const auto timeout = timeout_of(c, call.abs_timeout);
  Plan plan = c.keep(std::move(call), std::move(out));
  plan.timeout = timeout;
  return plan;
}

Plan convert_mq_getsetattr(Conversion& c) {
  if (!check_queue(c)) {
    return {};
  }
  const Node* old_node = c.args.at(2);
  const MqGetsetattrCall call{.mqdes = c.args.fd(c.args.at(0), "mqdes"),
                              .newattr = c.args.mq_attr(c.args.at(1), "newattr"),
                              .oldattr = c.args.out_ptr(old_node, "oldattr", c.faulted())};
  Output out;
  if (c.result.ok() && old_node != nullptr && old_node->kind == Node::Kind::kStruct) {
    out = c.args.mq_attr(old_node, "oldattr").value;
  }
  return c.keep(call, out);
}

constexpr std::array kConverters = std::to_array<NamedConverter>({
    {"mq_getsetattr", convert_mq_getsetattr},
    {"mq_open", convert_mq_open},
    {"mq_timedreceive", convert_mq_timedreceive},
    {"mq_timedreceive_time64", convert_mq_timedreceive},
    {"mq_timedsend", convert_mq_timedsend},
    {"mq_timedsend_time64", convert_mq_timedsend},
    {"mq_unlink", convert_mq_unlink},
});

}  // namespace

std::span<const NamedConverter> mqueue_converters() { return kConverters; }

}  // namespace ipcsim::strace
