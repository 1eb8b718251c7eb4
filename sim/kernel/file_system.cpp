#include "sim/kernel/file_system.hpp"

#include <range/v3/algorithm/find.hpp>

#include "sim/kernel/files.hpp"
#include "sim/kernel/ipc_namespace.hpp"
#include "sim/kernel/mqueue_fs.hpp"
#include "sim/kernel/regular_file.hpp"
#include "sim/kernel/user_namespace.hpp"

namespace ipcsim {
namespace {

constexpr u32 kClassBits = 3;  // permission bits of one class

/// The namespace of a node in the file system of queues.
std::optional<IpcNsId> queues_around(const KernelState& k, const Inode& node) {
  return node.is_queue() ? std::optional{k.mqueues[node.queue().queue].ns} : queue_folder_of(node);
}

/// A name was added or taken away.
void touch_folder(const KernelState& k, Inode& folder, bool adds) {
  const bool queues = folder.directory().queues_of.has_value();
  const Nanoseconds now = queues ? queue_time(k) : k.now;
  const bool looked_at = queues && (adds || !k.profile->mq_unlink_changes_queue_ctime);
  folder.atime = looked_at ? now : folder.atime;
  folder.mtime = now;
  folder.ctime = now;
}

void free_if_unused(KernelState& k, InodeId id) {
  const Inode& node = k.inodes[id];
  if (node.nlink > 0 || node.files > 0) {
    return;
  }
  if (node.is_queue()) {
    evict_mqueue(k, node.queue().queue);
  }
  if (node.is_regular()) {
    truncate_file(k, id, 0);
  }
  k.inodes.erase(id);
}

}  // namespace

bool read_only(const KernelState& k, const Inode& node) {
  const auto ns = queues_around(k, node);
  return ns && k.ipc_namespaces[*ns].read_only;
}

bool same_file_system(const KernelState& k, InodeId a, InodeId b) {
  return queues_around(k, k.inodes[a]) == queues_around(k, k.inodes[b]);
}

InodeId find_entry(const Inode& folder, std::string_view name) {
  const auto& entries = folder.directory().entries;
  const auto entry = ranges::find(entries, name, &DirectoryEntry::name);
  return entry == entries.end() ? kNoInode : entry->node;
}

InodeId make_root(KernelState& k) {
  const InodeId root = k.inodes.insert({.mode = kSIfdir | 0777,
                                        .nlink = 2,
                                        .atime = k.now,
                                        .mtime = k.now,
                                        .ctime = k.now,
                                        .name = "/",
                                        .data = DirectoryData{}});
  k.inodes[root].directory().parent = root;
  return root;
}

Errno inode_permission(const KernelState& k, const Credentials& cred, const Inode& node, u32 mask) {
  u32 granted = node.mode;
  if (cred.uid.fs == node.uid) {
    granted >>= 2 * kClassBits;
  } else if (cred.in_group(node.gid)) {
    granted >>= kClassBits;
  }
  if ((mask & ~granted & (kMayRead | kMayWrite | kMayExec)) == 0) {
    return Errno::kOk;
  }
  const bool folder = node.is_directory();
  const bool only_looks = folder ? (mask & kMayWrite) == 0 : mask == kMayRead;
  if (only_looks && capable_over(k, cred, node, Cap::kDacReadSearch)) {
    return Errno::kOk;
  }
  constexpr u32 kAnyExec = 0111;
  const bool can_override = folder || (mask & kMayExec) == 0 || (node.mode & kAnyExec) != 0;
  return can_override && capable_over(k, cred, node, Cap::kDacOverride) ? Errno::kOk
                                                                        : Errno::kEACCES;
}

bool owner_or_capable(const KernelState& k, const Credentials& cred, const Inode& node) {
  return cred.uid.fs == node.uid ||
         (cred.effective.has(Cap::kFowner) && from_kid(k, cred.user_ns, IdKind::kUser, node.uid));
}

InodeId make_node(KernelState& k, TaskId id, const Path& path, u32 mode,
                  decltype(Inode::data) data) {
  const Credentials& cred = k.cred(id);
  const Inode& folder = k.inodes[path.parent];
  const bool folder_group = (folder.mode & kSIsgid) != 0;
  const bool is_folder = (mode & kSIfmt) == kSIfdir;
  // A folder hands its group bit down; what else is made in it gets the group alone.
  const u32 inherited = folder_group && is_folder ? kSIsgid : 0;
  const InodeId node = k.inodes.insert({.mode = mode | inherited,
                                        .uid = cred.uid.fs,
                                        .gid = folder_group ? folder.gid : cred.gid.fs,
                                        .atime = k.now,
                                        .mtime = k.now,
                                        .ctime = k.now,
                                        .name = {},
                                        .data = std::move(data)});
  add_entry(k, path.parent, path.last, node);
  return node;
}

Errno may_create(const KernelState& k, TaskId id, const Path& path) {
  const Inode& folder = k.inodes[path.parent];
  if (folder.nlink == 0) {
    return Errno::kENOENT;
  }
  if (const auto ns = queue_folder_of(folder);
      ns && !fs_ids_have_mapping(k, k.cred(id), k.ipc_namespaces[*ns].user_ns)) {
    return Errno::kEOVERFLOW;
  }
  return inode_permission(k, k.cred(id), folder, kMayWrite | kMayExec);
}

Errno may_delete(const KernelState& k, TaskId id, const Path& path, bool folder) {
  const Credentials& cred = k.cred(id);
  const Inode& parent = k.inodes[path.parent];
  const Inode& node = k.inodes[path.node];
  if (const Errno error = inode_permission(k, cred, parent, kMayWrite | kMayExec);
      error != Errno::kOk) {
    return error;
  }
  const bool sticky = (parent.mode & kSIsvtx) != 0;
  if (sticky && cred.uid.fs != parent.uid && cred.uid.fs != node.uid &&
      !capable_over(k, cred, node, Cap::kFowner)) {
    return Errno::kEPERM;
  }
  if (folder != node.is_directory()) {
    return folder ? Errno::kENOTDIR : Errno::kEISDIR;
  }
  return Errno::kOk;
}

void add_entry(KernelState& k, InodeId folder, std::string name, InodeId id) {
  Inode& parent = k.inodes[folder];
  Inode& node = k.inodes[id];
  node.name = name;
  ++node.nlink;
  if (node.is_directory()) {
    ++node.nlink;  // its own "."
    ++parent.nlink;
    node.directory().parent = folder;
  }
  parent.directory().entries.push_back({std::move(name), id});
  touch_folder(k, parent, true);
}

void remove_entry(KernelState& k, InodeId folder, std::string_view name) {
  Inode& parent = k.inodes[folder];
  auto& entries = parent.directory().entries;
  const auto entry = ranges::find(entries, name, &DirectoryEntry::name);
  IPCSIM_CHECK(entry != entries.end());
  const InodeId id = entry->node;
  entries.erase(entry);
  touch_folder(k, parent, false);
  Inode& node = k.inodes[id];
  const auto other = ranges::find(entries, id, &DirectoryEntry::node);
  if (node.name == name && other != entries.end()) {
    node.name = other->name;  // the one that it still has
  }
  --node.nlink;
  if (node.is_directory()) {
    --node.nlink;
    --parent.nlink;
  }
  if (!node.is_queue() || k.profile->mq_unlink_changes_queue_ctime) {
    node.ctime = current_time(k, node);  // older mqueue_unlink() leaves the queue's times alone
  }
  free_if_unused(k, id);
}

InodeId make_pipe_node(KernelState& k, TaskId id, PipeId pipe) {
  const Credentials& cred = k.cred(id);
  return k.inodes.insert({.mode = kSIfifo | 0600,
                          .uid = cred.uid.fs,
                          .gid = cred.gid.fs,
                          .nlink = 1,
                          .atime = k.now,
                          .mtime = k.now,
                          .ctime = k.now,
                          .name = {},
                          .data = FifoData{.pipe = pipe, .anonymous = true}});
}

void file_accessed(KernelState& k, const File& file) {
  constexpr Nanoseconds kDay{i64{24} * 3600 * kNanosecondsPerSecond};
  Inode& node = k.inodes[file.node];
  const bool stale =
      node.mtime >= node.atime || node.ctime >= node.atime || k.now.v - node.atime.v >= kDay.v;
  if ((file.f_flags & kONoatime) == 0 && stale) {
    node.atime = k.now;
  }
}

void file_modified(KernelState& k, const File& file) {
  Inode& node = k.inodes[file.node];
  node.mtime = k.now;
  node.ctime = k.now;
}

u32 setattr_should_drop_suidgid(const KernelState& k, const Credentials& cred, const Inode& node) {
  constexpr u32 kGroupExec = 010;
  const bool keeps_group_bit =
      (node.mode & kGroupExec) == 0 &&
      (cred.in_group(node.gid) || capable_over(k, cred, node, Cap::kFsetid));
  return kSIsuid | (keeps_group_bit ? 0 : kSIsgid);
}

void file_remove_privs(const KernelState& k, const Credentials& cred, Inode& node) {
  if (node.type() == kSIfreg && !cred.machine_caps().has(Cap::kFsetid)) {
    node.mode &= ~setattr_should_drop_suidgid(k, cred, node);
  }
}

void get_node(KernelState& k, InodeId node) { ++k.inodes[node].files; }

void put_node(KernelState& k, InodeId id) {
  Inode& node = k.inodes[id];
  --node.files;
  if (node.files == 0 && node.is_fifo() && node.fifo().anonymous) {
    node.nlink = 0;  // pipefs has no names: the last file takes the node along
  }
  const auto ns = node.is_queue() ? std::optional{k.mqueues[node.queue().queue].ns} : std::nullopt;
  free_if_unused(k, id);
  if (ns) {
    drop_unused_ipc_namespace(k, *ns);
  }
}

}  // namespace ipcsim
