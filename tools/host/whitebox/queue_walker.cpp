#include "tools/host/whitebox/queue_walker.hpp"

#include <algorithm>
#include <utility>

#include "sim/kernel/constants.hpp"
#include "tools/host/whitebox/queue_tree.hpp"
#include "tools/host/whitebox/wait_entries.hpp"

namespace ipcsim::host {
namespace {

/// The copy of one queue's memory, and numbers behind pointers in it.
struct QueueBytes {
  u64 address = 0;
  std::vector<std::byte> info;
  std::optional<u64> user_bytes;
  u64 queues_count = 0;

  template <class T>
  [[nodiscard]] T get(u32 at) const {
    T value;
    std::memcpy(&value, info.data() + at, sizeof value);
    return value;
  }
};

std::expected<QueueBytes, ReadError> read_info(Peek& peek, const KernelLayout& layout,
                                               u64 address) {
  const auto& l = layout.mqueue;
  peek.begin();
  const Peeked info = peek.ask(address, l.size);
  const Peeked bytes = l.ucounts
                           ? peek.follow(info, *l.ucounts, *layout.ucounts.msgqueue, sizeof(u64))
                           : Peeked{.request = kMostPeeks + 1, .at = 0};
  const Peeked ns_pointer =
      peek.follow(info, l.vfs_inode + layout.inode.i_sb, layout.super_block.s_fs_info, sizeof(u64));
  const Peeked count =
      peek.follow(ns_pointer, 0, layout.ipc_namespace.mq_queues_count, sizeof(u32));
  if (!peek.run()) {
    return std::unexpected(ReadError::kRefused);
  }
  // A file system whose namespace has ended points nowhere.
  const bool ended = peek.ok(ns_pointer) && peek.get<u64>(ns_pointer) == 0;
  if (!peek.ok(info) || !(peek.ok(count) || ended)) {
    return std::unexpected(ReadError::kTorn);
  }
  QueueBytes copy{.address = address,
                  .info = {peek.bytes(info), peek.bytes(info) + l.size},
                  .user_bytes = {},
                  .queues_count = ended ? 0 : peek.get<u32>(count)};
  if (copy.get<u32>(l.lock) != 0) {
    return std::unexpected(ReadError::kTorn);
  }
  if (peek.ok(bytes)) {
    copy.user_bytes = peek.get<u64>(bytes);
  }
  return copy;
}

/// The tasks in one of a queue's two lists; a sender with its message.
std::expected<std::vector<MqWaiterSnapshot>, ReadError> read_waiters(Peek& peek,
                                                                     const KernelLayout& layout,
                                                                     const KernelNames& names,
                                                                     List list, bool senders,
                                                                     std::string& problem) {
  const auto& l = layout.ext_wait;
  const ListShape shape{.pointed = l.list,
                        .next = l.list,
                        .bytes = l.size,
                        .pointer = l.task,
                        .target = layout.task.prio,
                        .target_bytes = sizeof(i32)};
  if (auto done = walk(peek, std::span(&list, 1), shape, kMostWaiters); !done) {
    return std::unexpected(done.error());
  }
  std::vector<MqWaiterSnapshot> waiters;
  std::vector<u64> blocks;
  for (const ListElement& element : list.elements) {
    const auto task = names.task(element.get<u64>(l.task));
    if (!task) {
      problem = "a waiter is no task of this run";
    }
    if (element.get<i32>(l.state) != 0) {
      problem = "a waiter that was woken is still in the list";  // STATE_READY
    }
    MqWaiterSnapshot& waiter = waiters.emplace_back();
    waiter.task = task.value_or(kNoTask);
    waiter.task_prio = static_cast<i32>(element.behind);
    if (senders) {
      peek.begin();
      const Peeked message = peek.ask(element.get<u64>(l.msg), layout.msg.size);
      if (!peek.run()) {
        return std::unexpected(ReadError::kRefused);
      }
      if (!peek.ok(message)) {
        return std::unexpected(ReadError::kTorn);
      }
      waiter.prio = static_cast<u32>(peek.get<u64>(message, layout.msg.m_type));
      waiter.len = peek.get<u64>(message, layout.msg.m_ts);
      blocks.push_back(peek.get<u64>(message, layout.msg.next));
    }
  }
  const auto segments = count_segments(peek, layout, blocks);
  if (!segments) {
    return std::unexpected(segments.error());
  }
  for (std::size_t i = 0; i < segments->size(); ++i) {
    waiters[i].segments = (*segments)[i];
  }
  return waiters;
}

/// What else is to be of a queue with, or without, a registered process.
std::string broken_rule(const QueueBytes& copy, const KernelLayout& layout) {
  const auto& l = layout.mqueue;
  if (copy.get<i64>(l.flags) != 0) {
    return "mq_flags is not 0";
  }
  const bool owned = copy.get<u64>(l.notify_owner) != 0;
  return owned == (copy.get<u64>(l.notify_user_ns) != 0)
             ? ""
             : "notify_user_ns is there without notify_owner, or that without it";
}

MqueueSnapshot name_fields(const QueueBytes& copy, const KernelLayout& layout,
                           const KernelNames& names, QueueTree tree, std::string& problem) {
  const auto& l = layout.mqueue;
  MqueueSnapshot queue;
  queue.mq_maxmsg = copy.get<i64>(l.maxmsg);
  queue.mq_msgsize = copy.get<i64>(l.msgsize);
  queue.mq_curmsgs = copy.get<i64>(l.curmsgs);
  queue.qsize = copy.get<u64>(l.qsize);
  queue.node_cache = l.node_cache && copy.get<u64>(*l.node_cache) != 0;
  queue.root = tree.root;
  queue.msg_tree_rightmost = tree.rightmost;
  queue.nodes = std::move(tree.nodes);
  queue.mq_queues_count = copy.queues_count;
  queue.i_nlink = copy.get<u32>(l.vfs_inode + layout.inode.i_nlink);
  queue.i_size = copy.get<i64>(l.vfs_inode + layout.inode.i_size);
  if (const u64 owner = copy.get<u64>(l.notify_owner); owner != 0) {
    queue.notify_owner = names.process(owner);
    if (!queue.notify_owner) {
      problem = "the registered process is none of this run";
    }
    // Without a signal the others are what was in this memory before.
    queue.sigev_notify = copy.get<u32>(l.sigev_notify);
    queue.sigev_signo = copy.get<u32>(l.sigev_signo);
    queue.sigev_value = copy.get<u64>(l.sigev_value);
  }
  return queue;
}

/// The inode, and what a registration holds besides `struct sigevent`.
std::expected<Surroundings, ReadError> read_around(Peek& peek, const KernelLayout& layout,
                                                   const QueueBytes& copy) {
  constexpr u32 kCookieBytes = 32;  // NOTIFY_COOKIE_LEN
  const auto& l = layout.mqueue;
  Surroundings around;
  around.charged = copy.user_bytes;
  around.i_mode = copy.get<u16>(l.vfs_inode + layout.inode.i_mode);
  around.i_uid = copy.get<u32>(l.vfs_inode + layout.inode.i_uid);
  around.i_gid = copy.get<u32>(l.vfs_inode + layout.inode.i_gid);
  const bool owned = copy.get<u64>(l.notify_owner) != 0;
  const u32 kind = copy.get<u32>(l.sigev_notify);
  if (owned && kind == kSigevSignal) {
    around.notify_self_exec_id = copy.get<u32>(l.notify_self_exec_id);
  } else if (owned && kind == kSigevThread) {
    peek.begin();
    const Peeked data = peek.ask(copy.get<u64>(l.notify_cookie) + layout.sk_buff.data, sizeof(u64));
    const Peeked cookie = peek.follow(data, 0, 0, kCookieBytes);
    if (!peek.run()) {
      return std::unexpected(ReadError::kRefused);
    }
    if (!peek.ok(cookie)) {
      return std::unexpected(ReadError::kTorn);
    }
    std::string& bytes = around.notify_cookie.emplace(kCookieBytes, '\0');
    std::memcpy(bytes.data(), peek.bytes(cookie), kCookieBytes);
  }
  return around;
}

/// True when the queue is as it was when the copy was made.
std::expected<bool, ReadError> unchanged(Peek& peek, const QueueBytes& copy) {
  peek.begin();
  const Peeked again = peek.ask(copy.address, static_cast<u32>(copy.info.size()));
  if (!peek.run()) {
    return std::unexpected(ReadError::kRefused);
  }
  return peek.ok(again) && std::memcmp(peek.bytes(again), copy.info.data(), copy.info.size()) == 0;
}

}  // namespace

std::expected<ReadQueue, ReadError> read_queue(Peek& peek, const KernelLayout& layout,
                                               const KernelNames& names, u64 address) {
  const auto& l = layout.mqueue;
  const auto copy = read_info(peek, layout, address);
  if (!copy) {
    return std::unexpected(copy.error());
  }
  // One more than there can be, so that a tree which is torn shows.
  const auto most = static_cast<std::size_t>(std::clamp<i64>(copy->get<i64>(l.maxmsg), 0, 65'536));
  const u64 rightmost = l.msg_tree_rightmost ? copy->get<u64>(*l.msg_tree_rightmost) : 0;
  auto tree = read_tree(peek, layout, copy->get<u64>(l.msg_tree), rightmost, most + 1);
  if (!tree) {
    return std::unexpected(tree.error());
  }
  ReadQueue read;
  read.problem = broken_rule(*copy, layout);
  read.queue = name_fields(*copy, layout, names, *std::move(tree), read.problem);
  auto around = read_around(peek, layout, *copy);
  if (!around) {
    return std::unexpected(around.error());
  }
  read.around = *std::move(around);
  for (const bool senders : {true, false}) {
    const u32 at = senders ? l.send_list : l.recv_list;
    auto waiters = read_waiters(peek, layout, names,
                                {.end = address + at, .next = copy->get<u64>(at), .elements = {}},
                                senders, read.problem);
    if (!waiters) {
      return std::unexpected(waiters.error());
    }
    (senders ? read.queue.send_wait : read.queue.recv_wait) = *std::move(waiters);
  }
  List pollers{.end = address + l.wait_q, .next = copy->get<u64>(l.wait_q), .elements = {}};
  if (auto done = walk(peek, std::span(&pollers, 1), wait_shape(layout), kMostWaiters); !done) {
    return std::unexpected(done.error());
  }
  read.around.wait_q = waiters_of(pollers, layout, names, read.problem);
  const auto same = unchanged(peek, *copy);
  if (!same) {
    return std::unexpected(same.error());
  }
  return *same ? std::expected<ReadQueue, ReadError>(std::move(read))
               : std::unexpected(ReadError::kTorn);
}

}  // namespace ipcsim::host
