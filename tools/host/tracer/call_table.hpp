// The system calls that the tracer records, and what of their arguments.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "model/base/types.hpp"

namespace ipcsim::host {

/// A system call. Each letter of `args` says what one argument is:
///
///   d  an int              l  a long               u  an unsigned number
///   x  flags               o  a mode               p  an address, not looked behind
///   f  a descriptor        s  a path or name       q  a path that is gone when the call returns
///   b  bytes it reads, as many as the next argument says
///   B  bytes it fills, as many as it returns
///   v  a vector of buffers that it reads, the next argument their number;  V  that it fills
///   P  struct pollfd, read and filled              3  a descriptor set, read and filled
///   I  two descriptors, filled
///   i  an int, read and filled                     O  a long long, read and filled
///   t  struct timespec     T  struct timeval       m  a set of signals
///   6  pselect6()'s structure with the set's address
///   a  struct sigaction    e  struct epoll_event   E  as many of them as it returns
///   A  struct mq_attr      Z  the same, filled     U  an unsigned int, filled
///   r  struct rlimit64     R  the same, filled     n  struct sigevent
///   S  struct stat, filled                         X  struct statx, filled
///   h  struct msghdr with its control messages     H  the same, filled
///   c  struct clone_args   w  struct open_how      W  an int, filled, of a successful call
///   G  gids, their number the argument before
///   F  a command of fcntl()                        k  its argument
///   y  an open() flag      Y  a limit's name       z  a clone() flag
struct TracedCall {
  u32 nr = 0;
  std::string_view name;
  std::string_view args;
};

[[nodiscard]] std::span<const TracedCall> traced_calls();
/// The call with this number, or null.
[[nodiscard]] const TracedCall* find_traced_call(u32 nr);

/// A piece of memory that is recorded with a call.
struct Piece {
  enum class Size : u8 {
    kFixed,      ///< `unit` bytes
    kString,     ///< up to a NUL
    kCounted,    ///< argument `count_arg` times `unit`
    kBits,       ///< argument `count_arg` bits, in longs
    kReturned,   ///< the call's result times `unit`
    kVector,     ///< argument `count_arg` struct iovec, with the bytes of the first buffers
    kMessage,    ///< struct msghdr, with its control messages
    kPointer,    ///< `unit` bytes, which begin with the address of a set of signals
    kCloneArgs,  ///< struct clone_args, with the descriptor it fills
  };
  Size size = Size::kFixed;
  u8 arg = 0;
  u8 count_arg = 0;
  u32 unit = 0;
  bool at_entry = false;
  bool at_exit = false;
  /// Payload: as much of it as was asked for.
  bool payload = false;
  /// Gone when the call returns: never tried again then.
  bool once = false;
  /// Of a call that fails nothing is filled.
  bool on_success = false;
};

/// The pieces of a call, by its `args`. A piece's tag is its place in the list.
[[nodiscard]] std::vector<Piece> pieces_of(std::string_view args);

/// All distinct `args` with pieces or not; a call's shape is its place in the list plus 1.
[[nodiscard]] std::vector<std::string_view> call_shapes();

}  // namespace ipcsim::host
