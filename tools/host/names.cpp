#include "tools/host/names.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

namespace ipcsim::host {
namespace {

constexpr std::size_t kPathMax = 4096;  // PATH_MAX, with the NUL
constexpr std::size_t kNameMax = 255;   // NAME_MAX, without it
/// A longer escaped name is replaced by a hash of it.
constexpr std::size_t kLongestPlain = 200;

std::optional<std::string> descriptor_path(std::string_view path) {
  for (const std::string_view prefix : {"/proc/self/fd/", "/dev/fd/"}) {
    if (path.starts_with(prefix)) {
      const std::string_view digits = path.substr(prefix.size());
      u32 number = 0;
      const auto [end, error] =
          std::from_chars(digits.data(), digits.data() + digits.size(), number);
      if (error == std::errc{} && end == digits.data() + digits.size() &&
          (digits.size() == 1 || digits.front() != '0')) {
        return fmt::format("/proc/self/fd/{}", number);
      }
    }
  }
  return std::nullopt;
}

u64 hash_text(std::string_view text, u64 seed) {
  u64 hash = 0xcbf2'9ce4'8422'2325U ^ seed;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100'0000'01b3U;
  }
  return hash;
}

/// Without doubled slashes and "." in the middle, which no name lookup sees.
std::string without_empty_parts(std::string_view path) {
  std::string plain = path.starts_with('/') ? "/" : "";
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, end);
    const bool last = end == path.size();
    if (last || (!part.empty() && part != ".")) {
      plain += part;
      plain += last ? "" : "/";
    }
    path.remove_prefix(last ? end : end + 1);
  }
  return plain;
}

std::string escaped(std::string_view text) {
  std::string name = "n";
  for (const char c : text) {
    if (c == '/' || c == '%') {
      name += fmt::format("%{:02x}", static_cast<unsigned>(c));
    } else {
      name += c;
    }
  }
  if (name.size() > kLongestPlain) {
    name = fmt::format("h{:016x}{:016x}", hash_text(text, 0), hash_text(text, text.size()));
  }
  return name;
}

/// The names of a path one by one, so that folders are folders. The run's folder has nothing above.
std::string relative_path(std::string_view path) {
  std::string mapped;
  i64 depth = 0;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, end);
    if (part == ".." && depth == 0) {
      mapped += '.';
    } else if (part.empty() || part == "." || part == "..") {
      depth -= part == ".." ? 1 : 0;
      mapped += part;
    } else {
      ++depth;
      mapped += part.size() > kNameMax ? std::string(kNameMax + 1, 'x') : escaped(part);
    }
    mapped += end < path.size() ? "/" : "";
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return mapped;
}

}  // namespace

std::string name_in_folder(std::string_view path) {
  path = path.substr(0, path.find('\0'));
  if (path.empty() || path.size() >= kPathMax) {
    return std::string(path);  // refused before anything is looked up
  }
  if (auto descriptor = descriptor_path(path)) {
    return *std::move(descriptor);
  }
  if (!path.starts_with('/')) {
    return relative_path(path);
  }
  std::string plain = without_empty_parts(path);
  std::string_view name = plain;
  const bool trailing_slash = name.ends_with('/');
  while (name.ends_with('/')) {
    name.remove_suffix(1);
  }
  if (name == "/dev/null" || name == "/dev/zero" || name == "/dev/full") {
    return plain;
  }
  const std::string_view last = name.substr(name.rfind('/') + 1);
  const std::string_view tail = trailing_slash ? "/" : "";
  if (last.empty() || last == ".") {
    return ".";
  }
  if (last == "..") {
    return "..";
  }
  if (last.size() > kNameMax) {
    return std::string(kNameMax + 1, 'x') + std::string(tail);
  }
  return escaped(name) + std::string(tail);
}

std::string name_in_run(std::string_view path, const std::set<std::string>& folders) {
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos || !folders.contains(std::string(path.substr(0, slash))) ||
      (std::string(path.substr(slash)) + "/").find("/../") != std::string::npos) {
    return name_in_folder(path);
  }
  return name_in_folder(path.substr(0, slash)) + std::string(path.substr(slash));
}

std::string QueueNames::unique(const std::string& name) {
  std::string text = name.substr(0, name.find('\0'));
  const bool refused = text.empty() || text == "." || text == ".." ||
                       text.find('/') != std::string::npos || text.size() > kNameMax;
  if (refused) {
    return text;
  }
  const auto [entry, added] = numbers_.emplace(text, count());
  return fmt::format("{}{}", prefix_, entry->second);
}

}  // namespace ipcsim::host
