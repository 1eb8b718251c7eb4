#include "tools/host/tracer/tracer_layout.hpp"

#include <optional>

#include <fmt/format.h>

namespace ipcsim::host {

std::expected<TracerLayout, std::string> TracerLayout::of(const Btf& btf) {
  std::optional<std::string> missing;
  const auto at = [&](std::string_view structure, std::string_view path) {
    const auto field = btf.field(structure, path);
    if (!field && !missing) {
      missing = fmt::format("struct {} has no {}", structure, path);
    }
    return field.value_or(BtfField{}).offset;
  };
  // The state's name had no underscores before 5.14.
  const bool old_state = !btf.field("task_struct", "__state").has_value();
  TracerLayout l;
  l.task = {.files = at("task_struct", "files"),
            .thread_pid = at("task_struct", "thread_pid"),
            .group_leader = at("task_struct", "group_leader"),
            .state = at("task_struct", old_state ? "state" : "__state"),
            .exit_code = at("task_struct", "exit_code"),
            .pid = at("task_struct", "pid")};
  l.pid = {.level = at("pid", "level"),
           .numbers = at("pid", "numbers"),
           .number_size = btf.size_of("upid").value_or(0),
           .nr = at("upid", "nr")};
  l.files_fdt = at("files_struct", "fdt");
  l.fdtable_max_fds = at("fdtable", "max_fds");
  l.fdtable_fd = at("fdtable", "fd");
  l.file_inode = at("file", "f_inode");
  l.inode_sb = at("inode", "i_sb");
  l.sb_magic = at("super_block", "s_magic");
  l.inode_number = at("inode", "i_ino");
  if (missing) {
    return std::unexpected(*missing);
  }
  return l;
}

}  // namespace ipcsim::host
