// From a path to a node. Linux fs/namei.c.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sim/kernel/kernel_state.hpp"

namespace ipcsim {

/// What a path leads to.
struct Path {
  InodeId parent = kNoInode;  ///< the folder of the last name; kNoInode for a path that has none
  InodeId folder = kNoInode;  ///< the same, and for "." and ".." where they stand
  std::string last;           ///< the last name; "." and ".." are none, and end with `node` set
  InodeId node = kNoInode;    ///< what is there, or kNoInode
  bool slash = false;         ///< a slash stands behind the last name
  bool through_fd = false;    ///< `node` is an open file's, by /proc/self/fd/N
  bool mount_point = false;   ///< `node` is mounted on what has the name
  bool too_long = false;      ///< `last` is longer than names are; nothing is there
};

/// Walks a path. A name that does not exist is an error only in the middle. A relative path is
/// walked from the run's folder. An absolute one is a single name in it, slashes and all, but for
/// /dev/null, /dev/zero, /dev/full, and /proc/self/fd/N or /dev/fd/N, which lead to what the open
/// file N is.
/// Errors: ENOENT    an empty path; a missing folder; descriptor N is not open
///         ENAMETOOLONG
///         ENOTDIR   a name in the middle is no folder
///         EACCES    a folder may not be searched
/// Linux fs/namei.c: getname(), link_path_walk().
[[nodiscard]] Result<Path> walk(KernelState& k, TaskId id, std::string_view path);
/// The same for calls that look at other things before they look the last name up: that it is too
/// long is no error yet. Linux fs/namei.c: filename_parentat().
[[nodiscard]] Result<Path> walk_to_last(KernelState& k, TaskId id, std::string_view path);
/// What getname() finds wrong with a path by itself: ENOENT, ENAMETOOLONG.
[[nodiscard]] Errno check_path_text(std::string_view path);
/// The descriptor N of /proc/self/fd/N or /dev/fd/N, or nothing.
[[nodiscard]] std::optional<Fd> fd_of_path(std::string_view path);

}  // namespace ipcsim
