// Where an object is in kernel memory.
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "tools/host/names.hpp"
#include "tools/host/whitebox/object_reader.hpp"
#include "tools/host/whitebox/task_finder.hpp"

namespace ipcsim::host {
namespace {

constexpr u64 kMqueueMagic = 0x19800202;
/// Names in a folder that are looked at.
constexpr std::size_t kMostNames = 4096;
/// What ask_holder() may ask for.
constexpr u32 kHolderPieces = 10;
constexpr u32 kHolderBytes = kHolderPieces * sizeof(u64);
constexpr u32 kNameBytes = 256;

}  // namespace

/// Gives every living task the address of its task_struct.
void ObjectReader::find_tasks() {
  std::erase_if(task_structs_, [&](const auto& entry) { return !tasks_.exists(entry.first); });
  names_.forget_tasks();
  for (const auto& [task, host_task] : tasks_.tasks()) {
    if (!task_structs_.contains(task)) {
      find_new_task(task, tasks_.slot_at(host_task.slot));
    }
  }
  for (const auto& [task, address] : task_structs_) {
    names_.name_task(address, task);
  }
  for (const auto& [number, process] : tasks_.processes()) {
    if (const auto pid = pids_.find(number); pid != pids_.end()) {
      names_.name_process(pid->second, process.leader);  // whom execve() may have changed
    }
  }
}

void ObjectReader::find_new_task(TaskId task, const Slot& slot) {
  const auto address =
      find_task(*kernel_.peek, kernel_.layout, kernel_.pid_level, slot.host_tgid, slot.host_tid);
  if (!address) {
    return;
  }
  task_structs_.emplace(task, *address);
  if (slot.host_tgid == slot.host_tid) {
    kernel_.peek->begin();
    const Peeked pid = kernel_.peek->ask(*address + kernel_.layout.task.thread_pid, sizeof(u64));
    if (kernel_.peek->run() && kernel_.peek->ok(pid)) {
      pids_[tasks_.task(task).process] = kernel_.peek->get<u64>(pid);
    }
  }
}

ObjectReader::Place ObjectReader::place_of_inode(u64 inode, u32 mode, u64 magic, u64 pipe) const {
  if (S_ISFIFO(mode) && pipe != 0) {
    return {.address = pipe, .pipe = true, .problem = {}};
  }
  if (S_ISREG(mode) && magic == kMqueueMagic) {
    return {.address = inode - kernel_.layout.mqueue.vfs_inode, .pipe = false, .problem = {}};
  }
  return {};
}

void ObjectReader::ask_holder(AskedHolder& asked,
                              std::map<TaskId, std::pair<Peeked, Peeked>>& tables) {
  Peek& peek = *kernel_.peek;
  const KernelLayout& l = kernel_.layout;
  const auto [table, fresh] = tables.try_emplace(asked.holder.task);
  if (fresh) {
    const u64 task = task_structs_.at(asked.holder.task);
    const Peeked files = peek.ask(task + l.task.files, sizeof(u64));
    const Peeked fdt = peek.follow(files, 0, l.files.fdt, sizeof(u64));
    table->second = {peek.follow(fdt, 0, l.fdtable.max_fds, sizeof(u32)),
                     peek.follow(fdt, 0, l.fdtable.fd, sizeof(u64))};
  }
  const auto fd = static_cast<u64>(asked.holder.fd.v);
  asked.max_fds = table->second.first;
  asked.file = peek.follow(table->second.second, 0, fd * sizeof(u64), sizeof(u64));
  asked.inode = peek.follow(asked.file, 0, l.file.f_inode, sizeof(u64));
  if (asked.first) {
    asked.mode = peek.follow(asked.inode, 0, l.inode.i_mode, sizeof(u16));
    asked.pipe = peek.follow(asked.inode, 0, l.inode.i_pipe, sizeof(u64));
    const Peeked sb = peek.follow(asked.inode, 0, l.inode.i_sb, sizeof(u64));
    asked.magic = peek.follow(sb, 0, l.super_block.s_magic, sizeof(u64));
  }
}

/// `inodes`: what the first descriptor of each object led to.
void ObjectReader::place_holder(const AskedHolder& asked, std::vector<u64>& inodes,
                                std::vector<Place>& places) const {
  const Peek& peek = *kernel_.peek;
  Place& place = places[asked.object];
  const bool open = peek.ok(asked.max_fds) && peek.ok(asked.inode) &&
                    static_cast<u32>(asked.holder.fd.v) < peek.get<u32>(asked.max_fds);
  if (!open) {
    place.problem =
        fmt::format("descriptor {} of task {} is closed", asked.holder.fd.v, asked.holder.task.v);
    return;
  }
  const u64 inode = peek.get<u64>(asked.inode);
  if (!asked.first) {
    if (inodes[asked.object] != inode) {
      place.problem = fmt::format("descriptor {} of task {} is of another object",
                                  asked.holder.fd.v, asked.holder.task.v);
    }
    return;
  }
  inodes[asked.object] = inode;
  if (peek.ok(asked.mode) && peek.ok(asked.magic) && peek.ok(asked.pipe)) {
    place = place_of_inode(inode, peek.get<u16>(asked.mode), peek.get<u64>(asked.magic),
                           peek.get<u64>(asked.pipe));
  }
  if (place.address == 0) {
    place.problem = fmt::format("descriptor {} of task {} is of another file", asked.holder.fd.v,
                                asked.holder.task.v);
  }
}

ObjectReader::Failure ObjectReader::find_by_holders(std::span<const LiveObject> wanted,
                                                    std::vector<Place>& places) {
  std::vector<AskedHolder> all;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    bool first = true;
    for (const Holder& holder : wanted[i].holders) {
      if (!task_structs_.contains(holder.task)) {
        places[i].problem = fmt::format("task {} cannot be found", holder.task.v);
        continue;
      }
      all.push_back({.object = i, .holder = holder, .first = std::exchange(first, false)});
    }
  }
  std::vector<u64> inodes(wanted.size());
  for (auto next = all.begin(); next != all.end();) {
    kernel_.peek->begin();
    std::map<TaskId, std::pair<Peeked, Peeked>> tables;
    const auto begin = next;
    while (next != all.end() && kernel_.peek->has_room(kHolderBytes, kHolderPieces)) {
      ask_holder(*next++, tables);
    }
    if (!kernel_.peek->run()) {
      return std::unexpected(ReadError::kRefused);
    }
    for (auto asked = begin; asked != next; ++asked) {
      place_holder(*asked, inodes, places);
    }
  }
  return {};
}

/// The object among the names of a folder that is called `name`, where the list of its entries is
/// from `first` on, up to `head`.
std::expected<std::optional<ObjectReader::Place>, ReadError> ObjectReader::match_names(
    u64 head, u64 first, const std::string& name) {
  Peek& peek = *kernel_.peek;
  const KernelLayout& l = kernel_.layout;
  List entries{.end = head, .next = first, .elements = {}};
  if (auto done = walk(peek, std::span(&entries, 1), {.bytes = sizeof(u64)}, kMostNames); !done) {
    return std::unexpected(done.error());
  }
  for (const ListElement& entry : entries.elements) {
    const u64 dentry = entry.address - l.dentry.d_sib;
    peek.begin();
    const Peeked text_at = peek.ask(dentry + l.dentry.d_name, sizeof(u64));
    const Peeked text = peek.follow(text_at, 0, 0, static_cast<u32>(name.size()) + 1);
    const Peeked inode = peek.ask(dentry + l.dentry.d_inode, sizeof(u64));
    const Peeked mode = peek.follow(inode, 0, l.inode.i_mode, sizeof(u16));
    const Peeked pipe = peek.follow(inode, 0, l.inode.i_pipe, sizeof(u64));
    const Peeked sb = peek.follow(inode, 0, l.inode.i_sb, sizeof(u64));
    const Peeked magic = peek.follow(sb, 0, l.super_block.s_magic, sizeof(u64));
    if (!peek.run()) {
      return std::unexpected(ReadError::kRefused);
    }
    const bool same = peek.ok(text) && peek.ok(magic) &&
                      std::memcmp(peek.bytes(text), name.c_str(), name.size() + 1) == 0;
    if (same) {
      return place_of_inode(peek.get<u64>(inode), peek.get<u16>(mode), peek.get<u64>(magic),
                            peek.get<u64>(pipe));
    }
  }
  return std::nullopt;
}

/// The FIFO in the run's folder, or the queue in its task's namespace, that has the name.
std::expected<ObjectReader::Place, ReadError> ObjectReader::find_by_name(const LiveObject& wanted) {
  Peek& peek = *kernel_.peek;
  const KernelLayout& l = kernel_.layout;
  const auto task = task_structs_.find(wanted.neighbour);
  if (task == task_structs_.end() || wanted.name.size() >= kNameBytes) {
    return Place{};
  }
  const bool fifo = std::holds_alternative<PipeSnapshot>(wanted.object);
  peek.begin();
  Peeked folder;
  if (fifo) {
    const Peeked fs = peek.ask(task->second + l.task.fs, sizeof(u64));
    folder = peek.follow(fs, 0, l.fs.pwd_dentry, sizeof(u64));
  } else {
    const Peeked nsproxy = peek.ask(task->second + l.task.nsproxy, sizeof(u64));
    const Peeked ns = peek.follow(nsproxy, 0, l.nsproxy.ipc_ns, sizeof(u64));
    const Peeked mount = peek.follow(ns, 0, l.ipc_namespace.mq_mnt, sizeof(u64));
    folder = peek.follow(mount, 0, l.vfsmount.mnt_root, sizeof(u64));
  }
  const Peeked first = peek.follow(folder, 0, l.dentry.d_children, sizeof(u64));
  if (!peek.run()) {
    return std::unexpected(ReadError::kRefused);
  }
  if (!peek.ok(first)) {
    return Place{};
  }
  const u64 head = l.dentry.hlist ? 0 : peek.get<u64>(folder) + l.dentry.d_children;
  const auto found =
      match_names(head, peek.get<u64>(first), fifo ? name_in_folder(wanted.name) : wanted.name);
  if (!found) {
    return std::unexpected(found.error());
  }
  const Place place = found->value_or(Place{});
  return place.pipe == fifo ? place : Place{};
}

}  // namespace ipcsim::host
