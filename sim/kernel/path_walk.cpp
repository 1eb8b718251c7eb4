#include "sim/kernel/path_walk.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <range/v3/algorithm/find.hpp>

#include "sim/kernel/file_system.hpp"
#include "sim/kernel/mqueue_fs.hpp"

namespace ipcsim {
namespace {

constexpr std::size_t kPathMax = 4096;
constexpr std::size_t kNameMax = 255;

/// Devices that a run can open.
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

}  // namespace

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

}  // namespace ipcsim
