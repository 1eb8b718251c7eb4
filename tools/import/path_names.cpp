#include "tools/import/path_names.hpp"

#include <charconv>
#include <vector>

#include <fmt/format.h>
#include <range/v3/algorithm/any_of.hpp>

#include "tools/import/printable.hpp"

namespace ipcsim::strace {
namespace {

constexpr std::size_t kMostNameBytes = 100;

std::string_view last_part(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::optional<i64> whole_number(std::string_view text) {
  i64 value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole && value >= 0 && value <= 0x7fffffff ? std::optional{value} : std::nullopt;
}

}  // namespace

std::string absolute_path(std::string_view base, std::string_view path) {
  const std::string whole =
      path.starts_with('/') ? std::string(path) : fmt::format("{}/{}", base, path);
  const bool absolute = whole.starts_with('/');
  std::vector<std::string_view> parts;
  std::string_view rest = whole;
  while (!rest.empty()) {
    const std::string_view part = rest.substr(0, rest.find('/'));
    rest.remove_prefix(part.size() == rest.size() ? rest.size() : part.size() + 1);
    if (part.empty() || part == ".") {
      continue;
    }
    const bool can_go_up = !parts.empty() && parts.back() != "..";
    if (part == ".." && (can_go_up || absolute)) {
      if (can_go_up) {
        parts.pop_back();
      }
      continue;
    }
    parts.push_back(part);
  }
  return fmt::format("{}{}", absolute ? "/" : "", fmt::join(parts, "/"));
}

std::optional<FdPath> fd_path(std::string_view path) {
  if (path == "/dev/stdin" || path == "/dev/stdout" || path == "/dev/stderr") {
    return FdPath{{}, path == "/dev/stdin" ? 0 : path == "/dev/stdout" ? 1 : 2};
  }
  FdPath result;
  constexpr std::string_view kProc = "/proc/";
  constexpr std::string_view kFd = "/fd/";
  if (path.starts_with("/dev/fd/")) {
    path.remove_prefix(std::string_view("/dev/fd/").size());
  } else if (path.starts_with(kProc)) {
    const std::size_t at = path.find(kFd);
    if (at == std::string_view::npos) {
      return std::nullopt;
    }
    const std::string_view who = path.substr(kProc.size(), at - kProc.size());
    result.pid = whole_number(who);
    if (!result.pid && who != "self" && who != "thread-self") {
      return std::nullopt;
    }
    path.remove_prefix(at + kFd.size());
  } else {
    return std::nullopt;
  }
  const auto fd = whole_number(path);
  if (!fd) {
    return std::nullopt;
  }
  result.fd = static_cast<i32>(*fd);
  return result;
}

bool FifoNames::is_fifo(const std::string& path) const {
  const auto found = names_.find(path);
  return found != names_.end() && found->second.exists;
}

const std::string& FifoNames::name(const std::string& path) const { return names_.at(path).name; }

bool FifoNames::has_other_name(const std::string& path) const {
  return ranges::any_of(names_, [&](const auto& entry) {
    return entry.second.exists && entry.first != path && entry.second.name == name(path);
  });
}

std::string FifoNames::new_name(const std::string& path) const {
  const std::string base = printable(last_part(path), kMostNameBytes);
  const auto before = names_.find(path);
  std::string name = before == names_.end() ? base : before->second.name;
  // A name stays its path's, so that two paths with one last part are told apart for good.
  const auto taken = [&](const std::string& candidate) {
    return ranges::any_of(names_, [&](const auto& entry) {
      return entry.second.name == candidate && (entry.first != path || entry.second.exists);
    });
  };
  for (u32 number = 2; taken(name); ++number) {
    name = fmt::format("{}~{}", base, number);
  }
  return name;
}

bool FifoNames::may_be_fifo(const std::string& path) const {
  const auto unlike = [](std::string_view a, std::string_view b) {
    return a.starts_with('/') == b.starts_with('/');
  };
  return ranges::any_of(names_, [&](const auto& entry) {
    return entry.second.exists && !unlike(entry.first, path) &&
           last_part(entry.first) == last_part(path);
  });
}

void FifoNames::made(const std::string& path) {
  std::string name = new_name(path);
  names_[path] = {std::move(name), true};
}

void FifoNames::linked(const std::string& from, const std::string& to) {
  if (is_fifo(from)) {
    names_[to] = {name(from), true};
  }
}

void FifoNames::renamed(const std::string& from, const std::string& to) {
  if (is_fifo(from)) {
    names_[to] = {name(from), true};
    names_[from].exists = false;
  } else if (is_fifo(to)) {
    names_[to].exists = false;  // another file is there now
  }
}

}  // namespace ipcsim::strace
