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

/// The limits of one IPC namespace: the files of /proc/sys/fs/mqueue.
struct MqLimits {
  u32 mq_queues_max = 256;         ///< queues_max
  u32 mq_msg_max = 10;             ///< msg_max: messages a queue
  u32 mq_msgsize_max = 8192;       ///< msgsize_max: bytes a message
  u32 mq_msg_default = 10;         ///< msg_default: messages of a queue made without attributes
  u32 mq_msgsize_default = 8192;   ///< msgsize_default: bytes, likewise

  bool operator==(const MqLimits&) const = default;
};

/// The two attributes that a queue is made with and keeps.
struct MqSize {
  i64 mq_maxmsg = 0;   ///< messages
  i64 mq_msgsize = 0;  ///< bytes a message

  bool operator==(const MqSize&) const = default;
};

/// The size of a new queue: what is asked for, or without attributes the defaults, at most the
/// maxima. Errors:
///   EINVAL  one of the two is 0 or negative
///   EINVAL  over the namespace's maxima, with CAP_SYS_RESOURCE over the hard ones
/// Linux ipc/mqueue.c: mqueue_get_inode().
[[nodiscard]] Result<MqSize> mq_new_size(const std::optional<MqSize>& asked, const MqLimits& limits,
                                         Caps caps);

/// Bytes charged against RLIMIT_MSGQUEUE for as long as the queue lives, on a 64-bit kernel.
/// Linux ipc/mqueue.c: mqueue_get_inode().
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
