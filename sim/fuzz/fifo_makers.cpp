// FIFOs and other files by name.
#include <array>

#include <fmt/format.h>

#include "sim/fuzz/makers.hpp"

namespace ipcsim {
namespace {

u32 some_mode(const Scene& s) { return s.chance.one_of({0600U, 0600U, 0666U, 0400U, 0200U, 0U}); }

/// Access mode 3 asks for both and gives neither.
u32 access(const Scene& s) {
  return s.bad() ? kOAccmode : s.chance.one_of({kORdonly, kOWronly, kORdwr});
}

std::optional<Call> make_mkfifo(const Scene& s) {
  return MkfifoCall{.pathname = s.name(), .mode = some_mode(s)};
}

std::optional<Call> make_unlink(const Scene& s) { return UnlinkCall{.pathname = s.name()}; }

std::optional<Call> make_open(const Scene& s) {
  u32 flags = access(s);
  flags |= s.chance.percent(s.mood.nonblock_percent) ? kONonblock : 0;
  flags |= s.chance.one_in(12) ? kOCloexec : 0;
  if (s.bad()) {
    flags |= s.chance.one_of({kODirect, kODirectory, kONofollow, kOTrunc, kOPath, kOCreat | kOExcl,
                              kOAppend, kONoatime});
  }
  return OpenCall{.pathname = s.name(), .flags = OpenFlags{flags}};
}

std::optional<Call> make_reopen(const Scene& s) {
  u32 flags = access(s);
  flags |= s.chance.percent(s.mood.nonblock_percent) ? kONonblock : 0;
  flags |= s.chance.percent(s.mood.packet_percent) ? kODirect : 0;
  const auto fd = s.fd_where(
      [](const File& f) { return f.kind == FileKind::kPipe || f.kind == FileKind::kRegular; });
  if (!fd && !s.bad()) {
    return std::nullopt;
  }
  return OpenCall{
      .pathname = fmt::format(fmt::runtime(s.chance.one_in(3) ? "/dev/fd/{}" : "/proc/self/fd/{}"),
                              fd.value_or(s.target_fd()).v),
      .flags = OpenFlags{flags}};
}

std::optional<Call> make_open_file(const Scene& s) {
  if (s.chance.one_in(3)) {
    return OpenCall{
        .pathname = s.chance.one_of<const char*>({"/dev/null", "/dev/zero", "/dev/full"}),
        .flags = OpenFlags{access(s)}};
  }
  const u32 flags = kORdwr | kOCreat | (s.chance.one_in(6) ? kOAppend : 0) |
                    (s.chance.one_in(8) ? kOTrunc : 0) | (s.bad() ? kOExcl : 0);
  return OpenCall{.pathname = s.chance.one_in(2) ? "file" : "other",
                  .flags = OpenFlags{s.chance.one_in(6) ? access(s) : flags},
                  .mode = some_mode(s)};
}

constexpr std::array kFifoMakers{
    Maker{"mkfifo", MakerGroup::kFifo, 6, true, make_mkfifo},
    Maker{"unlink", MakerGroup::kFifo, 2, false, make_unlink},
    Maker{"open", MakerGroup::kFifo, 16, true, make_open},
    Maker{"open of a descriptor", MakerGroup::kFifo, 6, false, make_reopen},
    Maker{"open of a file", MakerGroup::kSplice, 6, true, make_open_file},
};

}  // namespace

std::span<const Maker> fifo_makers() { return kFifoMakers; }

}  // namespace ipcsim
