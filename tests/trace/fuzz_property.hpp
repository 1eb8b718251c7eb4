// What holds of every text, whoever wrote it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ipcsim {

/// Reads `text` as a trace. If it is one, what is written for it must read back as an equal trace
/// and be written the same again. Returns what is wrong, or nothing.
std::optional<std::string> fuzz_fault(std::string_view text);

}  // namespace ipcsim
