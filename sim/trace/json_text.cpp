#include "sim/trace/json_text.hpp"

#include <array>
#include <cstddef>
#include <iterator>
#include <utility>

namespace ipcsim {
namespace {

struct Character {
  u32 code = 0;
  std::size_t size = 0;  // in bytes; 0: these bytes are no character
};

// The character that starts at `text[0]`. Overlong forms, surrogates and codes past U+10FFFF are
// none.
Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<u8>(text[i]); };
  const u8 lead = byte(0);
  if (lead < 0x80) {
    return {lead, 1};
  }
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) {
    return {};
  }
  u32 code = lead & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) {
      return {};
    }
    code = code << 6U | (byte(i) & 0x3fU);
  }
  constexpr std::array<u32, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  if (code < kLeast[size] || code > 0x10ffff || surrogate) {
    return {};
  }
  return {code, size};
}

// False for control characters and for what a reader cannot see or what turns the text around.
bool is_printable(u32 code) {
  constexpr std::array<std::pair<u32, u32>, 7> kHidden{{{0x00, 0x1f},
                                                        {0x7f, 0x9f},
                                                        {0x200b, 0x200f},
                                                        {0x2028, 0x202e},
                                                        {0x2060, 0x206f},
                                                        {0xfeff, 0xfeff},
                                                        {0xfff0, 0xffff}}};
  for (const auto& [first, last] : kHidden) {
    if (code >= first && code <= last) {
      return false;
    }
  }
  return true;
}

void append_escaped(std::string& out, u32 code) {
  switch (code) {
    case '\n':
      out += "\\n";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\r':
      out += "\\r";
      return;
    default:
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", code);
  }
}

}  // namespace

bool is_plain_text(std::string_view bytes) {
  while (!bytes.empty()) {
    const Character c = first_character(bytes);
    if (c.size == 0 || (!is_printable(c.code) && c.code != '\n' && c.code != '\t')) {
      return false;
    }
    bytes.remove_prefix(c.size);
  }
  return true;
}

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const Character c = first_character(bytes);
    if (c.size == 0) {
      return false;
    }
    bytes.remove_prefix(c.size);
  }
  return true;
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const Character c = first_character(text);
    if (c.size == 0) {
      out += "\xef\xbf\xbd";
      text.remove_prefix(1);
      continue;
    }
    if (c.code == '"' || c.code == '\\') {
      out += '\\';
      out += static_cast<char>(c.code);
    } else if (is_printable(c.code)) {
      out += text.substr(0, c.size);
    } else {
      append_escaped(out, c.code);
    }
    text.remove_prefix(c.size);
  }
  return out + '"';
}

std::string json_list(const std::vector<std::string>& items) {
  return fmt::format("[{}]", fmt::join(items, ","));
}

std::string quoted(std::string_view text) {
  constexpr std::size_t kMost = 48;
  if (text.size() <= kMost) {
    return json_string(text);
  }
  std::size_t end = kMost;
  while (end > 0 && (static_cast<u8>(text[end]) & 0xc0U) == 0x80) {
    --end;  // not inside a character
  }
  return json_string(text.substr(0, end)) + "...";
}

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const char c : bytes) {
    const u8 b = static_cast<u8>(c);
    text += kDigits[b >> 4U];
    text += kDigits[b & 0xfU];
  }
  return text;
}

JsonObjectText& JsonObjectText::json(std::string_view key, std::string_view json) {
  if (!text_.empty()) {
    text_ += ',';
  }
  text_ += '"';
  text_ += key;
  text_ += "\":";
  text_ += json;
  return *this;
}

}  // namespace ipcsim
