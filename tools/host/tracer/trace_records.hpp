// What the tracer's BPF programs write, and where they keep what they know.
#pragma once

#include "model/base/types.hpp"

namespace ipcsim::host {

enum class RecordKind : u32 {
  kEnter = 1,  ///< a call begins; `value` are its arguments
  kExit,       ///< it ends; value[0] is what it returns, a negative errno if it failed; 1 to 3: how
               ///< often the task slept in it, for how long, and the address of who woke it last
  kStart,      ///< the first task; `value` as of kFork
  kFork,       ///< a task is made: its number, its process's, and the maker's address
  kExec,       ///< execve() succeeds; the task's number before and now, on the whole machine
  kDead,       ///< the task is gone, its files are closed; its exit code
  kSignal,     ///< a signal is delivered; its number, and the handler's address (0: the default)
};

inline constexpr u32 kMostArguments = 6;

/// The front of each record. Chunks follow.
struct RecordHead {
  RecordKind kind = RecordKind::kEnter;
  u32 nr = 0;       ///< of the system call
  u64 time_ns = 0;  ///< CLOCK_MONOTONIC
  u64 task = 0;     ///< address of its task_struct: one task while it lives
  i64 value[kMostArguments] = {};
  u64 inode = 0;  ///< of the call's first descriptor; 0: not known
  u64 magic = 0;  ///< of the file system that it is in
};
static_assert(sizeof(RecordHead) == 88);

/// A piece of the caller's memory, then its bytes, up to a multiple of 8.
struct ChunkHead {
  u32 tag = 0;    ///< which of the call's pieces; with kChunkFailed: it could not be read
  u32 bytes = 0;  ///< that were read
};
inline constexpr u32 kChunkFailed = 0x8000'0000U;
/// Buffer `i` of the vector that is piece `tag` has the tag `tag + kBufferTag * (i + 1)`.
inline constexpr u32 kBufferTag = 0x100;
/// The piece behind a pointer in piece `tag`.
inline constexpr u32 kInnerTag = 0x80;

/// Bytes of chunks in one record at most.
inline constexpr u32 kMostChunkBytes = 0xf000;
/// Buffers of a vector whose bytes are recorded.
inline constexpr u32 kMostBuffers = 16;

/// What the programs keep of a task, by the address of its task_struct.
struct TracedTask {
  u64 nr = 0;      ///< of the call that it is in
  u64 shape = 0;   ///< 0: none that is recorded
  u64 missed = 0;  ///< a piece could not be read at the beginning
  i64 args[kMostArguments] = {};
  u64 asleep_since_ns = 0;  ///< 0: it is awake
  u64 sleeps = 0;           ///< in this call
  u64 slept_ns = 0;
  u64 waker = 0;  ///< address of the traced task that ended the last sleep, from a call of its own
};

inline constexpr u32 kMostCallNumbers = 512;

/// Shared with the programs: the one value of a map that is mapped here.
struct TracerControl {
  u64 key = 0;                      ///< prctl(key) makes a task the first one
  u64 lost = 0;                     ///< records that found no room
  u64 first_lost_ns = 0;            ///< when the first of them began
  u64 foreign = 0;                  ///< calls with numbers of another system call table
  u64 untracked = 0;                ///< tasks for which there was no room
  u64 level = 0;                    ///< depth of the first task's PID namespace
  u8 shape[kMostCallNumbers] = {};  ///< by call number; 0: not recorded
};

}  // namespace ipcsim::host
