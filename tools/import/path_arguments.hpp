// Which file the arguments of a call name.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "tools/import/conversion.hpp"

namespace ipcsim::strace {

/// The arguments of a call that hold a directory's descriptor and a path.
struct PathArguments {
  const Node* dirfd = nullptr;  ///< null: a call that has none
  const Node* path = nullptr;
};

/// Those from the `index`th on. `at_call`: a descriptor comes first.
[[nodiscard]] PathArguments path_arguments(Conversion& c, std::size_t index, bool at_call);

/// The absolute path that the arguments mean; nothing when they are no whole string.
[[nodiscard]] std::optional<std::string> path_of(const Conversion& c, PathArguments where);

/// S_IFIFO and the bits of a mode that have names.
[[nodiscard]] std::span<const NamedNumber> mode_names();

}  // namespace ipcsim::strace
