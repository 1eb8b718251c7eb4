#include "tests/trace/fuzz_property.hpp"

#include "sim/trace/trace.hpp"

namespace ipcsim {
namespace {

// To compare payloads of gigabytes takes minutes; their text says the same.
bool has_huge_payload(std::string_view text) {
  constexpr std::string_view kKey = "\"len\":";
  constexpr std::size_t kManyDigits = 8;
  for (std::size_t at = text.find(kKey); at != text.npos; at = text.find(kKey, at + 1)) {
    const std::size_t digits = at + kKey.size();
    const std::size_t end = text.find_first_not_of("0123456789", digits);
    if (end != text.npos && end - digits >= kManyDigits) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::optional<std::string> fuzz_fault(std::string_view text) {
  const auto trace = parse_trace(text, "fuzz");
  if (!trace) {
    return trace.error().message.empty() ? std::optional<std::string>("an empty message")
                                         : std::nullopt;
  }
  const std::string written = format_trace(*trace);
  const auto again = parse_trace(written, "fuzz");
  if (!again) {
    return "what was written is refused: " + again.error().text() + "\n" + written;
  }
  if (const std::string twice = format_trace(*again); twice != written) {
    return "what was written is read and written as something else:\n" + written + twice;
  }
  if (!has_huge_payload(written) && *again != *trace) {
    return "what was written is read as another trace:\n" + written;
  }
  return std::nullopt;
}

}  // namespace ipcsim
