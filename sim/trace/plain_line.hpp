// A line of a plain read() or write(), member by member.
#pragma once

#include <string_view>

#include "model/base/payload.hpp"
#include "sim/trace/trace.hpp"

namespace ipcsim {

/// The members of such a line, each at most once.
enum PlainMember : u32 {
  kPlainTask = 1U << 0U,
  kPlainCall = 1U << 1U,
  kPlainReturn = 1U << 2U,
  kPlainFd = 1U << 3U,
  kPlainCount = 1U << 4U,
  kPlainBuf = 1U << 5U,
  kPlainRet = 1U << 6U,
  kPlainOut = 1U << 7U,
  kPlainTimeNs = 1U << 8U,
  kPlainOrigin = 1U << 9U,
};

struct PlainLine {
  u32 seen = 0;  ///< of PlainMember
  u64 task = 0;
  std::string_view call;  ///< of "call" or "return"; it lies elsewhere
  i64 fd = 0;
  u64 count = 0;
  Payload buf;
  i64 ret = 0;
  Payload out;
  i64 time_ns = 0;
  std::string_view origin;  ///< as `call`
};

/// The greatest number of a generated payload.
inline constexpr u64 kMostPattern = 250;

/// Reads a line exactly as format_trace() writes it: members in its order, no white space, strings
/// without escapes. False: it is something else, perhaps another way to write the same.
[[nodiscard]] bool read_written_line(std::string_view text, PlainLine& line);

/// Makes `event`, whatever it was, the one that the members are, if they are all that its call
/// needs and no more. Otherwise what is in it means nothing.
[[nodiscard]] bool make_event(PlainLine& line, Event& event);

}  // namespace ipcsim
