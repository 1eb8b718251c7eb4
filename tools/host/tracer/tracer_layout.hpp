// Where the tracer's programs find what they read of the kernel.
#pragma once

#include <expected>
#include <string>

#include "tools/host/whitebox/btf.hpp"

namespace ipcsim::host {

/// Offsets in bytes, from BTF.
struct TracerLayout {
  /// Errors (by text): the first field that is needed and not there.
  [[nodiscard]] static std::expected<TracerLayout, std::string> of(const Btf& btf);

  struct {
    u32 files, thread_pid, group_leader, state, exit_code, pid;
  } task{};
  struct {
    u32 level, numbers, number_size, nr;
  } pid{};
  u32 files_fdt = 0;
  u32 fdtable_max_fds = 0;
  u32 fdtable_fd = 0;
  u32 file_inode = 0;
  u32 inode_sb = 0;
  u32 sb_magic = 0;
  u32 inode_number = 0;
};

}  // namespace ipcsim::host
