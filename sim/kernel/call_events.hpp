// The calls that wait for events on descriptors or for signals, as values; call_files.hpp says how
// they are written. poll() itself is there.
#pragma once

#include <string_view>
#include <vector>

#include "sim/kernel/call_arguments.hpp"

namespace ipcsim {

/// struct epoll_event.
struct EpollEvent {
  EpollEvents events;
  u64 data = 0;
  bool operator==(const EpollEvent&) const = default;
};

/// struct timeval.
struct Timeval {
  i64 tv_sec = 0;
  i64 tv_usec = 0;
  bool operator==(const Timeval&) const = default;
};

/// A pointer to an fd_set: the descriptors in it.
using FdSetPtr = UserPtr<std::vector<Fd>>;
/// A pointer to a signal mask that holds during the call.
using SigmaskPtr = UserPtr<std::vector<Signal>>;

/// poll() with a finer timeout and a signal mask. (What is left of the timeout is not looked at.)
struct PpollCall {
  static constexpr std::string_view kName = "ppoll";
  std::vector<PollFd> fds;
  UserPtr<Timespec> tmo_p;
  SigmaskPtr sigmask;
  static void each_field(auto& self, auto&& v) {
    v.field("fds", self.fds);
    v.field("tmo_p", self.tmo_p);
    v.field("sigmask", self.sigmask);
  }
  bool operator==(const PpollCall&) const = default;
};

struct SelectCall {
  static constexpr std::string_view kName = "select";
  i32 nfds = 0;
  FdSetPtr readfds;
  FdSetPtr writefds;
  FdSetPtr exceptfds;
  UserPtr<Timeval> timeout;
  static void each_field(auto& self, auto&& v) {
    v.field("nfds", self.nfds);
    v.field("readfds", self.readfds);
    v.field("writefds", self.writefds);
    v.field("exceptfds", self.exceptfds);
    v.field("timeout", self.timeout);
  }
  bool operator==(const SelectCall&) const = default;
};

struct Pselect6Call {
  static constexpr std::string_view kName = "pselect6";
  i32 nfds = 0;
  FdSetPtr readfds;
  FdSetPtr writefds;
  FdSetPtr exceptfds;
  UserPtr<Timespec> timeout;
  SigmaskPtr sigmask;
  static void each_field(auto& self, auto&& v) {
    v.field("nfds", self.nfds);
    v.field("readfds", self.readfds);
    v.field("writefds", self.writefds);
    v.field("exceptfds", self.exceptfds);
    v.field("timeout", self.timeout);
    v.field("sigmask", self.sigmask);
  }
  bool operator==(const Pselect6Call&) const = default;
};

struct EpollCreate1Call {
  static constexpr std::string_view kName = "epoll_create1";
  OpenFlags flags;
  static void each_field(auto& self, auto&& v) { v.field("flags", self.flags); }
  bool operator==(const EpollCreate1Call&) const = default;
};

struct EpollCtlCall {
  static constexpr std::string_view kName = "epoll_ctl";
  Fd epfd;
  EpollCtlOp op;
  Fd fd;
  UserPtr<EpollEvent> event;
  static void each_field(auto& self, auto&& v) {
    v.field("epfd", self.epfd);
    v.field("op", self.op);
    v.field("fd", self.fd);
    v.field("event", self.event);
  }
  bool operator==(const EpollCtlCall&) const = default;
};

/// `timeout` in milliseconds; negative waits for ever.
struct EpollWaitCall {
  static constexpr std::string_view kName = "epoll_wait";
  Fd epfd;
  OutPtr events = OutPtr::kValid;
  i32 maxevents = 1;
  i32 timeout = -1;
  static void each_field(auto& self, auto&& v) {
    v.field("epfd", self.epfd);
    v.field("events", self.events);
    v.field("maxevents", self.maxevents);
    v.field("timeout", self.timeout);
  }
  bool operator==(const EpollWaitCall&) const = default;
};

struct EpollPwaitCall {
  static constexpr std::string_view kName = "epoll_pwait";
  Fd epfd;
  OutPtr events = OutPtr::kValid;
  i32 maxevents = 1;
  i32 timeout = -1;
  SigmaskPtr sigmask;
  static void each_field(auto& self, auto&& v) {
    v.field("epfd", self.epfd);
    v.field("events", self.events);
    v.field("maxevents", self.maxevents);
    v.field("timeout", self.timeout);
    v.field("sigmask", self.sigmask);
  }
  bool operator==(const EpollPwaitCall&) const = default;
};

struct EpollPwait2Call {
  static constexpr std::string_view kName = "epoll_pwait2";
  Fd epfd;
  OutPtr events = OutPtr::kValid;
  i32 maxevents = 1;
  UserPtr<Timespec> timeout;
  SigmaskPtr sigmask;
  static void each_field(auto& self, auto&& v) {
    v.field("epfd", self.epfd);
    v.field("events", self.events);
    v.field("maxevents", self.maxevents);
    v.field("timeout", self.timeout);
    v.field("sigmask", self.sigmask);
  }
  bool operator==(const EpollPwait2Call&) const = default;
};

/// pause(): sleeps until a handler has run.
struct PauseCall {
  static constexpr std::string_view kName = "pause";
  static void each_field(auto& /*self*/, auto&& /*v*/) {}
  bool operator==(const PauseCall&) const = default;
};

/// pause() with a signal mask.
struct RtSigsuspendCall {
  static constexpr std::string_view kName = "rt_sigsuspend";
  SigmaskPtr mask;
  static void each_field(auto& self, auto&& v) { v.field("mask", self.mask); }
  bool operator==(const RtSigsuspendCall&) const = default;
};

}  // namespace ipcsim
