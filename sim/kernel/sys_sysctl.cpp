// The limits in /proc/sys/fs that concern pipes. Linux fs/pipe.c: do_proc_dopipe_max_size_conv().
#include <optional>

#include "sim/kernel/syscalls.hpp"

namespace ipcsim {
namespace {

enum class Limit : u8 { kMaxSize, kSoft, kHard };

std::optional<Limit> limit_called(std::string_view name) {
  if (name == "fs.pipe-max-size") {
    return Limit::kMaxSize;
  }
  if (name == "fs.pipe-user-pages-soft") {
    return Limit::kSoft;
  }
  return name == "fs.pipe-user-pages-hard" ? std::optional{Limit::kHard} : std::nullopt;
}

}  // namespace

// Errors, in the order tested: EACCES (writing, and the effective uid is not 0: no capability
// helps), EINVAL (a largest size over 2^31).
Section run(KernelState& k, TaskId id, const SysctlCall& call) {
  const auto limit = limit_called(call.name);
  if (!limit) {
    return Section::not_modelled("this sysctl");
  }
  const bool writes = call.value >= 0;
  if (writes && k.cred(id).uid.effective != 0) {
    return Section::failed(Errno::kEACCES);
  }
  PipeLimits& limits = k.pipe_limits;
  const u64 value = static_cast<u64>(call.value);
  switch (*limit) {
    case Limit::kMaxSize:
      if (writes) {
        const u32 rounded = round_pipe_size(value, k.pages.page_size());
        if (rounded == 0) {
          return Section::failed(Errno::kEINVAL);
        }
        limits.pipe_max_size = rounded;
      }
      return Section::returned(0, ValueOut{limits.pipe_max_size});
    case Limit::kSoft:
      limits.pipe_user_pages_soft = writes ? value : limits.pipe_user_pages_soft;
      return Section::returned(0, ValueOut{limits.pipe_user_pages_soft});
    case Limit::kHard:
      limits.pipe_user_pages_hard = writes ? value : limits.pipe_user_pages_hard;
      return Section::returned(0, ValueOut{limits.pipe_user_pages_hard});
  }
  return Section::returned(0);
}

}  // namespace ipcsim
