// What else can be done to files, names and descriptors.
#include <array>

#include "sim/fuzz/makers.hpp"

namespace ipcsim {
namespace {

constexpr i64 kMostPlace = 20'000;

i64 some_place(const Scene& s) {
  return s.bad() ? s.chance.one_of<i64>({-1, -5}) : static_cast<i64>(s.chance.below(kMostPlace));
}

std::optional<Call> make_lseek(const Scene& s) {
  return LseekCall{.fd = s.any_fd(),
                   .offset = some_place(s),
                   .whence = Whence{s.bad() ? 9U
                                            : s.chance.one_of({kSeekSet, kSeekSet, kSeekCur,
                                                               kSeekEnd, kSeekData, kSeekHole})}};
}

std::optional<Call> make_ftruncate(const Scene& s) {
  return FtruncateCall{.fd = s.any_fd(), .length = some_place(s)};
}

/// Calls that pipes and queues refuse.
std::optional<Call> make_refused(const Scene& s) {
  const Fd fd = s.any_fd();
  switch (s.chance.below(9)) {
    case 0:
      return FsyncCall{.fd = fd};
    case 1:
      return FdatasyncCall{.fd = fd};
    case 2:
      return FallocateCall{.fd = fd, .offset = some_place(s), .len = some_place(s)};
    case 3:
      return Fadvise64Call{
          .fd = fd, .offset = some_place(s), .len = 0, .advice = s.chance.one_in(3) ? 99 : 0};
    case 4:
      return ReadaheadCall{.fd = fd, .offset = 0, .count = 4096};
    case 5:
      return SyncFileRangeCall{.fd = fd, .offset = 0, .nbytes = 4096, .flags = 0};
    case 6:
      return CopyFileRangeCall{.fd_in = fd, .fd_out = s.any_fd(), .len = 100, .flags = 0};
    case 7:
      return MmapCall{.fd = fd,
                      .length = s.chance.one_in(4) ? 0 : 4096,
                      .prot = MapProt{kProtRead},
                      .flags = MapFlags{kMapPrivate}};
    default:
      return FlockCall{
          .fd = fd,
          .operation = LockOperation{kLockNb | s.chance.one_of({kLockSh, kLockEx, kLockUn})}};
  }
}

std::optional<Call> make_names(const Scene& s) {
  switch (s.chance.below(8)) {
    case 0:
      return RenameCall{.oldpath = s.name(), .newpath = s.name()};
    case 1:
      return LinkCall{.oldpath = s.name(), .newpath = s.name()};
    case 2:
      return MkdirCall{.pathname = s.name(), .mode = 0777};
    case 3:
      return RmdirCall{.pathname = s.name()};
    case 4:
      return ChmodCall{.pathname = s.name(), .mode = s.chance.one_of({0600U, 0200U, 0400U, 0U})};
    case 5:
      return FchmodCall{.fd = s.any_fd(), .mode = s.chance.one_of({0600U, 0200U, 0400U, 0U})};
    case 6:
      return UmaskCall{.mask = s.chance.one_of({0U, 022U, 0777U})};
    default:
      return MknodCall{.pathname = s.name(), .mode = 0010600};
  }
}

std::optional<Call> make_close_range(const Scene& s) {
  const u32 first = s.chance.below32(10);
  const u32 last = s.bad() ? s.chance.one_of({0U, 0xffff'ffffU}) : first + s.chance.below32(2);
  return CloseRangeCall{
      .first = first,
      .last = last,
      .flags = CloseRangeFlags{s.chance.one_of({0U, kCloseRangeCloexec, kCloseRangeUnshare})}};
}

constexpr std::array kVfsMakers{
    Maker{"lseek", MakerGroup::kSplice, 4, false, make_lseek},
    Maker{"ftruncate", MakerGroup::kSplice, 4, false, make_ftruncate},
    Maker{"refused calls", MakerGroup::kVfs, 4, false, make_refused},
    Maker{"names", MakerGroup::kVfs, 6, false, make_names},
    Maker{"close_range", MakerGroup::kVfs, 1, false, make_close_range},
};

}  // namespace

std::span<const Maker> vfs_makers() { return kVfsMakers; }

}  // namespace ipcsim
