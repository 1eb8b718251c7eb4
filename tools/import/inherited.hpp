// Pipes that were there before the log: unknowns that its results say something about.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/base/payload.hpp"
#include "tools/import/fd_tracker.hpp"
#include "tools/import/unseen.hpp"

namespace ipcsim::strace {

/// What is known of a pipe when a pass over the log begins.
struct PipeFacts {
  u64 size = 65536;      ///< in bytes, when the log begins
  bool decided = false;  ///< of a pipe that the log's tasks have both ends of: what `own` says
  /// Its bytes are `initial` and what the log's tasks write, and they read them. Otherwise the
  /// unseen task writes what is read, and reads what is written.
  bool own = false;
  Payload initial;
  bool left_out = false;  ///< something was done with it that cannot be supposed yet
  bool operator==(const PipeFacts&) const = default;
};

/// The same of a descriptor for it.
struct EndFacts {
  std::string pipe;
  bool reads = false;
  bool writes = false;
  bool operator==(const EndFacts&) const = default;
};

/// What passes over a log have found; the next one begins with it.
struct InheritedFacts {
  std::map<InheritedFd, EndFacts> ends;
  std::map<std::string, PipeFacts> pipes;
  i32 base = 0;  ///< of the unseen task's descriptors
  bool operator==(const InheritedFacts&) const = default;
};

/// Bytes that went in or out of a pipe, or the proof that none was in it.
struct SeenTransfer {
  enum class Kind : u8 { kWrite, kRead, kEmpty };
  Kind kind = Kind::kEmpty;
  Payload bytes;
  u32 begin = 0;  ///< where its call began and ended, as the log prints it
  u32 end = 0;    ///< 0: it has not
};

/// A pipe from before the log, as a pass goes through the log.
struct InheritedPipe {
  PipeFacts facts;
  Fd reader;  ///< the unseen task's own ends
  Fd writer;
  bool reading = true;  ///< it has them
  bool writing = true;
  u64 size = 0;          ///< at this place of the log
  bool resized = false;  ///< by the log
  u64 filled = 0;        ///< what the unseen task has let stay in it
  std::vector<SeenTransfer> seen;
};

/// One of its ends, under which tasks of the log have it.
struct InheritedEnd {
  InheritedFd fd;
  std::shared_ptr<InheritedPipe> pipe;
  bool reads = false;
  bool writes = false;
  bool nonblocking = false;  ///< when the log began
  bool flags_set = false;    ///< the log has changed that
};

class InheritedPipes {
 public:
  explicit InheritedPipes(Unseen& unseen) : unseen_(unseen) {}

  void begin(const InheritedFacts& facts);
  /// A task that no other of the log made appears: those of the descriptors that are its.
  void adopt(u32 root, FdTable& table);
  /// A descriptor is seen to be of such a pipe, which -y calls `name`, if it has a name.
  void found(const FdSlot& slot, std::string_view name);
  /// What is known at the end of the pass.
  [[nodiscard]] InheritedFacts learn() const;

  /// The number of the place in the log where a call begins or ends.
  u32 tick() { return ++clock_; }

  // What must have happened for a call of the log to end as it did.
  void leave_out(InheritedEnd& end) { end.pipe->facts.left_out = true; }
  /// These bytes can be read.
  void give(InheritedPipe& pipe, const Payload& bytes, Origin origin);
  void make_readable(InheritedPipe& pipe, Origin origin);
  void make_empty(InheritedPipe& pipe, Origin origin);
  /// So many bytes are in it.
  void fill_to(InheritedPipe& pipe, u64 bytes, Origin origin);
  void make_full(InheritedPipe& pipe, Origin origin);
  void make_writable(InheritedPipe& pipe, Origin origin);
  /// Of a write of `asked` bytes there is room for `done`, the rest having been read meanwhile.
  void make_room(InheritedPipe& pipe, u64 done, u64 asked, Origin origin);
  /// The bytes that a write left in the pipe are read.
  void take(InheritedPipe& pipe, const Payload& written, Origin origin);
  void end_writing(InheritedPipe& pipe, Origin origin);
  void end_reading(InheritedPipe& pipe, Origin origin);

  [[nodiscard]] std::size_t count() const { return pipes_.size(); }
  /// A task that the log begins with.
  struct Root {
    u32 number = 0;  ///< in the order of the log
    TaskId task;
    std::set<i32> fds;  ///< that it begins with
    u64 rlimit_nofile = 0;
  };
  /// What makes these pipes and tasks, before anything else.
  [[nodiscard]] std::vector<Event> setup(TaskId unseen, const std::vector<Root>& roots) const;
  [[nodiscard]] u64 largest() const;

 private:
  void reopen(Fd& fd, bool& open, Fd other, bool writes, Origin origin);

  Unseen& unseen_;
  std::map<std::string, std::shared_ptr<InheritedPipe>> pipes_;
  std::map<InheritedFd, std::shared_ptr<InheritedEnd>> ends_;
  InheritedFacts found_;
  u32 clock_ = 0;
};

/// For a pipe that the log's tasks have both ends of: whether what they write is what they read.
/// `facts` says how it is then.
void decide(const std::vector<SeenTransfer>& seen, PipeFacts& facts);

struct Plan;

/// What must be so of pipes from before the log, for the first call of `plan` to end as it did.
void suppose(InheritedPipes& pipes, TaskState& task, Plan& plan, Origin origin);

}  // namespace ipcsim::strace
