#include "sim/kernel/file_system.hpp"

#include <algorithm>
#include <charconv>

#include <range/v3/algorithm/find.hpp>

#include "sim/kernel/files.hpp"
#include "sim/kernel/ipc_namespace.hpp"
#include "sim/kernel/mqueue_fs.hpp"
#include "sim/kernel/regular_file.hpp"
#include "sim/kernel/user_namespace.hpp"

namespace ipcsim {
namespace {

constexpr std::size_t kPathMax = 4096;
constexpr std::size_t kNameMax = 255;
constexpr u32 kClassBits = 3;  // permission bits of one class

/// st_dev and so on of devices that a run can open.
struct KnownDevice {
  std::string_view path;
  Device device;
};
constexpr std::array kDevices{KnownDevice{"/dev/null", Device::kNull},
                              KnownDevice{"/dev/zero", Device::kZero},
                              KnownDevice{"/dev/full", Device::kFull}};

InodeId device_node(KernelState& k, Device device) {
  InodeId& node = k.devices[static_cast<std::size_t>(device)];
  if (node == kNoInode) {
    node = k.inodes.insert(
        {.mode = kSIfchr | 0666, .nlink = 1, .name = {}, .data = DeviceData{device}});
  }
  return node;
}

/// Without doubled slashes and "." in the middle, which no look-up sees.
std::string plain_path(std::string_view path) {
  std::string plain;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, end);
    if (!part.empty() && part != ".") {
      plain += '/';
      plain += part;
    }
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return plain;
}

/// The namespace of a node in the file system of queues.
std::optional<IpcNsId> queues_around(const KernelState& k, const Inode& node) {
  return node.is_queue() ? std::optional{k.mqueues[node.queue().queue].ns} : queue_folder_of(node);
}

/// Looks up the last name in `path.parent`.
void walk_last(const KernelState& k, Path& path) {
  path.too_long = path.last.substr(path.last.rfind('/') + 1).size() > kNameMax;
  path.node = find_entry(k.inodes[path.parent], path.last);
  path.mount_point = path.node != kNoInode && k.inodes[path.node].is_directory() &&
                     k.inodes[path.node].directory().mounted != kNoInode;
  if (path.mount_point) {
    path.node = k.inodes[path.node].directory().mounted;
  }
}

Result<Path> walk_relative(const KernelState& k, const Credentials& cred, std::string_view rest) {
  Path path{.parent = kNoInode, .folder = k.root, .last = {}, .node = k.root};
  InodeId above = kNoInode;  // of the folder that a file system is mounted on
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view part = rest.substr(0, end);
    path.slash = end < rest.size();
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (part.empty()) {
      continue;  // a doubled slash
    }
    if (path.node == kNoInode) {
      return fail(path.too_long ? Errno::kENAMETOOLONG : Errno::kENOENT);
    }
    if (!k.inodes[path.node].is_directory()) {
      return fail(Errno::kENOTDIR);
    }
    const InodeId folder = path.node;
    if (const Errno error = inode_permission(k, cred, k.inodes[folder], kMayExec);
        error != Errno::kOk) {
      return fail(error);
    }
    path.folder = folder;
    if (part == "." || part == "..") {
      const bool leaves = queue_folder_of(k.inodes[folder]).has_value();
      path.node = part == "." ? folder : leaves ? above : k.inodes[folder].directory().parent;
      path.parent = kNoInode;
      path.last.clear();
      continue;
    }
    path.parent = folder;
    path.last = part;
    walk_last(k, path);
    above = path.mount_point ? folder : above;
  }
  return path;
}

Result<Path> walk_absolute(KernelState& k, TaskId id, std::string_view text) {
  if (const auto fd = fd_of_path(text)) {
    // /proc/self is the process, and its files are those of the thread that leads it.
    const TaskId leader = k.process_of(id).leader;
    const FileId file = k.exists(leader) ? k.fd_table(leader).file(*fd) : kNoFile;
    if (file == kNoFile) {
      return fail(Errno::kENOENT);
    }
    return Path{.parent = kNoInode, .last = {}, .node = k.files[file].node, .through_fd = true};
  }
  const std::string plain = plain_path(text);
  const auto* device = ranges::find(kDevices, plain, &KnownDevice::path);
  if (device != kDevices.end()) {
    return Path{.parent = kNoInode,
                .last = {},
                .node = device_node(k, device->device),
                .slash = text.ends_with('/')};
  }
  if (plain.empty() || plain.ends_with("/..")) {
    return Path{.parent = kNoInode, .folder = k.root, .last = {}, .node = k.root};
  }
  if (const Errno error = inode_permission(k, k.cred(id), k.inodes[k.root], kMayExec);
      error != Errno::kOk) {
    return fail(error);
  }
  Path path{.parent = k.root,
            .folder = k.root,
            .last = plain,
            .node = kNoInode,
            .slash = text.ends_with('/')};
  walk_last(k, path);
  return path;
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

std::optional<Fd> fd_of_path(std::string_view path) {
  for (const std::string_view prefix : {"/proc/self/fd/", "/dev/fd/"}) {
    if (path.starts_with(prefix)) {
      const std::string_view digits = path.substr(prefix.size());
      i32 number = -1;
      const auto [end, error] =
          std::from_chars(digits.data(), digits.data() + digits.size(), number);
      const bool whole = error == std::errc{} && end == digits.data() + digits.size();
      if (whole && number >= 0 && (digits.size() == 1 || digits.front() != '0')) {
        return Fd{number};
      }
    }
  }
  return std::nullopt;
}

Errno check_path_text(std::string_view path) {
  if (path.empty()) {
    return Errno::kENOENT;
  }
  return path.size() >= kPathMax ? Errno::kENAMETOOLONG : Errno::kOk;
}

Result<Path> walk(KernelState& k, TaskId id, std::string_view path) {
  Result<Path> found = walk_to_last(k, id, path);
  return found && found->too_long ? fail(Errno::kENAMETOOLONG) : std::move(found);
}

Result<Path> walk_to_last(KernelState& k, TaskId id, std::string_view path) {
  if (const Errno error = check_path_text(path); error != Errno::kOk) {
    return fail(error);
  }
  return path.starts_with('/') ? walk_absolute(k, id, path) : walk_relative(k, k.cred(id), path);
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
