// The calls by which a program is told that a message came, as values; call_files.hpp says how
// they are written.
#pragma once

#include <string_view>

#include "model/base/user_memory.hpp"
#include "sim/kernel/call_arguments.hpp"

namespace ipcsim {

/// `sevp` NULL takes the registration back.
struct MqNotifyCall {
  static constexpr std::string_view kName = "mq_notify";
  Fd mqdes;
  UserPtr<SigEvent> sevp;
  MqEntry entry = MqEntry::kSyscall;
  static void each_field(auto& self, auto&& v) {
    v.field("mqdes", self.mqdes);
    v.field("sevp", self.sevp);
    v.entry(self.entry);
  }
  bool operator==(const MqNotifyCall&) const = default;
};

/// As far as SIGEV_THREAD needs it: a netlink socket, and a socket of another family.
struct SocketCall {
  static constexpr std::string_view kName = "socket";
  SocketFamily domain;
  SocketType type;
  i32 protocol = 0;
  static void each_field(auto& self, auto&& v) {
    v.field("domain", self.domain);
    v.field("type", self.type);
    v.field("protocol", self.protocol);
  }
  bool operator==(const SocketCall&) const = default;
};

/// recvfrom() without an address for the sender: recv().
struct RecvfromCall {
  static constexpr std::string_view kName = "recvfrom";
  Fd sockfd;
  UserSegment buf;
  MsgFlags flags;
  static void each_field(auto& self, auto&& v) {
    v.field("sockfd", self.sockfd);
    v.out_buffer("buf", "len", self.buf);
    v.field("flags", self.flags);
  }
  bool operator==(const RecvfromCall&) const = default;
};

}  // namespace ipcsim
