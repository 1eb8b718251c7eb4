#include "sim/trace/payload_json.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "sim/trace/json_text.hpp"

namespace ipcsim {
namespace {

constexpr u64 kPatternPeriod = 251;
constexpr u64 kShortestPatternBytes = 64;
constexpr std::string_view kPayloadForms =
    R"(a string, {"hex":"00ff"}, {"len":N,"pattern":N}, {"len":N}, or text or hex with a longer len)";

// The pattern that `bytes` are, when they are long enough for that to be shorter.
std::optional<u8> pattern_of(std::string_view bytes) {
  if (bytes.size() < kShortestPatternBytes) {
    return std::nullopt;
  }
  const u8 first = static_cast<u8>(bytes[0]);
  for (u64 i = 0; i < bytes.size(); ++i) {
    if (static_cast<std::byte>(bytes[i]) != pattern_byte(first, i)) {
      return std::nullopt;
    }
  }
  return first;
}

void add_bytes(JsonObjectText& object, std::string_view bytes) {
  if (is_plain_text(bytes)) {
    object.string("text", bytes);
  } else {
    object.json("hex", '"' + to_hex(bytes) + '"');
  }
}

void add_pattern(JsonObjectText& object, u64 len, u8 pattern) {
  object.number("len", len).number("pattern", pattern % kPatternPeriod);
}

// The members of the payload's object form; none for no bytes.
void add_payload(JsonObjectText& object, const Payload& payload) {
  const std::string_view bytes = payload.stored_bytes();
  if (const auto pattern = payload.pattern()) {
    add_pattern(object, payload.len(), *pattern);
  } else if (!payload.known()) {
    if (!bytes.empty()) {
      add_bytes(object, bytes);
    }
    object.number("len", payload.len());
  } else if (const auto found = pattern_of(bytes)) {
    add_pattern(object, bytes.size(), *found);
  } else if (!bytes.empty()) {
    add_bytes(object, bytes);
  }
}

bool is_plain(const Payload& payload) {
  return !payload.pattern() && payload.known() && !pattern_of(payload.stored_bytes()) &&
         is_plain_text(payload.stored_bytes());
}

int hex_digit(char c) {
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : -1;
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) {
    return std::nullopt;
  }
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_digit(text[i]);
    const int low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) {
      return std::nullopt;
    }
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

// The bytes under "text" or "hex", if there are any.
std::optional<std::string> read_bytes(JsonReader& in) {
  const JsonValue* hex = in.find("hex");
  if (in.has("text")) {
    std::string bytes;
    in.need_text("text", bytes);
    if (hex != nullptr) {
      in.report(fmt::format("\"{}\" stands beside \"text\", expected one of them", in.path("hex")));
    }
    return bytes;
  }
  if (hex == nullptr) {
    return std::nullopt;
  }
  const std::string* digits = hex->string();
  std::optional<std::string> bytes = digits != nullptr ? from_hex(*digits) : std::nullopt;
  if (!bytes) {
    in.refuse("hex", *hex, "a string of hexadecimal digits, two for each byte");
  }
  return bytes;
}

// Reads what add_payload() writes. Returns whether there was any of it.
bool read_members(JsonReader& in, Payload& payload) {
  std::optional<std::string> bytes = read_bytes(in);
  const bool generated = in.has("pattern");
  u8 pattern = 0;
  in.integer("pattern", pattern, u8{0}, static_cast<u8>(kPatternPeriod - 1));
  u64 len = bytes ? bytes->size() : 0;
  const bool has_len = in.has("len");
  in.integer("len", len, u64{0}, kMostPayloadBytes);
  if (generated && bytes) {
    in.report(
        fmt::format("\"{}\" stands beside known bytes, expected one of them", in.path("pattern")));
  } else if (generated && !has_len) {
    in.report(fmt::format("\"{}\" without \"len\", expected both", in.path("pattern")));
  } else if (bytes && len < bytes->size()) {
    in.report(fmt::format("\"{}\" is {}, expected at least the {} bytes that are given",
                          in.path("len"), len, bytes->size()));
  }
  if (in.problem().found()) {
    return true;
  }
  const bool said = bytes || generated || has_len;
  if (generated) {
    payload = Payload::of_pattern(len, pattern);
  } else if (bytes && len == bytes->size()) {
    payload = Payload::of_bytes(*std::move(bytes));
  } else {
    payload = Payload::of_unknown(len, std::move(bytes).value_or(std::string{}));
  }
  return said;
}

// What an object form says beside its bytes.
struct Around {
  bool mapped = false;
  bool iov_len = false;
};

void read_segment(JsonReader& in, std::string_view key, const JsonValue& value, Around around,
                  UserSegment& segment) {
  if (const std::string* text = value.string()) {
    segment.data = Payload::of_bytes(*text);
    segment.len = segment.data.len();
    return;
  }
  auto object = in.inside(key, value, kPayloadForms);
  if (!object) {
    return;
  }
  bool any = read_members(*object, segment.data);
  segment.len = segment.data.len();
  if (around.mapped) {
    any |= object->has("mapped");
    object->integer("mapped", segment.mapped);
  }
  if (around.iov_len) {
    any |= object->has("iov_len");
    object->integer("iov_len", segment.len);
  }
  object->close();
  if (!any) {
    in.refuse(key, value, kPayloadForms);
  }
}

std::string segment_json(const UserSegment& segment, Around around) {
  const bool mapped = around.mapped && segment.mapped != UserSegment::kAllMapped;
  const bool iov_len = around.iov_len && segment.len != segment.data.len();
  if (!mapped && !iov_len && is_plain(segment.data)) {
    return json_string(segment.data.stored_bytes());
  }
  JsonObjectText object;
  add_payload(object, segment.data);
  if (iov_len) {
    object.number("iov_len", segment.len);
  }
  if (mapped) {
    object.number("mapped", segment.mapped);
  }
  return object.text();
}

}  // namespace

std::string payload_json(const Payload& payload) {
  return segment_json({payload, payload.len(), UserSegment::kAllMapped}, {});
}

void read_payload(JsonReader& in, std::string_view key, const JsonValue& value, Payload& payload) {
  UserSegment segment;
  read_segment(in, key, value, {}, segment);
  payload = std::move(segment.data);
}

std::string in_buffer_json(const UserSegment& segment) {
  return segment_json(segment, {.mapped = true});
}

void read_in_buffer(JsonReader& in, std::string_view key, const JsonValue& value,
                    UserSegment& segment) {
  read_segment(in, key, value, {.mapped = true}, segment);
}

std::string out_buffer_json(const UserSegment& segment) {
  return JsonObjectText{}.number("mapped", segment.mapped).text();
}

void read_out_buffer(JsonReader& in, std::string_view key, const JsonValue& value,
                     UserSegment& segment) {
  constexpr std::string_view kExpected =
      R"({"mapped":N}, as the kernel fills this buffer ("out" says with what))";
  if (auto object = in.inside(key, value, kExpected)) {
    object->need_integer("mapped", segment.mapped);
    object->close();
  }
}

std::string in_iovec_json(const UserSegment& segment) {
  return segment_json(segment, {.mapped = true, .iov_len = true});
}

void read_in_iovec(JsonReader& in, std::string_view key, const JsonValue& value,
                   UserSegment& segment) {
  read_segment(in, key, value, {.mapped = true, .iov_len = true}, segment);
  check_in_buffer(in, key, in.path(key) + ".iov_len", segment);
}

std::string out_iovec_json(const UserSegment& segment) {
  return JsonObjectText{}
      .number("iov_len", segment.len)
      .number_unless("mapped", segment.mapped, UserSegment::kAllMapped)
      .text();
}

void read_out_iovec(JsonReader& in, std::string_view key, const JsonValue& value,
                    UserSegment& segment) {
  if (auto object = in.inside(key, value, R"({"iov_len":N})")) {
    object->need_integer("iov_len", segment.len);
    object->integer("mapped", segment.mapped);
    object->close();
  }
}

std::string page_iovec_json(const PageSegment& segment) {
  const UserSegment& memory = segment.memory;
  if (segment.page.empty() && memory.data.len() > 0) {
    return in_iovec_json(memory);
  }
  JsonObjectText object;
  add_payload(object, memory.data);
  if (memory.len != memory.data.len() || memory.len == 0) {
    object.number("iov_len", memory.len);
  }
  object.number_unless("mapped", memory.mapped, UserSegment::kAllMapped);
  if (!segment.page.empty()) {
    object.json("page", name_json(segment.page));
    object.number_unless("offset", segment.offset, u32{0});
  }
  return object.text();
}

void read_page_iovec(JsonReader& in, std::string_view key, const JsonValue& value,
                     PageSegment& segment) {
  UserSegment& memory = segment.memory;
  if (value.string() != nullptr) {
    return read_in_iovec(in, key, value, memory);
  }
  auto object = in.inside(key, value, R"(a payload, {"iov_len":N}, or these with "page")");
  if (!object) {
    return;
  }
  const bool said = read_members(*object, memory.data);
  memory.len = memory.data.len();
  if (!said) {
    object->need_integer("iov_len", memory.len);
  } else {
    object->integer("iov_len", memory.len);
  }
  object->integer("mapped", memory.mapped);
  if (const JsonValue* page = object->find("page")) {
    read_name(*object, "page", *page, segment.page);
    object->integer("offset", segment.offset, u32{0}, kPageNameBytes - 1);
    const bool fits = memory.len <= kPageNameBytes - segment.offset;
    if (segment.page.empty() || object->has("mapped") || !fits || memory.data.len() > memory.len) {
      in.report(
          fmt::format("\"{}\" is in a page, expected a name, no \"mapped\", no more bytes "
                      "than \"iov_len\", and an end within {} bytes",
                      in.path(key), kPageNameBytes));
    }
  } else if (said) {
    check_in_buffer(in, key, in.path(key) + ".iov_len", memory);
  }
  object->close();
}

void check_in_buffer(JsonReader& in, std::string_view key, std::string_view length_key,
                     const UserSegment& segment) {
  const u64 readable = std::min(segment.len, segment.mapped);
  if (readable > segment.data.len()) {
    in.report(fmt::format(
        "\"{}\" is {}, but \"{}\" has {} bytes; expected the bytes, or \"mapped\" where they end",
        length_key, segment.len, in.path(key), segment.data.len()));
  }
}

std::string name_json(std::string_view name) {
  return is_utf8(name) ? json_string(name)
                       : JsonObjectText{}.json("hex", '"' + to_hex(name) + '"').text();
}

void read_name(JsonReader& in, std::string_view key, const JsonValue& value, std::string& name) {
  if (const std::string* text = value.string()) {
    name = *text;
  } else if (auto object = in.inside(key, value, R"(a string or {"hex":"00ff"})")) {
    std::ignore = object->need("hex", "hexadecimal digits");
    name = read_bytes(*object).value_or(std::string{});
    object->close();
  }
  if (name.find('\0') != std::string::npos) {
    in.report(fmt::format("\"{}\" contains a NUL byte, expected a name without", in.path(key)));
  }
}

}  // namespace ipcsim
