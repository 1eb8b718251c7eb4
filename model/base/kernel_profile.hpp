// What differs between kernel versions, as named switches.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "model/base/types.hpp"

namespace ipcsim {

/// When a write wakes readers.
enum class WriteWakes : u8 {
  kWhenChanged,           ///< it merged bytes or got as far as copying a page
  kWhenWasEmpty,          ///< the pipe was empty when the lock was last taken
  kWhenWasEmptyOrPolled,  ///< or somebody has polled the pipe, whatever this call came to
};

/// When a read wakes writers.
enum class ReadWakes : u8 {
  kWhenSlotFreed,      ///< it freed a slot
  kWhenWasFull,        ///< the ring was full when the lock was last taken, even if it still is
  kWhenFullSlotFreed,  ///< it freed a slot of a full ring
};

/// What F_SETPIPE_SZ wakes when it succeeds.
enum class ResizeWakes : u8 { kNobody, kEverybody, kOneWriter };

/// Who says that a later write may be appended to a slot.
enum class MergePermission : u8 {
  kOps,   ///< its operation table: anonymous pages that are no packets
  kFlag,  ///< its flag PIPE_BUF_FLAG_CAN_MERGE, whatever its operations
};

/// What splice() gives for a source without splice operations of its own, and for /dev/zero.
enum class SpliceFallback : u8 {
  kCopies,   ///< the bytes are read into fresh pages
  kRefused,  ///< EINVAL
};

/// The operation table of a slot that stands for a hole of a tmpfs file.
enum class HoleOps : u8 { kPageCache, kDefault, kZero };

/// The switches of one kernel version. Model code asks a switch by name, never a version number.
/// Each has a row in kernel_profile_switches.cpp that says where it changed and how that is known.
/// A version stands for its first release: what a stable series got later is told in that row.
struct KernelProfile {
  /// "linux-6.18"
  std::string_view name;

  // Pipes: the ring and the pages.

  /// A write takes its slot before it copies: a fault leaves an occupied slot without bytes.
  bool slot_before_copy = false;
  /// Released pages that a pipe keeps for its next write (`pipe_inode_info.tmp_page`).
  u8 tmp_pages = 2;
  /// A write of more than a page takes its pages before the lock; those left over are kept.
  bool write_preallocates = false;
  MergePermission merge_permission = MergePermission::kFlag;
  /// The copy that tee() makes of an ordinary slot may be appended to, although the page is shared.
  bool tee_copy_merges = false;

  // Pipes: waiting and waking.

  /// Readers and writers wait in queues of their own, one woken at a time, and pass the baton.
  bool two_wait_queues = true;
  /// A read goes on waiting, with bytes in hand or O_NONBLOCK, while a writer sleeps in the pipe.
  bool read_waits_for_sleeping_writer = false;
  WriteWakes write_wakes = WriteWakes::kWhenWasEmptyOrPolled;
  ReadWakes read_wakes = ReadWakes::kWhenFullSlotFreed;
  /// O_ASYNC subscribers hear of every read and write, not only of those that wake somebody.
  bool sigio_at_every_call = true;
  /// A read that is about to sleep tells the writers first (wake-up and SIGIO).
  bool read_tells_before_sleep = false;
  /// Every close with anybody left wakes all; otherwise only the last one of a side.
  bool every_close_wakes = false;
  ResizeWakes resize_wakes = ResizeWakes::kOneWriter;
  /// F_SETPIPE_SZ wakes writers before the new size holds: one that looks at once sleeps on.
  bool resize_wakes_too_early = false;

  // Pipes: limits, arguments, times.

  /// Slots of a new pipe whose owner is over the soft page limit (PIPE_MIN_DEF_BUFFERS).
  u8 soft_limit_slots = 2;
  /// F_SETPIPE_SZ takes its argument as a C int; otherwise as a long.
  bool set_size_arg_is_int = true;
  /// readv() and writev() look at the vector before the file's mode.
  bool vector_before_mode = false;
  /// RWF_NOWAIT works on the files of pipe() (FMODE_NOWAIT).
  bool nowait_on_pipes = true;
  /// RWF_NOSIGNAL, RWF_NOAPPEND exist.
  bool rwf_nosignal = true;
  bool rwf_noappend = true;
  /// read() and write() change the times of a pipe that is no FIFO.
  bool anonymous_pipe_times = false;

  // Notification pipes.

  /// CONFIG_WATCH_QUEUE is set. No profile has it: no kernel at hand does.
  bool watch_queue = false;
  /// write() to a notification pipe fails before everything else, even of no bytes.
  bool notification_write_fails_first = true;

  // Splicing.

  /// splice() and tee() respect O_NONBLOCK of the pipes.
  bool splice_respects_nonblock = true;
  /// A file's page put into a slot leaves the flags of the slot's former contents: Dirty Pipe,
  /// where flags say what may be appended to.
  bool splice_keeps_stale_flags = false;
  SpliceFallback splice_without_ops = SpliceFallback::kRefused;
  SpliceFallback splice_dev_zero = SpliceFallback::kCopies;
  /// sendfile() to a pipe copies through an internal pipe, and loops until all is written.
  bool sendfile_copies = false;
  HoleOps tmpfs_hole_ops = HoleOps::kZero;
  /// A length of 2^63 or more is cut for a splice() with a file; otherwise EINVAL. sendfile() never
  /// takes one.
  bool splice_cuts_huge_len = false;
  /// A splice() that fails puts its file back to where the call began, whoever moved it meanwhile.
  bool splice_failure_moves_back = true;
  /// No bytes of a file that cannot be spliced are 0 bytes; otherwise EINVAL.
  bool splice_read_of_nothing = true;
  /// splice() from a pipe drops slots without bytes.
  bool splice_drops_empty_slots = true;
  /// write() to a file touches its buffer before it begins a page of the file. Otherwise a fault
  /// leaves the page, and a file that reaches up to it.
  bool file_write_prefaults = false;
  /// A file of a tmpfs takes O_DIRECT.
  bool tmpfs_direct_io = true;

  // Descriptors and waiting.

  /// fcntl() knows F_DUPFD_QUERY (and, since 6.12, F_CREATED_QUERY).
  bool dupfd_query = true;
  /// An epoll instance answers ioctl() requests that it does not know with EINVAL; otherwise
  /// ENOTTY.
  bool epoll_has_ioctl = true;
  /// epoll_wait() looks at `maxevents` before it looks for the descriptor.
  bool epoll_wait_checks_arguments_first = false;

  // Message queues.

  /// The tree's rightmost node is kept (`msg_tree_rightmost`); otherwise found by descending.
  bool mq_keeps_rightmost = true;
  /// A queue that goes removes a notification that its owner left behind.
  bool mq_evict_removes_notification = false;
  /// mq_open() and mq_unlink() need search permission on the root of the queue file system.
  bool mq_root_search_permission = false;
  /// mq_unlink() changes the queue's own ctime, and no longer the directory's atime.
  bool mq_unlink_changes_queue_ctime = false;
  /// RLIMIT_MSGQUEUE is charged in every user namespace up to the first.
  bool mq_rlimit_hierarchical = true;
  /// The limits of an IPC namespace belong to the user 0 of the user namespace that owns it.
  bool mq_limits_of_namespace_root = true;
  /// A notification's signal needs no permission to kill, but the program that asked for it.
  bool mq_signal_checks_exec = true;

  // User namespaces.

  /// To map the user 0 of the namespace above takes CAP_SETFCAP there.
  bool user_ns_root_needs_setfcap = true;
  /// chown() takes ids alone that have a place in the namespace which owns the file system.
  bool chown_asks_file_system = false;
};

/// All profiles, oldest first.
[[nodiscard]] std::span<const KernelProfile> kernel_profiles();

/// The newest profile: what is used when nothing says otherwise.
[[nodiscard]] const KernelProfile& newest_profile();

/// The profile called `name`, or null.
[[nodiscard]] const KernelProfile* find_profile(std::string_view name);

/// How a switch's history is known.
enum class Evidence : u8 {
  kMeasured,  ///< by running kernels of both kinds
  kSource,    ///< read in the source of both kinds
  kHistory,   ///< told by the kernel's commits
};
[[nodiscard]] std::string_view evidence_name(Evidence evidence);

/// A switch of KernelProfile, for people.
struct ProfileSwitch {
  std::string_view name;   ///< the member's
  std::string_view about;  ///< what it decides
  std::string_view since;  ///< where it changed
  Evidence evidence;
  std::string_view known;  ///< by what
  std::string (*value)(const KernelProfile& profile);
};

/// Every switch, in the order of the members.
[[nodiscard]] std::span<const ProfileSwitch> profile_switches();

}  // namespace ipcsim
