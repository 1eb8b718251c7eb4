#include "tools/import/printable.hpp"

namespace ipcsim::strace {

std::string printable(std::string_view text, std::size_t most) {
  std::string shown;
  for (const char c : text.substr(0, most)) {
    shown.push_back(c >= ' ' && c <= '~' ? c : '?');
  }
  return text.size() > most ? shown + "..." : shown;
}

}  // namespace ipcsim::strace
