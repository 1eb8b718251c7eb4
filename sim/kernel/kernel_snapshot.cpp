// A kernel's objects, normalised.
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>
#include <range/v3/algorithm/sort.hpp>

#include "sim/kernel/ipc_namespace.hpp"
#include "sim/kernel/kernel.hpp"
#include "sim/kernel/live_object.hpp"

namespace ipcsim {
namespace {

/// Numbers pages by first appearance.
class PageNames {
 public:
  Identity operator()(PageId page) {
    const auto [entry, fresh] = names_.try_emplace(page, Identity{static_cast<u32>(names_.size())});
    return entry->second;
  }

 private:
  std::map<PageId, Identity> names_;
};

std::vector<WaiterSnapshot> waiters(const WaitQueues& queues, WaitQueueId queue) {
  std::vector<WaiterSnapshot> list;
  queues.each(queue, [&](const WaitEntry& entry) {
    list.push_back({.task = entry.task, .exclusive = entry.exclusive, .poll = entry.poll});
  });
  return list;
}

/// `pages` gives a page its identity.
template <class F>
PipeSnapshot snapshot_of(const KernelState& k, const PipeObject& object, F&& pages) {
  const PipeInode& pipe = object.inode;
  PipeSnapshot snapshot{
      .name = object.anonymous ? fmt::format("pipe:{}", object.serial) : k.inodes[object.node].name,
      .head = pipe.head,
      .tail = pipe.tail,
      .max_usage = pipe.max_usage,
      .ring_size = pipe.ring_size,
      .nr_accounted = pipe.nr_accounted,
      .readers = pipe.readers,
      .writers = pipe.writers,
      .files = pipe.files,
      .r_counter = pipe.r_counter,
      .w_counter = pipe.w_counter,
      .poll_usage = pipe.poll_usage,
      .note_loss = pipe.note_loss,
      .tmp_page = {},
      .slots = {},
      .rd_wait = waiters(k.wait_queues, object.rd_wait),
      .wr_wait = {}};
  if (object.wr_wait != object.rd_wait) {
    snapshot.wr_wait = waiters(k.wait_queues, object.wr_wait);
  }
  for (u32 index = pipe.tail; index != pipe.head; ++index) {
    const PipeBuffer& buf = pipe.slot(index);
    snapshot.slots.push_back({.index = index & (pipe.ring_size - 1),
                              .page = pages(buf.page),
                              .offset = buf.offset,
                              .len = buf.len,
                              .ops = buf.ops,
                              .flags = buf.flags});
  }
  for (u32 i = 0; i < k.profile->tmp_pages; ++i) {
    const PageId page = pipe.tmp_page[i];
    snapshot.tmp_page.push_back(page == kNoPage ? std::nullopt : std::optional{pages(page)});
  }
  return snapshot;
}

MqNodeSnapshot node_of(const MsgTree& tree, MsgNodeId id, u32 page_size) {
  const MsgTreeNode& node = tree.node(id);
  const auto priority = [&](MsgNodeId child) {
    return child == kNoMsgNode ? std::nullopt : std::optional<u32>{tree.node(child).priority};
  };
  MqNodeSnapshot snapshot{.priority = node.priority,
                          .black = node.color == RbColor::kBlack,
                          .left = priority(node.left()),
                          .right = priority(node.right()),
                          .lens = {},
                          .segments = {}};
  for (MsgId msg = node.first; msg != kNoMsg; msg = tree.next(msg)) {
    const u64 len = tree.text(msg).len();
    snapshot.lens.push_back(len);
    snapshot.segments.push_back(msg_segments(Bytes{len}, page_size));
  }
  return snapshot;
}

std::vector<MqWaiterSnapshot> mq_waiters(const MqueueInode& queue, MqSide side, u32 page_size) {
  std::vector<MqWaiterSnapshot> list;
  for (const MqWaiter& waiter : queue.waiters(side)) {
    MqWaiterSnapshot snapshot{.task = TaskId{waiter.task.v},
                              .task_prio = waiter.prio,
                              .prio = {},
                              .len = {},
                              .segments = {}};
    if (side == MqSide::kSend) {
      snapshot.prio = waiter.message.prio;
      snapshot.len = waiter.message.text.len();
      snapshot.segments = msg_segments(Bytes{*snapshot.len}, page_size);
    }
    list.push_back(snapshot);
  }
  return list;
}

MqueueSnapshot snapshot_of(const KernelState& k, const MqueueObject& object) {
  const MqueueInode& queue = object.inode;
  const MsgTree& tree = queue.msg_tree;
  const u32 page_size = k.pages.page_size();
  MqueueSnapshot snapshot{
      .name = k.inodes[object.node].name,
      .mq_maxmsg = queue.attr.mq_maxmsg,
      .mq_msgsize = queue.attr.mq_msgsize,
      .mq_curmsgs = queue.mq_curmsgs(),
      .qsize = queue.qsize,
      .node_cache = queue.node_cache,
      .root = {},
      .msg_tree_rightmost = {},
      .nodes = {},
      .send_wait = mq_waiters(queue, MqSide::kSend, page_size),
      .recv_wait = mq_waiters(queue, MqSide::kRecv, page_size),
      .notify_owner = {},
      .sigev_notify = {},
      .sigev_signo = {},
      .sigev_value = {},
      .mq_queues_count = ipc_namespace_ended(k, object.ns) ? 0 : mq_queues_count(k, object.ns),
      .i_nlink = k.inodes[object.node].nlink,
      .i_size = k.inodes[object.node].queue().size};
  if (!tree.empty()) {
    snapshot.root = tree.node(tree.root()).priority;
    if (k.profile->mq_keeps_rightmost) {
      snapshot.msg_tree_rightmost = tree.node(tree.rightmost()).priority;
    }
  }
  for (MsgNodeId id = tree.root(); id != kNoMsgNode; id = tree.next_preorder(id)) {
    snapshot.nodes.push_back(node_of(tree, id, page_size));
  }
  ranges::sort(snapshot.nodes, {}, &MqNodeSnapshot::priority);
  if (queue.notify) {
    snapshot.notify_owner = TaskId{queue.notify->owner.v};
    snapshot.sigev_notify = static_cast<u32>(queue.notify->kind);
    if (queue.notify_signal) {
      snapshot.sigev_signo = queue.notify_signal->signo;
      snapshot.sigev_value = queue.notify_signal->value;
    }
  }
  return snapshot;
}

/// Objects in the order of their creation.
template <class Id, class Object>
std::vector<const Object*> by_creation(const Arena<Id, Object>& arena) {
  std::vector<const Object*> objects;
  arena.each([&](Id /*id*/, const Object& object) { objects.push_back(&object); });
  ranges::sort(objects, {}, [](const Object* object) { return object->serial; });
  return objects;
}

/// Gives a page the number that it has as long as it lives. The page of zeros is in no pool, and
/// always the same.
Identity lasting_identity(const KernelState& k, PageId page) {
  return Identity{page == kZeroPage ? page.v : k.pages.serial(page)};
}

/// Who holds which object, by its place in the arena.
struct Holders {
  std::map<PipeId, std::vector<Holder>> pipes;
  std::map<MqueueId, std::vector<Holder>> mqueues;
};

Holders find_holders(const KernelState& k) {
  Holders holders;
  std::set<FdTableId> seen;
  for (u32 number = 1; number <= k.tasks.size(); ++number) {
    const TaskId task{number};
    if (!k.exists(task) || !seen.insert(k.task(task).files).second) {
      continue;
    }
    const FdTable& table = k.fd_tables[k.task(task).files];
    for (const Fd fd : table.open_fds()) {
      const File& file = k.files[table.file(fd)];
      if (file.kind == FileKind::kPipe && !file.path_only) {
        holders.pipes[file.pipe].push_back({task, fd});
      } else if (file.kind == FileKind::kMqueue && !file.path_only) {
        holders.mqueues[file.mqueue].push_back({task, fd});
      }
    }
  }
  return holders;
}

/// The first living task for which `is_one` holds, or kNoTask.
template <class F>
TaskId first_task(const KernelState& k, F&& is_one) {
  for (u32 number = 1; number <= k.tasks.size(); ++number) {
    if (k.exists(TaskId{number}) && is_one(k.task(TaskId{number}))) {
      return TaskId{number};
    }
  }
  return kNoTask;
}

LiveObject live_pipe(const KernelState& k, const PipeObject& pipe) {
  LiveObject live{
      .serial = pipe.serial,
      .holders = {},
      .neighbour = {},
      .name = k.inodes[pipe.node].name,
      .object = snapshot_of(k, pipe, [&](PageId page) { return lasting_identity(k, page); }),
      .around = {}};
  if (pipe.fasync) {
    for (const FasyncEntry& entry : pipe.fasync->readers) {
      live.around.fasync_readers.push_back(entry.fd);
    }
    for (const FasyncEntry& entry : pipe.fasync->writers) {
      live.around.fasync_writers.push_back(entry.fd);
    }
  }
  // Writing leaves what a slot has, which is 0 in a new ring; splicing moves it along, or sets 0.
  live.around.slot_private.assign(pipe.inode.head - pipe.inode.tail, 0);
  live.around.charged = k.users[pipe.user.v].pipe.pipe_bufs;
  if (!pipe.anonymous && k.inodes[pipe.node].nlink > 0) {
    live.neighbour = first_task(k, [](const Task& /*task*/) { return true; });
  }
  return live;
}

LiveObject live_mqueue(const KernelState& k, const MqueueObject& queue) {
  LiveObject live{.serial = queue.serial,
                  .holders = {},
                  .neighbour = {},
                  .name = k.inodes[queue.node].name,
                  .object = snapshot_of(k, queue),
                  .around = {}};
  live.around.wait_q = waiters(k.wait_queues, queue.wait_q);
  live.around.charged = k.users[queue.user.v].mq_bytes;
  const Inode& node = k.inodes[queue.node];
  live.around.i_mode = node.mode;
  live.around.i_uid = node.uid;
  live.around.i_gid = node.gid;
  if (queue.inode.notify && queue.inode.notify->kind == MqNotifyKind::kSignal) {
    live.around.notify_self_exec_id = queue.inode.notify->self_exec_id;
  }
  if (queue.notify_sock != kNoNetlink && queue.notify_cookie.known()) {
    live.around.notify_cookie = queue.notify_cookie.to_string();
  }
  if (k.inodes[queue.node].nlink > 0) {
    live.neighbour = first_task(k, [&](const Task& task) { return task.ipc == queue.ns; });
  }
  return live;
}

}  // namespace

std::vector<LiveObject> live_objects(const KernelState& k) {
  Holders holders = find_holders(k);
  std::vector<LiveObject> objects;
  k.pipes.each([&](PipeId id, const PipeObject& pipe) {
    objects.push_back(live_pipe(k, pipe));
    objects.back().holders = std::move(holders.pipes[id]);
  });
  k.mqueues.each([&](MqueueId id, const MqueueObject& queue) {
    objects.push_back(live_mqueue(k, queue));
    objects.back().holders = std::move(holders.mqueues[id]);
  });
  ranges::sort(objects, {}, &LiveObject::serial);
  return objects;
}

Snapshot Kernel::snapshot() const {
  Snapshot snapshot;
  PageNames pages;
  for (const PipeObject* pipe : by_creation(state_.pipes)) {
    snapshot.pipes.push_back(snapshot_of(state_, *pipe, pages));
  }
  for (const MqueueObject* queue : by_creation(state_.mqueues)) {
    snapshot.mqueues.push_back(snapshot_of(state_, *queue));
  }
  return snapshot;
}

ObjectSnapshot Kernel::object_of(TaskId task, Fd fd) const {
  const FileId id = state_.fd_tables[state_.task(task).files].file(fd);
  if (id == kNoFile) {
    return {};
  }
  const File& file = state_.files[id];
  if (file.path_only) {
    return {};  // O_PATH: the object may be gone, and another one opened under the same node
  }
  if (file.kind == FileKind::kPipe) {
    return snapshot_of(state_, state_.pipes[file.pipe],
                       [this](PageId page) { return lasting_identity(state_, page); });
  }
  if (file.kind == FileKind::kMqueue) {
    return snapshot_of(state_, state_.mqueues[file.mqueue]);
  }
  return {};
}

}  // namespace ipcsim
