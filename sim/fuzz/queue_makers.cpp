// Message queues.
#include <algorithm>
#include <array>

#include "sim/fuzz/makers.hpp"

namespace ipcsim {
namespace {

constexpr u32 kMostQueues = 4;
constexpr i64 kMillisecond = 1'000'000;

UserPtr<std::string> some_name(const Scene& s) {
  if (s.bad()) {
    return s.chance.one_in(2)
               ? UserPtr<std::string>::bad()
               : UserPtr<std::string>::of(s.chance.one_in(2) ? "a/b" : std::string(300, 'x'));
  }
  return UserPtr<std::string>::of(s.name());
}

MqAttr some_attr(const Scene& s) {
  MqAttr attr{.mq_flags = s.chance.one_in(6) ? i64{kONonblock} : 0,
              .mq_maxmsg = s.chance.one_of<i64>({1, 1, 2, 3, 4, 8, 10}),
              .mq_msgsize = s.chance.one_of<i64>({1, 16, 16, 100, 5'000, 8'192})};
  if (s.bad()) {
    (s.chance.one_in(2) ? attr.mq_maxmsg : attr.mq_msgsize) =
        s.chance.one_of<i64>({0, -1, 11, 8'193, i64{1} << 40U});
  }
  return attr;
}

std::optional<Call> make_mq_open(const Scene& s) {
  const bool create = s.k.mqueues.size() < kMostQueues && !s.chance.one_in(4);
  u32 flags = s.bad() ? kOAccmode : s.chance.one_of({kORdwr, kORdwr, kORdwr, kORdonly, kOWronly});
  flags |= s.chance.percent(s.mood.nonblock_percent) ? kONonblock : 0;
  flags |= create ? kOCreat : 0;
  flags |= s.bad() ? s.chance.one_of({kOExcl, kOTrunc, kOPath, kODirect, kODirectory}) : 0;
  MqOpenCall call{.name = some_name(s),
                  .oflag = OpenFlags{flags},
                  .mode = s.chance.one_of({0600U, 0600U, 0600U, 0666U, 0400U, 0200U, 0U}),
                  .attr = {}};
  if (s.bad()) {
    call.attr = UserPtr<MqAttr>::bad();
  } else if (create && !s.chance.one_in(10)) {
    call.attr = UserPtr<MqAttr>::of(some_attr(s));
  }
  return call;
}

std::optional<Call> make_mq_unlink(const Scene& s) { return MqUnlinkCall{.name = some_name(s)}; }

u32 some_priority(const Scene& s) {
  if (s.bad()) {
    return s.chance.one_of({32'767U, 32'768U, 0xffff'ffffU});
  }
  return s.chance.one_in(3) ? s.chance.below32(12) : s.chance.below32(3);
}

std::optional<Call> make_send(const Scene& s) {
  const auto fd = s.queue();
  if (!fd) {
    return std::nullopt;
  }
  const MqueueInode* queue = s.queue_of(*fd);
  const u64 most = queue == nullptr ? 16 : static_cast<u64>(queue->attr.mq_msgsize);
  const u64 len = s.bad() ? most + 1 : s.chance.one_in(4) ? most : s.chance.below(most + 1);
  return MqTimedsendCall{.mqdes = *fd,
                         .msg = s.bytes(len),
                         .msg_prio = some_priority(s),
                         .abs_timeout = some_deadline(s)};
}

std::optional<Call> make_receive(const Scene& s) {
  const auto fd = s.queue();
  if (!fd) {
    return std::nullopt;
  }
  const MqueueInode* queue = s.queue_of(*fd);
  const u64 most = queue == nullptr ? 16 : static_cast<u64>(queue->attr.mq_msgsize);
  MqTimedreceiveCall call{.mqdes = *fd,
                          .msg = s.room(s.bad() ? most - 1 : most + s.chance.below(3)),
                          .abs_timeout = some_deadline(s)};
  if (s.chance.one_in(8)) {
    call.msg_prio = s.bad() ? OutPtr::kBad : OutPtr::kNull;
  }
  return call;
}

std::optional<Call> make_getsetattr(const Scene& s) {
  const auto fd = s.queue();
  if (!fd) {
    return std::nullopt;
  }
  MqGetsetattrCall call{.mqdes = *fd, .newattr = {}};
  if (s.chance.one_in(2)) {
    call.newattr = UserPtr<MqAttr>::of({.mq_flags = s.bad()              ? i64{kODirect}
                                                    : s.chance.one_in(2) ? i64{kONonblock}
                                                                         : 0,
                                        .mq_maxmsg = static_cast<i64>(s.chance.below(5))});
  }
  if (s.bad()) {
    call.newattr = UserPtr<MqAttr>::bad();
  }
  if (s.chance.one_in(6)) {
    call.oldattr = s.bad() ? OutPtr::kBad : OutPtr::kNull;
  }
  return call;
}

constexpr std::array kQueueMakers{
    Maker{"mq_open", MakerGroup::kQueue, 16, true, make_mq_open},
    Maker{"mq_unlink", MakerGroup::kQueue, 3, false, make_mq_unlink},
    Maker{"mq_timedsend", MakerGroup::kQueue, 60, true, make_send},
    Maker{"mq_timedreceive", MakerGroup::kQueue, 60, true, make_receive},
    Maker{"mq_getsetattr", MakerGroup::kQueue, 6, false, make_getsetattr},
};

}  // namespace

std::span<const Maker> queue_makers() { return kQueueMakers; }

UserPtr<Timespec> some_deadline(const Scene& s) {
  if (s.bad()) {
    return s.chance.one_of(
        {UserPtr<Timespec>::bad(), UserPtr<Timespec>::of({.tv_sec = -1}),
         UserPtr<Timespec>::of({.tv_sec = 1, .tv_nsec = kNanosecondsPerSecond})});
  }
  i64 at_ns = 0;
  switch (s.chance.below(8)) {
    case 0:  // over
      at_ns = s.k.now.v - static_cast<i64>(s.chance.below(2'000'000'000));
      break;
    case 1:  // far away
      at_ns = s.k.now.v + 1'000 * kNanosecondsPerSecond;
      break;
    case 2:
      if (!s.mood.timers) {
        return {};
      }
      at_ns = s.k.now.v + s.near_timeout_ms() * kMillisecond;
      break;
    default:
      return {};
  }
  return UserPtr<Timespec>::of(
      {.tv_sec = at_ns / kNanosecondsPerSecond, .tv_nsec = at_ns % kNanosecondsPerSecond});
}

}  // namespace ipcsim
