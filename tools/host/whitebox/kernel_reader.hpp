// What it takes to read the running kernel's structures.
#pragma once

#include <expected>
#include <map>
#include <memory>
#include <string>

#include "model/pipe/pipe_inode.hpp"
#include "tools/host/whitebox/layout.hpp"
#include "tools/host/whitebox/peek.hpp"

namespace ipcsim::host {

/// The program, where fields are, and the operation tables.
struct KernelReader {
  std::unique_ptr<Peek> peek;
  KernelLayout layout;
  std::map<u64, PipeBufOps> ops;
  u32 pid_level = 0;

  /// Errors (by text): what is missing or was refused: "BPF refused: BPF_PROG_LOAD: Operation not
  /// permitted", "/sys/kernel/btf/vmlinux: No such file or directory".
  [[nodiscard]] static std::expected<KernelReader, std::string> open();
  /// The calling thread's own, opened once: a tenth of a second the first time.
  [[nodiscard]] static std::expected<KernelReader*, std::string> of_this_thread();
};

}  // namespace ipcsim::host
