// What an IPC namespace allows its queues, and what a queue costs its user.
#pragma once

#include <optional>
#include <string_view>

#include "model/base/caps.hpp"
#include "model/base/result.hpp"
#include "model/base/types.hpp"

namespace ipcsim {

/// Most messages of a queue that even CAP_SYS_RESOURCE may ask for (HARD_MSGMAX).
inline constexpr i64 kHardMsgMax = 65536;
/// Longest message that even CAP_SYS_RESOURCE may ask for, in bytes (HARD_MSGSIZEMAX).
inline constexpr i64 kHardMsgSizeMax = 16777216;

/// The limits of one IPC namespace: the files of /proc/sys/fs/mqueue. A change never reaches a
/// queue that exists.
struct MqLimits {
  u32 mq_queues_max = 256;        ///< queues_max: any number (-1 in the file is the greatest)
  u32 mq_msg_max = 10;            ///< msg_max: messages a queue, 1 .. kHardMsgMax
  u32 mq_msgsize_max = 8192;      ///< msgsize_max: bytes a message, 128 .. kHardMsgSizeMax
  u32 mq_msg_default = 10;        ///< msg_default: messages of a queue made without attributes
  u32 mq_msgsize_default = 8192;  ///< msgsize_default: bytes, likewise

  bool operator==(const MqLimits&) const = default;
};

/// The two attributes that a queue is made with and keeps.
struct MqSize {
  i64 mq_maxmsg = 0;   ///< messages
  i64 mq_msgsize = 0;  ///< bytes a message

  bool operator==(const MqSize&) const = default;
};

/// Whether the namespace may have one queue more than its `queues` (those that are unlinked but
/// still open count). Tested before the attributes. Errors: ENOSPC at mq_queues_max without
/// CAP_SYS_RESOURCE. Linux ipc/mqueue.c: mqueue_create_attr().
[[nodiscard]] Errno mq_check_count(u64 queues, const MqLimits& limits, Caps caps);

/// The size of a new queue: what is asked for, or without attributes the defaults, at most the
/// maxima. `caps` are those in the initial user namespace. Errors, in the order tested:
///   EINVAL  one of the two is 0 or negative
///   EINVAL  over the namespace's maxima, with CAP_SYS_RESOURCE over the hard ones
/// Linux ipc/mqueue.c: mqueue_get_inode().
[[nodiscard]] Result<MqSize> mq_new_size(const std::optional<MqSize>& asked, const MqLimits& limits,
                                         Caps caps);

/// Bytes charged to the creator's real user for as long as the queue lives, on a 64-bit kernel:
/// room for all texts, a `msg_msg` for each message and a tree node for each priority there can be.
/// The last check of a creation: EMFILE when the user's charges, this one included, are over
/// RLIMIT_MSGQUEUE. REQUIRES: a size from mq_new_size(). Linux ipc/mqueue.c: mqueue_get_inode().
[[nodiscard]] u64 mq_bytes(const MqSize& size);

/// Checks a name as it is copied from the program. Errors: ENOENT for "", ENAMETOOLONG from 4096
/// bytes on. Linux fs/namei.c: getname().
[[nodiscard]] Errno mq_check_path(std::string_view name);

/// Checks a name as it is looked up. Errors, in the order tested:
///   EACCES        contains a slash, or is "." or ".."
///   ENAMETOOLONG  over 255 bytes
/// Linux fs/namei.c: lookup_noperm(), fs/libfs.c: simple_lookup().
[[nodiscard]] Errno mq_check_name(std::string_view name);

}  // namespace ipcsim
