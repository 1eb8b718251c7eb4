#include "tools/host/host_flags.hpp"

#include <linux/fcntl.h>

#include <array>

#include "sim/kernel/constants.hpp"

namespace ipcsim::host {
namespace {

struct Pair {
  u32 trace;
  u32 host;
};

/// Those that processors disagree about. O_DIRECTORY, O_NOFOLLOW, O_DIRECT and O_LARGEFILE differ
/// on arm and powerpc.
constexpr std::array kPairs{
    Pair{kODirect, O_DIRECT},
    Pair{kOLargefile, O_LARGEFILE},
    Pair{kODirectory, O_DIRECTORY},
    Pair{kONofollow, O_NOFOLLOW},
};

u32 translate(u32 flags, u32 Pair::* from, u32 Pair::* to) {
  u32 rest = flags;
  u32 translated = 0;
  for (const Pair& pair : kPairs) {
    if ((flags & pair.*from) != 0) {
      rest &= ~(pair.*from);
      translated |= pair.*to;
    }
  }
  return rest | translated;
}

}  // namespace

u32 open_flags_to_host(u32 flags) { return translate(flags, &Pair::trace, &Pair::host); }
u32 open_flags_from_host(u32 flags) { return translate(flags, &Pair::host, &Pair::trace); }

}  // namespace ipcsim::host
