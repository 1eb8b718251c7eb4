// Text of a log as it may be shown or written down.
#pragma once

#include <string>
#include <string_view>

namespace ipcsim::strace {

/// At most `most` bytes of `text`, each that is no printable ASCII as '?'; "..." marks a cut.
[[nodiscard]] std::string printable(std::string_view text, std::size_t most);

}  // namespace ipcsim::strace
