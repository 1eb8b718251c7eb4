// Descriptors: closing, duplicating, flags.
#include <array>

#include "sim/fuzz/makers.hpp"

namespace ipcsim {
namespace {

std::optional<Call> make_close(const Scene& s) { return CloseCall{.fd = s.any_fd()}; }

std::optional<Call> make_dup(const Scene& s) {
  const Fd from = s.any_fd();
  switch (s.chance.below(6)) {
    case 0:
    case 1:
      return DupCall{.oldfd = from};
    case 2:
      return Dup2Call{.oldfd = from, .newfd = s.chance.one_in(10) ? from : s.target_fd()};
    case 3:
      return Dup3Call{.oldfd = from,
                      .newfd = s.chance.one_in(10) ? from : s.target_fd(),
                      .flags = OpenFlags{s.bad()              ? kONonblock
                                         : s.chance.one_in(2) ? kOCloexec
                                                              : 0}};
    default:
      return FcntlCall{.fd = from,
                       .cmd = FcntlCmd{s.chance.one_in(2) ? kFDupfd : kFDupfdCloexec},
                       .arg = s.bad() ? s.chance.one_of<i64>({-1, 1'000'000})
                                      : static_cast<i64>(s.chance.below(20))};
  }
}

std::optional<Call> make_setfl(const Scene& s) {
  u32 flags = s.chance.one_in(2) ? kONonblock : 0;
  flags |= s.chance.percent(s.mood.packet_percent) ? kODirect : 0;
  flags |= s.bad() ? s.chance.one_of({kOAppend, kONoatime}) : 0;
  return FcntlCall{.fd = s.any_fd(), .cmd = FcntlCmd{kFSetfl}, .arg = flags};
}

std::optional<Call> make_flags(const Scene& s) {
  const Fd fd = s.any_fd();
  switch (s.chance.below(6)) {
    case 0:
      return FcntlCall{.fd = fd, .cmd = FcntlCmd{kFGetfl}};
    case 1:
      return FcntlCall{.fd = fd, .cmd = FcntlCmd{kFGetfd}};
    case 2:
      return FcntlCall{
          .fd = fd, .cmd = FcntlCmd{kFSetfd}, .arg = s.chance.one_in(2) ? kFdCloexec : 0};
    case 3:
      return IoctlCall{.fd = fd,
                       .request = IoctlRequest{s.chance.one_in(2) ? kFioclex : kFionclex}};
    default:
      return IoctlCall{.fd = fd,
                       .request = IoctlRequest{kFionbio},
                       .arg = s.bad() ? OutPtr::kBad : OutPtr::kValid,
                       .value = s.chance.one_in(2) ? 1 : 0};
  }
}

constexpr std::array kDescriptorMakers{
    Maker{"close", MakerGroup::kDescriptor, 14, false, make_close},
    Maker{"dup", MakerGroup::kDescriptor, 8, false, make_dup},
    Maker{"F_SETFL", MakerGroup::kDescriptor, 6, false, make_setfl},
    Maker{"descriptor flags", MakerGroup::kDescriptor, 4, false, make_flags},
};

}  // namespace

std::span<const Maker> descriptor_makers() { return kDescriptorMakers; }

}  // namespace ipcsim
