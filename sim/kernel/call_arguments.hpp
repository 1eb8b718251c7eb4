// What the parameters of system calls are made of.
#pragma once

#include <utility>

#include "model/base/payload.hpp"
#include "model/base/types.hpp"
#include "sim/kernel/constants_vfs.hpp"

namespace ipcsim {

/// A pointer to something that the kernel reads: NULL, a bad address, or a value.
template <class T>
struct UserPtr {
  enum class Kind : u8 { kNull, kBad, kValue };
  Kind kind = Kind::kNull;
  T value{};

  [[nodiscard]] static UserPtr of(T v) { return {Kind::kValue, std::move(v)}; }
  [[nodiscard]] static UserPtr bad() { return {Kind::kBad, {}}; }
  [[nodiscard]] bool is_null() const { return kind == Kind::kNull; }
  [[nodiscard]] bool is_bad() const { return kind == Kind::kBad; }
  bool operator==(const UserPtr&) const = default;
};

/// A pointer to something that the kernel writes.
enum class OutPtr : u8 { kValid, kNull, kBad };

/// struct timespec. Both fields are signed, as user space has them.
struct Timespec {
  i64 tv_sec = 0;
  i64 tv_nsec = 0;
  bool operator==(const Timespec&) const = default;
};

/// struct mq_attr without the reserved words.
struct MqAttr {
  i64 mq_flags = 0;
  i64 mq_maxmsg = 0;
  i64 mq_msgsize = 0;
  i64 mq_curmsgs = 0;
  bool operator==(const MqAttr&) const = default;
};

/// struct pollfd as the kernel reads it.
struct PollFd {
  Fd fd;
  PollEvents events;
  bool operator==(const PollFd&) const = default;
};

/// What F_SETOWN_EX names: a thread, a process or a process group.
enum class OwnerType : u8 { kTid, kPid, kPgrp };

/// struct f_owner_ex. `pid` is the number of a task, 0 for none.
struct OwnerEx {
  OwnerType type = OwnerType::kTid;
  TaskId pid;
  bool operator==(const OwnerEx&) const = default;
};

/// struct sigevent. With SIGEV_THREAD, as the system call has it, `sigev_signo` is the descriptor
/// of a netlink socket and `sigev_value` points to a cookie of 32 bytes, which stands here.
struct SigEvent {
  SigevNotify sigev_notify;
  i32 sigev_signo = 0;
  u64 sigev_value = 0;
  UserPtr<Payload> cookie;
  bool operator==(const SigEvent&) const = default;
};

/// Through what a program makes a call of message queues.
enum class MqEntry : u8 {
  kSyscall,  ///< the system call of a 64-bit program
  kIa32,     ///< that of a 32-bit x86 program: structures of 32-bit words
  kLibc,     ///< the function of the C library of that name: names begin with a slash
};

/// What a task does with a signal.
enum class Disposition : u8 { kDefault, kIgnore, kHandler };

}  // namespace ipcsim
