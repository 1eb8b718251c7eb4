// The calls on message queues, as values; call_files.hpp says how they are written.
#pragma once

#include <string>
#include <string_view>

#include "model/base/user_memory.hpp"
#include "sim/kernel/call_arguments.hpp"

namespace ipcsim {

// `entry` of each: through what it is made. What it cannot pass is not modelled.

/// The system call's `name`: without the leading slash that the C library wants, and strips.
struct MqOpenCall {
  static constexpr std::string_view kName = "mq_open";
  UserPtr<std::string> name;
  OpenFlags oflag;
  u32 mode = 0;
  UserPtr<MqAttr> attr;
  MqEntry entry = MqEntry::kSyscall;
  static void each_field(auto& self, auto&& v) {
    v.field("name", self.name);
    v.field("oflag", self.oflag);
    v.mode("mode", self.mode);
    v.field("attr", self.attr);
    v.entry(self.entry);
  }
  bool operator==(const MqOpenCall&) const = default;
};

struct MqUnlinkCall {
  static constexpr std::string_view kName = "mq_unlink";
  UserPtr<std::string> name;
  MqEntry entry = MqEntry::kSyscall;
  static void each_field(auto& self, auto&& v) {
    v.field("name", self.name);
    v.entry(self.entry);
  }
  bool operator==(const MqUnlinkCall&) const = default;
};

/// `abs_timeout` is a time of the trace's CLOCK_REALTIME, see the header's `realtime_ns`.
struct MqTimedsendCall {
  static constexpr std::string_view kName = "mq_timedsend";
  Fd mqdes;
  UserSegment msg;
  u32 msg_prio = 0;
  UserPtr<Timespec> abs_timeout;
  MqEntry entry = MqEntry::kSyscall;
  static void each_field(auto& self, auto&& v) {
    v.field("mqdes", self.mqdes);
    v.in_buffer("msg_ptr", "msg_len", self.msg);
    v.field("msg_prio", self.msg_prio);
    v.field("abs_timeout", self.abs_timeout);
    v.entry(self.entry);
  }
  bool operator==(const MqTimedsendCall&) const = default;
};

struct MqTimedreceiveCall {
  static constexpr std::string_view kName = "mq_timedreceive";
  Fd mqdes;
  UserSegment msg;
  OutPtr msg_prio = OutPtr::kValid;
  UserPtr<Timespec> abs_timeout;
  MqEntry entry = MqEntry::kSyscall;
  static void each_field(auto& self, auto&& v) {
    v.field("mqdes", self.mqdes);
    v.out_buffer("msg_ptr", "msg_len", self.msg);
    v.field("msg_prio", self.msg_prio);
    v.field("abs_timeout", self.abs_timeout);
    v.entry(self.entry);
  }
  bool operator==(const MqTimedreceiveCall&) const = default;
};

struct MqGetsetattrCall {
  static constexpr std::string_view kName = "mq_getsetattr";
  Fd mqdes;
  UserPtr<MqAttr> newattr;
  OutPtr oldattr = OutPtr::kValid;
  MqEntry entry = MqEntry::kSyscall;
  static void each_field(auto& self, auto&& v) {
    v.field("mqdes", self.mqdes);
    v.field("newattr", self.newattr);
    v.field("oldattr", self.oldattr);
    v.entry(self.entry);
  }
  bool operator==(const MqGetsetattrCall&) const = default;
};

}  // namespace ipcsim
