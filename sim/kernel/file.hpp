// Open files and the descriptor tables that refer to them.
#pragma once

#include <optional>
#include <vector>

#include "model/base/arena.hpp"
#include "model/base/result.hpp"
#include "model/base/types.hpp"
#include "model/pipe/pipe_file.hpp"
#include "sim/kernel/call_arguments.hpp"
#include "sim/kernel/constants.hpp"
#include "sim/kernel/ids.hpp"

namespace ipcsim {

/// Descriptors are below this, whatever RLIMIT_NOFILE says (/proc/sys/fs/nr_open).
inline constexpr u64 kNrOpen = 1048576;

/// What an open file is.
enum class FileKind : u8 {
  kOther,      ///< not under study
  kPipe,       ///< an end of a pipe, or an open FIFO
  kMqueue,     ///< a message queue descriptor
  kRegular,    ///< a regular file
  kDirectory,  ///< a folder
  kDevice,     ///< /dev/null, /dev/zero or /dev/full
  kSocket,     ///< one end of a socketpair()
  kEpoll,      ///< an epoll instance
  kNetlink,    ///< a socket of socket()
  kMqLimit,    ///< a file of /proc/sys/fs/mqueue
};

/// Whom O_ASYNC sends its signal to (`struct fown_struct`).
struct FileOwner {
  OwnerType type = OwnerType::kTid;
  TaskId pid;     ///< kNoTask: nobody
  Signal signum;  ///< F_SETSIG; 0: SIGIO without details
  u32 uid = 0;    ///< real and
  u32 euid = 0;   ///< effective user of who said so
  bool operator==(const FileOwner&) const = default;
};

/// An open file description (`struct file`).
struct File {
  // What every read and write looks at comes first, so that it shares a cache line.
  FileKind kind = FileKind::kOther;
  PipeId pipe;              ///< of kPipe
  MqueueId mqueue;          ///< of kMqueue
  InodeId node = kNoInode;  ///< of all that have a name, and of pipes
  u32 f_count = 0;          ///< descriptors and calls in progress that refer to it
  u32 f_flags = 0;          ///< O_* with the access mode
  PipeMode f_mode;          ///< FMODE_READ, FMODE_WRITE
  bool path_only = false;   ///< O_PATH: no operation reaches the object
  bool nowait = false;  ///< FMODE_NOWAIT: RWF_NOWAIT works; splice() and vmsplice() take it away
  EventPollId epoll;    ///< of kEpoll
  NetlinkId netlink;    ///< of kNetlink
  SocketId socket;      ///< of kSocket
  IpcNsId ipc;          ///< of kMqLimit: whose limit
  u32 mq_limit = 0;     ///< and which
  u32 f_pipe = 0;       ///< w_counter of a FIFO opened O_RDONLY|O_NONBLOCK without a writer
  u64 f_pos = 0;        ///< position of kRegular; in the text of a queue or limit
  u32 epitems = 0;      ///< epoll items that watch it
  FileOwner f_owner;

  bool operator==(const File&) const = default;
};

/// A descriptor table (`struct files_struct`): which descriptor is which open file.
class FdTable {
 public:
  static constexpr u32 kPipeBits = 28;

  struct Entry {
    FileId file = kNoFile;
    bool reserved : 1 = false;  ///< taken by an open() that has not finished
    bool close_on_exec : 1 = false;
    // What the file says, once somebody has asked it: a read or write that finds it here need not
    // fetch the file. True as long as the file has no O_DIRECT, see forget_pipe().
    bool reads_pipe : 1 = false;   ///< it may read the pipe `pipe`, and asks for no packets
    bool writes_pipe : 1 = false;  ///< it may write it, likewise
    u32 pipe : kPipeBits = 0;
    friend bool operator==(const Entry& a, const Entry& b) {
      return a.file == b.file && a.reserved == b.reserved && a.close_on_exec == b.close_on_exec;
    }
  };
  static_assert(sizeof(Entry) == 8);

  /// Takes the lowest free descriptor from `lowest` on.
  /// Errors: EMFILE when that is `rlimit_nofile` or kNrOpen, or more. Linux fs/file.c: alloc_fd().
  [[nodiscard]] Result<Fd> reserve(Fd lowest, u64 rlimit_nofile, bool close_on_exec);
  /// Gives a reserved descriptor its file. Linux fs/file.c: fd_install().
  void install(Fd fd, FileId file);
  /// Gives a reserved descriptor back. Linux fs/file.c: put_unused_fd().
  void unreserve(Fd fd);
  /// Makes `fd`, whatever it was, refer to `file`. REQUIRES: fd is not negative.
  void set(Fd fd, FileId file, bool close_on_exec);
  /// Frees an open descriptor and returns what it was.
  FileId clear(Fd fd);

  /// The file behind `fd`, or kNoFile.
  [[nodiscard]] FileId file(Fd fd) const {
    return fd.v < 0 || index(fd) >= entries_.size() ? kNoFile : entry(fd).file;
  }
  /// True when the descriptor has an entry: there is none beyond all that were ever used, and none
  /// of a negative one, which counts as beyond all.
  [[nodiscard]] bool has_entry(Fd fd) const { return static_cast<u32>(fd.v) < entries_.size(); }
  /// REQUIRES: has_entry(fd).
  [[nodiscard]] Entry& entry(Fd fd) { return entries_[index(fd)]; }
  [[nodiscard]] const Entry& entry(Fd fd) const { return entries_[index(fd)]; }
  /// What entries know of this file's pipe is no longer so: the file is asked again.
  void forget_pipe(FileId file);
  [[nodiscard]] bool reserved(Fd fd) const;
  [[nodiscard]] bool close_on_exec(Fd fd) const { return entry(fd).close_on_exec; }
  void set_close_on_exec(Fd fd, bool on) { entries_[index(fd)].close_on_exec = on; }
  /// All open descriptors in ascending order.
  [[nodiscard]] std::vector<Fd> open_fds() const;

  /// Tasks that share this table.
  [[nodiscard]] u32 users() const { return users_; }
  void add_user() { ++users_; }
  /// One task less; says how many are left.
  u32 drop_user() { return --users_; }
  /// A table for one task, without what unfinished open()s have reserved in this one.
  /// Linux fs/file.c: dup_fd().
  [[nodiscard]] FdTable copy_for_one() const;

  friend bool operator==(const FdTable& a, const FdTable& b) {
    return a.users_ == b.users_ && a.entries_ == b.entries_;
  }

 private:
  [[nodiscard]] static std::size_t index(Fd fd) { return static_cast<std::size_t>(fd.v); }
  void trim();

  u32 users_ = 1;
  std::vector<Entry, TableAllocator<Entry>> entries_;
  std::size_t next_free_ = 0;  // no free entry below this one; follows from the entries
};

}  // namespace ipcsim
