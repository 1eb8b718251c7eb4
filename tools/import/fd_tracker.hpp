// Which descriptors of which task are pipes, FIFOs and queues, as far as a log shows.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/base/types.hpp"

namespace ipcsim::strace {

enum class FdKind : u8 {
  kClosed,
  kOther,          ///< a file that is not under study
  kPipe,           ///< made by a pipe2() of the log
  kFifo,           ///< opened by name
  kQueue,          ///< of an mq_open() of the log
  kEpoll,          ///< of an epoll_create1() of the log
  kLimit,          ///< a file of /proc/sys/fs/mqueue
  kNetlink,        ///< a netlink socket of a log in which queues tell threads
  kInheritedPipe,  ///< was there when the recording began; not modelled
  kForeignPipe,    ///< a pipe of the log that goes, or came, a way that cannot be imported
};

/// True for what the model has.
[[nodiscard]] constexpr bool is_ours(FdKind kind) {
  return kind == FdKind::kPipe || kind == FdKind::kFifo || kind == FdKind::kQueue ||
         kind == FdKind::kEpoll || kind == FdKind::kNetlink || kind == FdKind::kLimit;
}

/// True for what makes a task matter: an epoll instance alone does not.
[[nodiscard]] constexpr bool matters(FdKind kind) {
  return is_ours(kind) && kind != FdKind::kEpoll;
}

/// What an epoll instance watches, by descriptor.
struct EpollWatch {
  struct Item {
    u64 data = 0;
    bool other = false;  ///< a file that is not under study
    auto operator<=>(const Item&) const = default;
  };
  std::map<i32, Item> items;
  /// Every item that was ever added or changed.
  std::vector<Item> ever;
  /// The log has an io_uring, which may change what is watched: no line shows it.
  bool unseen = false;

  /// Watches the descriptor `fd`, or otherwise than before.
  void set(i32 fd, const Item& item) {
    items[fd] = item;
    ever.push_back(item);
  }

  [[nodiscard]] bool others() const { return unseen || has(true); }
  [[nodiscard]] bool ours() const { return has(false); }

 private:
  [[nodiscard]] bool has(bool other) const {
    for (const auto& [fd, item] : items) {
      if (item.other == other) {
        return true;
      }
    }
    return false;
  }
};

/// A descriptor that was open when the recording began: of which of the tasks without a parent, the
/// first, second ... that the log shows, and under which number.
struct InheritedFd {
  u32 root = 0;
  i32 fd = 0;
  auto operator<=>(const InheritedFd&) const = default;
};

struct InheritedEnd;

/// A descriptor. `generation` changes whenever its number is given to something else.
struct FdSlot {
  FdKind kind = FdKind::kClosed;
  bool cloexec = false;
  /// Open since before the log began, and not seen in use yet.
  bool presumed = false;
  u32 generation = 0;
  bool read_end = false;  ///< of a pipe that a pipe2() made
  u32 made_at = 0;        ///< the line of that pipe2(), or 0
  std::string path;       ///< of a file opened by name, if known: a base for names relative to it
  std::shared_ptr<bool> nonblock = {};        ///< O_NONBLOCK of a pipe or FIFO; copies share it
  std::shared_ptr<EpollWatch> epoll = {};     ///< of an epoll instance; copies share it
  std::optional<InheritedFd> inherited = {};  ///< it is, or is a copy of, this one
  std::shared_ptr<InheritedEnd> end = {};     ///< of a pipe from before the log that is modelled
  u32 socket = 0;                             ///< a number for a socket, or 0
  std::optional<u32> pidfd_of = {};           ///< the task that a pidfd is for
};

/// The descriptors that a task without a parent in the log began with.
struct RootFds {
  u32 number = 0;  ///< 0 for the first such task of the log, 1 for the second ...
  std::set<i32> inherited{0, 1, 2};
  /// Numbers that were seen to be free before anything opened them.
  std::set<i32> not_inherited = {};
};

/// A descriptor table (`struct files_struct`). A number that was never seen has no slot: it is
/// free, or was open before the log began.
class FdTable {
 public:
  explicit FdTable(std::shared_ptr<RootFds> root);

  [[nodiscard]] const FdSlot* find(i32 fd) const;
  /// The kind that a call in progress gives to `fd`, for calls that overlap it.
  [[nodiscard]] std::optional<FdKind> coming(i32 fd) const;

  /// The number `fd` becomes a file.
  void install(i32 fd, FdKind kind, bool cloexec, std::string path = {});
  /// The same for a copy of the descriptor `like`.
  void install_copy(i32 fd, const FdSlot& like, bool cloexec);
  /// A pipe from before the log that is modelled is open as `fd`. REQUIRES: nothing was seen yet.
  void adopt(i32 fd, std::shared_ptr<InheritedEnd> end);
  void close(i32 fd);
  /// Closes `fd` unless it has become something else since it had `generation`.
  void close_if(i32 fd, u32 generation);
  void set_cloexec(i32 fd, bool cloexec);
  void set_kind(i32 fd, FdKind kind);
  void set_epoll(i32 fd, std::shared_ptr<EpollWatch> epoll) { slot(fd).epoll = std::move(epoll); }
  void set_nonblock(i32 fd, std::shared_ptr<bool> on) { slot(fd).nonblock = std::move(on); }
  void set_socket(i32 fd, u32 socket) { slot(fd).socket = socket; }
  void set_pidfd(i32 fd, std::optional<u32> task) { slot(fd).pidfd_of = task; }
  /// Which pipe2() made it, and which end it is.
  void set_pipe(i32 fd, u32 made_at, bool read_end) {
    slot(fd).made_at = made_at;
    slot(fd).read_end = read_end;
  }
  /// execve(): what is marked so is closed.
  void close_on_exec();

  /// A call in progress will give out `fd`.
  void expect(i32 fd, FdKind kind) { coming_[fd] = kind; }
  void expect_no_more(i32 fd) { coming_.erase(fd); }

  /// `fd` is in use though nothing opened it: it was open before the log began. False when that
  /// cannot be, because it was seen to be free.
  bool inherit(i32 fd, FdKind kind);
  /// A call found `fd` closed, or was given it.
  void saw_free(i32 fd);
  /// The kernel gives out the lowest free number. For a call that gave out `fd`, though it had to
  /// be `lowest` or higher: what is below was open. Numbers without a slot are now inherited;
  /// returned are those that cannot be explained so.
  [[nodiscard]] std::vector<i32> explain_lower(i32 lowest, i32 fd);

  /// A copy for a new process.
  [[nodiscard]] std::shared_ptr<FdTable> copy() const;
  /// The open numbers within [first, last].
  [[nodiscard]] std::vector<i32> open_between(u64 first, u64 last) const;

  /// The largest number that was ever seen.
  [[nodiscard]] i32 most() const { return slots_.empty() ? 0 : slots_.rbegin()->first; }

  /// True when it holds, or held, something that the model has.
  [[nodiscard]] bool ever_ours() const { return ever_ours_; }

  u32 users = 1;  ///< tasks that share it

 private:
  FdSlot& slot(i32 fd);

  std::map<i32, FdSlot> slots_;
  std::map<i32, FdKind> coming_;
  std::shared_ptr<RootFds> root_;
  bool ever_ours_ = false;
  u32 generations_ = 0;
  i32 all_open_below_ = 0;  ///< every number below this is open
};

/// The two numbers that a call gives out as far as the log shows.
[[nodiscard]] std::pair<Fd, Fd> lowest_free(const FdTable& table);

}  // namespace ipcsim::strace
