// The nodes of a small file system: FIFOs, regular files, folders, a few devices; and the nameless
// one of every pipe.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "model/base/hash.hpp"
#include "model/base/page_pool.hpp"
#include "model/base/types.hpp"
#include "sim/kernel/ids.hpp"

namespace ipcsim {

/// File types in st_mode.
inline constexpr u32 kSIfmt = 0170000;
inline constexpr u32 kSIfifo = 0010000;
inline constexpr u32 kSIfchr = 0020000;
inline constexpr u32 kSIfdir = 0040000;
inline constexpr u32 kSIfblk = 0060000;
inline constexpr u32 kSIfsock = 0140000;
inline constexpr u32 kSIfreg = 0100000;
inline constexpr u32 kSIsuid = 04000;
inline constexpr u32 kSIsgid = 02000;
inline constexpr u32 kSIsvtx = 01000;
inline constexpr u32 kModeBits = 07777;

/// A FIFO, or the node of a pipe that pipe2() made.
struct FifoData {
  PipeId pipe = kNoPipe;   ///< `i_pipe`: there while somebody has it open
  bool anonymous = false;  ///< of pipefs
  bool operator==(const FifoData&) const = default;
};

/// A file's page cache. Pages are shared by count with the slots of pipes.
struct RegularData {
  u64 size = 0;               ///< `i_size`
  std::vector<PageId> pages;  ///< by index in the file; kNoPage, or beyond the end: a hole
  bool operator==(const RegularData&) const = default;
};

struct DirectoryEntry {
  std::string name;
  InodeId node;
  bool operator==(const DirectoryEntry&) const = default;
};

/// A message queue: to the file system a regular file, whose size only truncation changes.
struct MqueueData {
  MqueueId queue;
  i64 size = 80;
  bool operator==(const MqueueData&) const = default;
};

/// A folder. "." and ".." are not among its entries.
struct DirectoryData {
  InodeId parent;
  std::vector<DirectoryEntry> entries;  ///< in the order in which they were made
  std::optional<IpcNsId> queues_of;     ///< the folder of a namespace's message queues
  InodeId mounted = kNoInode;           ///< the folder that is mounted on this one
  bool operator==(const DirectoryData&) const = default;
};

enum class Device : u8 { kNull, kZero, kFull };

struct DeviceData {
  Device device = Device::kNull;
  bool operator==(const DeviceData&) const = default;
};

/// `struct inode`. It lives while it has a name or an open file.
struct Inode {
  u32 mode = 0;  ///< `i_mode`: type and permission bits
  u32 uid = 0;
  u32 gid = 0;
  u32 nlink = 0;  ///< names; an anonymous pipe has 1
  u32 files = 0;  ///< open files, also O_PATH ones and those of unfinished open()s
  Nanoseconds atime;
  Nanoseconds mtime;
  Nanoseconds ctime;
  u32 number = 0;  ///< 1, 2, 3 ... by the first stat() that told it; 0: never told
  // The times that the last stat() told.
  Nanoseconds told_atime;
  Nanoseconds told_mtime;
  Nanoseconds told_ctime;
  std::string name;  ///< the last one that it was given, for people; empty for a pipe
  std::variant<FifoData, RegularData, DirectoryData, DeviceData, MqueueData> data;

  [[nodiscard]] u32 type() const { return mode & kSIfmt; }
  [[nodiscard]] bool is_fifo() const { return type() == kSIfifo; }
  /// A regular file with contents; a message queue's type is the same.
  [[nodiscard]] bool is_regular() const { return std::holds_alternative<RegularData>(data); }
  [[nodiscard]] bool is_queue() const { return std::holds_alternative<MqueueData>(data); }
  [[nodiscard]] bool is_directory() const { return type() == kSIfdir; }
  /// The pipe of a FIFO or pipe. REQUIRES: is_fifo().
  [[nodiscard]] FifoData& fifo() { return std::get<FifoData>(data); }
  [[nodiscard]] const FifoData& fifo() const { return std::get<FifoData>(data); }
  [[nodiscard]] MqueueData& queue() { return std::get<MqueueData>(data); }
  [[nodiscard]] const MqueueData& queue() const { return std::get<MqueueData>(data); }
  [[nodiscard]] RegularData& regular() { return std::get<RegularData>(data); }
  [[nodiscard]] const RegularData& regular() const { return std::get<RegularData>(data); }
  [[nodiscard]] DirectoryData& directory() { return std::get<DirectoryData>(data); }
  [[nodiscard]] const DirectoryData& directory() const { return std::get<DirectoryData>(data); }

  void hash_into(Hasher& hasher) const;
  bool operator==(const Inode&) const = default;
};

}  // namespace ipcsim
