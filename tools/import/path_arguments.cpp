#include "tools/import/path_arguments.hpp"

#include <array>

namespace ipcsim::strace {

PathArguments path_arguments(Conversion& c, std::size_t index, bool at_call) {
  if (at_call) {
    return {c.args.at(index), c.args.at(index + 1)};
  }
  return {nullptr, c.args.at(index)};
}

std::optional<std::string> path_of(const Conversion& c, PathArguments where) {
  if (where.path == nullptr || where.path->kind != Node::Kind::kString || where.path->cut) {
    return std::nullopt;
  }
  return c.state.path_of(c.task, where.dirfd, where.path->bytes);
}

std::span<const NamedNumber> mode_names() {
  static constexpr std::array kModes = std::to_array<NamedNumber>(
      {{"S_IFIFO", 0}, {"S_ISUID", 04000}, {"S_ISGID", 02000}, {"S_ISVTX", 01000}});
  return kModes;
}

}  // namespace ipcsim::strace
