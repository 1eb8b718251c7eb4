// Resource limits of the calling process.
#pragma once

#include <asm/resource.h>
#include <asm/unistd.h>

#include "tools/host/agent/raw_syscall.hpp"

namespace ipcsim::host {

/// `struct rlimit64`.
struct Rlimit {
  u64 soft = 0;
  u64 hard = 0;
};

/// These return 0 or a negated error number.
inline i64 get_limit(u64 resource, Rlimit& limit) {
  return raw_call(__NR_prlimit64, 0, resource, nullptr, &limit);
}
inline i64 set_limit(u64 resource, const Rlimit& limit) {
  return raw_call(__NR_prlimit64, 0, resource, &limit, nullptr);
}
/// Sets the soft value and leaves the hard one.
inline i64 set_soft_limit(u64 resource, u64 soft) {
  Rlimit limit;
  const i64 result = get_limit(resource, limit);
  return result < 0 ? result : set_limit(resource, {soft, limit.hard});
}

/// Lets the process have as many descriptors as it may ever have, for as long as this exists.
class MoreDescriptors {
 public:
  MoreDescriptors() {
    get_limit(RLIMIT_NOFILE, limit_);
    set_limit(RLIMIT_NOFILE, {limit_.hard, limit_.hard});
  }
  MoreDescriptors(const MoreDescriptors&) = delete;
  MoreDescriptors& operator=(const MoreDescriptors&) = delete;
  ~MoreDescriptors() { set_limit(RLIMIT_NOFILE, limit_); }

 private:
  Rlimit limit_;
};

}  // namespace ipcsim::host
