#include "tools/host/tracer/struct_text.hpp"

#include <bit>

#include <fmt/format.h>

namespace ipcsim::host {
namespace {

/// "\\0", or "\\000" where a digit follows.
void append_octal(std::string& text, u8 byte, bool whole) {
  text += '\\';
  if (whole || byte >= 0100) {
    text += static_cast<char>('0' + (byte >> 6U));
  }
  if (whole || byte >= 010) {
    text += static_cast<char>('0' + (byte >> 3U & 7U));
  }
  text += static_cast<char>('0' + (byte & 7U));
}

}  // namespace

std::string hex(u64 value) { return value == 0 ? "0" : fmt::format("{:#x}", value); }
std::string address(i64 value) {
  return value == 0 ? "NULL" : fmt::format("{:#x}", static_cast<u64>(value));
}
std::string octal(u64 value) { return value == 0 ? "0" : fmt::format("0{:o}", value); }

/// Names for the bits that have one, a number for the others.
std::string flag_names(u64 value, std::span<const NamedNumber> names) {
  std::string text;
  for (const NamedNumber& row : names) {
    if (row.number != 0 && (value & row.number) == row.number) {
      text += fmt::format("{}{}", text.empty() ? "" : "|", row.name);
      value &= ~row.number;
    }
  }
  if (value != 0 || text.empty()) {
    text += fmt::format("{}{}", text.empty() ? "" : "|", hex(value));
  }
  return text;
}

std::string one_of(u64 value, std::span<const NamedNumber> names) {
  const auto name = name_of(names, value);
  return name ? std::string(*name) : hex(value);
}

/// The numbers of a set's bits, from `first` on for bit 0: "[2 15]".
std::string set_text(Bytes bytes, u64 first) {
  std::string text = "[";
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    if ((static_cast<u8>(bytes[bit / 8]) >> (bit % 8) & 1U) != 0) {
      text += fmt::format("{}{}", text.size() == 1 ? "" : " ", bit + first);
    }
  }
  return text + "]";
}

/// A set of signals: "[2 15]", or what it lacks, "~[9 19]".
std::string signals_text(Bytes bytes) {
  const u64 set = get<u64>(bytes, 0);
  constexpr int kMany = 32;
  if (std::popcount(set) <= kMany) {
    return set_text(bytes, 1);
  }
  const u64 lacking = ~set;
  return "~" + set_text(std::as_bytes(std::span{&lacking, 1}), 1);
}

std::string attr_text(Bytes b) {
  return fmt::format("{{mq_flags={}, mq_maxmsg={}, mq_msgsize={}, mq_curmsgs={}}}",
                     flag_names(get<u64>(b, 0), open_flag_names()), get<i64>(b, 8), get<i64>(b, 16),
                     get<i64>(b, 24));
}

std::string event_text(Bytes b) {
  return fmt::format("{{events={}, data={{u32={}, u64={}}}}}", hex(get<u32>(b, 0)), get<u32>(b, 4),
                     get<u64>(b, 4));
}

std::string sigevent_text(Bytes b) {
  return fmt::format(
      "{{sigev_value={{sival_int={}, sival_ptr={}}}, sigev_signo={}, sigev_notify={}}}",
      get<i32>(b, 0), address(get<i64>(b, 0)), get<i32>(b, 8),
      one_of(get<u32>(b, 12), sigev_names()));
}

/// The descriptors that control messages pass.
std::string control_text(Bytes b) {
  constexpr std::size_t kHead = 16;  // cmsg_len, cmsg_level, cmsg_type
  std::string text = "[";
  for (std::size_t at = 0; at + kHead <= b.size();) {
    const u64 len = get<u64>(b, at);
    if (len < kHead || len > b.size() - at) {
      break;
    }
    text += fmt::format("{}{{cmsg_len={}, cmsg_level={}, cmsg_type={}, cmsg_data=[",
                        text.size() == 1 ? "" : ", ", len, hex(get<u32>(b, at + 8)),
                        hex(get<u32>(b, at + 12)));
    for (std::size_t fd = at + kHead; fd + 4 <= at + len; fd += 4) {
      text += fmt::format("{}{}", fd == at + kHead ? "" : ", ", get<i32>(b, fd));
    }
    text += "]}";
    at += (len + 7) & ~u64{7};
  }
  return text + "]";
}

/// Names that the importer looks for in the flags of clone() and unshare().
std::string clone_text(u64 flags) {
  constexpr u64 kNewipc = 0x08000000;
  const std::string rest = hex(flags & ~kNewipc);
  return (flags & kNewipc) != 0 ? "CLONE_NEWIPC|" + rest : rest;
}

std::string quoted(Bytes bytes) {
  std::string text;
  text.reserve(bytes.size() + 2);
  text += '"';
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const char c = static_cast<char>(bytes[i]);
    const char next = i + 1 < bytes.size() ? static_cast<char>(bytes[i + 1]) : ' ';
    if (c == '"' || c == '\\') {
      text += '\\';
      text += c;
    } else if (c == '\n') {
      text += "\\n";
    } else if (c >= ' ' && c <= '~') {
      text += c;
    } else {
      append_octal(text, static_cast<u8>(c), next >= '0' && next <= '9');
    }
  }
  return text += '"';
}

}  // namespace ipcsim::host
