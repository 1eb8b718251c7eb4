// Folders' entries, permissions and the life of inodes. Linux fs/namei.c, fs/inode.c.
#pragma once

#include <string>
#include <string_view>

#include "sim/kernel/kernel_state.hpp"
#include "sim/kernel/path_walk.hpp"

namespace ipcsim {

/// Bits of a permission mask (MAY_READ ...).
inline constexpr u32 kMayExec = 1;
inline constexpr u32 kMayWrite = 2;
inline constexpr u32 kMayRead = 4;

/// The folder of a run's names, empty, of user 0 and writable for all.
[[nodiscard]] InodeId make_root(KernelState& k);

/// Whether `cred` may do all of `mask` (kMay*) with `node`: the class of owner, group or others
/// decides alone; then the capabilities do.
/// Errors: EACCES. Linux fs/namei.c: generic_permission(), acl_permission_check().
[[nodiscard]] Errno inode_permission(const KernelState& k, const Credentials& cred,
                                     const Inode& node, u32 mask);
/// Owner of the node, or CAP_FOWNER. Linux fs/inode.c: inode_owner_or_capable().
[[nodiscard]] bool owner_or_capable(const KernelState& k, const Credentials& cred,
                                    const Inode& node);

/// The node that a folder has under a name, or kNoInode.
[[nodiscard]] InodeId find_entry(const Inode& folder, std::string_view name);

/// The node lies in a file system that is mounted read-only. Linux fs/namei.c: sb_permission().
[[nodiscard]] bool read_only(const KernelState& k, const Inode& node);
/// Both nodes are of one file system.
[[nodiscard]] bool same_file_system(const KernelState& k, InodeId a, InodeId b);

/// A new node, owned as the task makes files, under a name. REQUIRES: path.node == kNoInode.
/// `mode`: type and permissions, from which the umask was taken away.
/// Linux fs/inode.c: inode_init_owner().
InodeId make_node(KernelState& k, TaskId id, const Path& path, u32 mode,
                  decltype(Inode::data) data);
/// May the task make a name in the folder that `path` ends in? Errors, in the order tested:
///   ENOENT  the folder was removed
///   EOVERFLOW  the task's ids have no place in the user namespace that owns the file system
///   EACCES  it may not be written and searched
/// Linux fs/namei.c: may_create().
[[nodiscard]] Errno may_create(const KernelState& k, TaskId id, const Path& path);
/// May the task take the name `path` away? Errors, in the order tested:
///   EACCES  the folder may not be written and searched
///   EPERM   the folder is sticky, and the task owns neither it nor the node (without CAP_FOWNER)
///   ENOTDIR, EISDIR  the node is no folder and should be one, or the other way round
/// Linux fs/namei.c: may_delete().
[[nodiscard]] Errno may_delete(const KernelState& k, TaskId id, const Path& path, bool folder);
/// Adds a name for `node` to a folder.
void add_entry(KernelState& k, InodeId folder, std::string name, InodeId node);
/// Takes a name away; the node goes when nothing else keeps it. REQUIRES: the name exists.
void remove_entry(KernelState& k, InodeId folder, std::string_view name);

/// The node of a new pipe of pipe2(): mode 0600, of the task's file system ids.
/// Linux fs/pipe.c: get_pipe_inode().
[[nodiscard]] InodeId make_pipe_node(KernelState& k, TaskId id, PipeId pipe);

/// Something was read: the access time follows unless O_NOATIME, and only when it is not after the
/// other times, or a day old ("relatime"). Linux fs/inode.c: touch_atime(), relatime_need_update().
void file_accessed(KernelState& k, const File& file);
/// Something was written. Linux fs/inode.c: file_update_time().
void file_modified(KernelState& k, const File& file);

/// The set-id bits that a change of the node by such a task takes away: set-uid always, set-gid
/// where the group may execute, or is not the task's. Linux fs/attr.c:
/// setattr_should_drop_suidgid().
[[nodiscard]] u32 setattr_should_drop_suidgid(const KernelState& k, const Credentials& cred,
                                              const Inode& node);
/// A change of a file's contents: takes them away, if the task has no CAP_FSETID.
/// Linux fs/inode.c: file_remove_privs().
void file_remove_privs(const KernelState& k, const Credentials& cred, Inode& node);

/// One more open file refers to the node.
void get_node(KernelState& k, InodeId node);
/// One less; a node without names and open files goes, and its pages with it. Linux fs/inode.c:
/// iput().
void put_node(KernelState& k, InodeId node);

}  // namespace ipcsim
