// The calls that move bytes between pipes, files and memory without copying them, as values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/base/user_memory.hpp"
#include "sim/kernel/call_arguments.hpp"

namespace ipcsim {

struct SpliceCall {
  static constexpr std::string_view kName = "splice";
  Fd fd_in;
  UserPtr<i64> off_in;
  Fd fd_out;
  UserPtr<i64> off_out;
  u64 len = 0;
  SpliceFlags flags;
  static void each_field(auto& self, auto&& v) {
    v.field("fd_in", self.fd_in);
    v.field("off_in", self.off_in);
    v.field("fd_out", self.fd_out);
    v.field("off_out", self.off_out);
    v.field("len", self.len);
    v.field("flags", self.flags);
  }
  bool operator==(const SpliceCall&) const = default;
};

struct TeeCall {
  static constexpr std::string_view kName = "tee";
  Fd fd_in;
  Fd fd_out;
  u64 len = 0;
  SpliceFlags flags;
  static void each_field(auto& self, auto&& v) {
    v.field("fd_in", self.fd_in);
    v.field("fd_out", self.fd_out);
    v.field("len", self.len);
    v.field("flags", self.flags);
  }
  bool operator==(const TeeCall&) const = default;
};

struct SendfileCall {
  static constexpr std::string_view kName = "sendfile";
  Fd out_fd;
  Fd in_fd;
  UserPtr<i64> offset;
  u64 count = 0;
  static void each_field(auto& self, auto&& v) {
    v.field("out_fd", self.out_fd);
    v.field("in_fd", self.in_fd);
    v.field("offset", self.offset);
    v.field("count", self.count);
  }
  bool operator==(const SendfileCall&) const = default;
};

/// Bytes of a named page (or of several, one behind the other) are within so many.
inline constexpr u32 kPageNameBytes = 1U << 20U;

/// A buffer of vmsplice(): bytes that the pipe gets, or room that it fills.
struct PageSegment {
  /// The bytes, when there are any, are stored in the memory before the call.
  UserSegment memory;
  /// The memory's name. Empty: memory that nothing else refers to, from the start of a page on, or
  /// up to the end of one if it ends in an unmapped page.
  std::string page;
  u32 offset = 0;  ///< where in the named memory

  bool operator==(const PageSegment&) const = default;
};

struct VmspliceCall {
  static constexpr std::string_view kName = "vmsplice";
  Fd fd;
  std::vector<PageSegment> iov;
  SpliceFlags flags;
  static void each_field(auto& self, auto&& v) {
    v.field("fd", self.fd);
    v.page_iov("iov", self.iov);
    v.field("flags", self.flags);
  }
  bool operator==(const VmspliceCall&) const = default;
};

/// No system call: the program stores bytes in memory that vmsplice() knows by a name.
struct StoreCall {
  static constexpr std::string_view kName = "store";
  std::string page;
  u32 offset = 0;
  Payload buf;
  static void each_field(auto& self, auto&& v) {
    v.field("page", self.page);
    v.field("offset", self.offset);
    v.payload("buf", self.buf);
  }
  bool operator==(const StoreCall&) const = default;
};

}  // namespace ipcsim
