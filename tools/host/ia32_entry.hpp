// Whether this kernel takes system calls of 32-bit x86 programs.
#pragma once

namespace ipcsim::host {

/// True when a 64-bit program can make a system call through the entry of 32-bit ones. Tried once,
/// by a child: where there is none the processor refuses the instruction.
[[nodiscard]] bool has_ia32_entry();

}  // namespace ipcsim::host
