// A workload: what tasks transfer through which pipes and queues, without a word on how long it
// takes.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "model/base/types.hpp"
#include "model/mqueue/mq_limits.hpp"
#include "model/pipe/pipe_file.hpp"
#include "sim/workload/size_spec.hpp"

namespace ipcsim {

/// How a task waits for its turn to transfer.
enum class WaitStyle : u8 {
  kBlocking,  ///< in the transfer itself
  kPoll,      ///< poll() before each transfer, on a nonblocking file
  kEpoll,     ///< epoll_wait() before each transfer, level-triggered
};

/// A pipe or a message queue of a workload.
struct WorkloadObject {
  std::string name;        ///< for people
  bool queue = false;      ///< otherwise a pipe
  u64 pipe_bytes = 65536;  ///< what F_SETPIPE_SZ is asked for
  bool packets = false;    ///< O_DIRECT on the write end
  bool fifo = false;       ///< its ends are opened by name and wait for each other
  MqSize mq{10, 8192};     ///< of a queue

  bool operator==(const WorkloadObject&) const = default;
};

/// An open file. It is open while somebody holds it; holds are counted like `f_count`.
struct WorkloadFile {
  u32 object = 0;
  PipeMode mode;

  bool operator==(const WorkloadFile&) const = default;
};

/// `Step::amount` of a read that goes on until the end of the data.
inline constexpr u64 kUntilEnd = std::numeric_limits<u64>::max();

/// What a task does next.
struct Step {
  enum class Kind : u8 {
    kWrite,    ///< write() until `amount` bytes are in
    kRead,     ///< read() until `amount` bytes have come, or kUntilEnd
    kSend,     ///< mq_send() `amount` messages
    kReceive,  ///< mq_receive() `amount` messages
    kOpen,     ///< open() of a FIFO: holds `file`, once the partner has come
    kHold,     ///< one more hold of `file`: pipe2(), mq_open(), fork()
    kRelease,  ///< one hold less: close(), exit()
    kStart,    ///< the task `task` begins
  };
  Kind kind = Kind::kWrite;
  u32 file = 0;
  SizeSpec size;  ///< of each call: bytes to write, room to read, bytes of a message
  u64 amount = 1;
  u32 prio = 0;      ///< of messages
  u64 think_ns = 0;  ///< what the program does before each call
  u32 task = 0;      ///< of kStart
  /// Of kRead: what comes beyond `amount` counts for the task's later reads. Otherwise a call never
  /// asks for more than is missing.
  bool reads_ahead = false;

  bool operator==(const Step&) const = default;
};

/// A task and its program.
struct WorkloadTask {
  std::string name;
  bool starts = true;  ///< from the beginning; otherwise another task's kStart begins it
  WaitStyle style = WaitStyle::kBlocking;
  std::vector<Step> steps;

  bool operator==(const WorkloadTask&) const = default;
};

/// Files are held by the steps alone: before anything runs, by none but `held_at_start`.
struct Workload {
  std::string title;
  std::vector<WorkloadObject> objects;
  std::vector<WorkloadFile> files;
  std::vector<u32> held_at_start;  ///< files, once for each hold
  std::vector<WorkloadTask> tasks;
  std::vector<std::string> notes;  ///< what this leaves out of that which it stands for

  bool operator==(const Workload&) const = default;
};

/// Writers and readers of one pipe, or senders and receivers of one queue.
struct StreamParameters {
  u32 writers = 1;
  u32 readers = 1;
  SizeSpec write_size = SizeSpec::fixed(65536);
  SizeSpec read_size = SizeSpec::fixed(65536);
  u64 total_bytes = u64{16} << 20U;  ///< of all writers together; of a queue: `total_messages`
  u64 total_messages = 10'000;
  u64 write_think_ns = 0;
  u64 read_think_ns = 0;
  WaitStyle style = WaitStyle::kBlocking;
  u32 prios = 1;  ///< messages have priorities 0 .. prios - 1 in turn
  /// Two processes with a pipe each way: each writes so many bytes before it reads as many.
  u64 exchange_bytes = 0;
  WorkloadObject object;  ///< the pipe or queue: its size is what a sweep changes
};

/// The workload of these parameters. REQUIRES: writers, readers, prios > 0.
[[nodiscard]] Workload stream_workload(const StreamParameters& parameters);

}  // namespace ipcsim
