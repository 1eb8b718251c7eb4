// Pipes: making them, and moving bytes through them.
#include <array>
#include <limits>

#include "sim/fuzz/makers.hpp"

namespace ipcsim {
namespace {

constexpr u32 kMostPipes = 6;

u32 status_flags(const Scene& s) {
  return (s.chance.percent(s.mood.nonblock_percent) ? kONonblock : 0) |
         (s.chance.percent(s.mood.packet_percent) ? kODirect : 0);
}

std::optional<Call> make_pipe2(const Scene& s) {
  if (s.k.pipes.size() >= kMostPipes && !s.chance.one_in(10)) {
    return std::nullopt;
  }
  Pipe2Call call{.flags = OpenFlags{status_flags(s)}};
  call.flags.v |= s.chance.one_in(8) ? kOCloexec : 0;
  if (s.bad()) {
    call.pipefd = s.chance.one_of({OutPtr::kBad, OutPtr::kNull});
  } else if (s.bad()) {
    call.flags.v |= s.chance.one_of({kOAppend, kOCreat, 1U});
  }
  return call;
}

/// A buffer, or two to four of them, with as many bytes together.
std::vector<UserSegment> parts(const Scene& s, u64 len, bool filled) {
  std::vector<UserSegment> iov;
  for (u64 left = s.chance.between(0, 3); left > 0; --left) {
    const u64 part = s.chance.one_in(6) ? 0 : s.chance.below(len + 1);
    iov.push_back(filled ? s.bytes(part) : s.room(part));
    len -= part;
  }
  iov.push_back(filled ? s.bytes(len) : s.room(len));
  return iov;
}

RwFlags some_rw_flags(const Scene& s, bool writes) {
  if (s.bad()) {
    return RwFlags{s.chance.one_of({kRwfHipri, kRwfDsync, kRwfSync, kRwfAppend, kRwfNoappend,
                                    kRwfAtomic, kRwfDontcache, 0x4000U})};
  }
  return RwFlags{(s.chance.one_in(2) ? kRwfNowait : 0) |
                 (writes && s.chance.one_in(3) ? kRwfNosignal : 0)};
}

/// What write() would write, for any way of writing; nothing where there is no end to write to.
struct Transfer {
  Fd fd;
  u64 len;
};
std::optional<Transfer> a_write(const Scene& s) {
  const auto fd = s.write_end();
  if (!fd) {
    return std::nullopt;
  }
  const PipeInode* pipe = s.pipe_of(*fd);
  return Transfer{*fd, pipe == nullptr ? s.chance.below(100) : s.len_to_write(*pipe)};
}
std::optional<Transfer> a_read(const Scene& s) {
  const auto fd = s.read_end();
  if (!fd) {
    return std::nullopt;
  }
  const PipeInode* pipe = s.pipe_of(*fd);
  return Transfer{*fd, pipe == nullptr ? s.chance.below(100) : s.len_to_read(*pipe)};
}

std::optional<Call> make_write(const Scene& s) {
  const auto t = a_write(s);
  if (!t) {
    return std::nullopt;
  }
  if (s.chance.one_in(400)) {
    return WriteCall{.fd = t->fd, .buf = {.data = {}, .len = u64{1} << 63U, .mapped = 0}};
  }
  return WriteCall{.fd = t->fd, .buf = s.bytes(t->len)};
}

std::optional<Call> make_read(const Scene& s) {
  const auto t = a_read(s);
  if (!t) {
    return std::nullopt;
  }
  if (s.chance.one_in(400)) {
    return ReadCall{.fd = t->fd, .buf = {.data = {}, .len = u64{1} << 63U, .mapped = 0}};
  }
  return ReadCall{.fd = t->fd, .buf = s.room(t->len)};
}

std::optional<Call> make_writev(const Scene& s) {
  const auto t = a_write(s);
  return t ? std::optional<Call>(WritevCall{.fd = t->fd, .iov = parts(s, t->len, true)})
           : std::nullopt;
}

std::optional<Call> make_readv(const Scene& s) {
  const auto t = a_read(s);
  return t ? std::optional<Call>(ReadvCall{.fd = t->fd, .iov = parts(s, t->len, false)})
           : std::nullopt;
}

std::optional<Call> make_pwritev2(const Scene& s) {
  const auto t = a_write(s);
  if (!t) {
    return std::nullopt;
  }
  return Pwritev2Call{.fd = t->fd,
                      .iov = parts(s, t->len, true),
                      .offset = s.bad() ? s.chance.one_of<i64>({0, 5}) : -1,
                      .flags = some_rw_flags(s, true)};
}

std::optional<Call> make_preadv2(const Scene& s) {
  const auto t = a_read(s);
  if (!t) {
    return std::nullopt;
  }
  return Preadv2Call{.fd = t->fd,
                     .iov = parts(s, t->len, false),
                     .offset = s.bad() ? s.chance.one_of<i64>({0, 5}) : -1,
                     .flags = some_rw_flags(s, false)};
}

/// A pipe has no places: all of these fail, and files have them.
std::optional<Call> make_transfer_at_place(const Scene& s) {
  const Fd fd = s.any_fd();
  if (s.queue_of(fd) != nullptr) {
    return std::nullopt;  // see Scene::read_end()
  }
  const i64 offset = s.chance.one_in(10) ? -1 : static_cast<i64>(s.chance.below(10'000));
  const u64 len = s.chance.below(9'000);
  switch (s.chance.below(4)) {
    case 0:
      return Pread64Call{.fd = fd, .buf = s.room(len), .offset = offset};
    case 1:
      return Pwrite64Call{.fd = fd, .buf = s.bytes(len), .offset = offset};
    case 2:
      return PreadvCall{.fd = fd, .iov = parts(s, len, false), .offset = offset};
    default:
      return PwritevCall{.fd = fd, .iov = parts(s, len, true), .offset = offset};
  }
}

std::optional<Call> make_set_size(const Scene& s) {
  const auto fd = s.chance.one_in(2) ? s.read_end() : s.write_end();
  if (!fd) {
    return std::nullopt;
  }
  i64 size = static_cast<i64>(s.page_size()) * (s.chance.percent(s.mood.small_ring_percent)
                                                    ? s.chance.one_of<i64>({1, 2, 4})
                                                    : s.chance.one_of<i64>({3, 8, 16, 32}));
  size += s.chance.one_in(5) ? static_cast<i64>(s.chance.below(3)) - 1 : 0;
  if (s.bad()) {
    size = s.chance.one_of<i64>({0, -1, 1, 1'048'576, 1'048'577, i64{1} << 31U, (i64{1} << 31U) + 1,
                                 std::numeric_limits<i64>::max()});
  }
  return FcntlCall{.fd = *fd, .cmd = FcntlCmd{kFSetpipeSz}, .arg = size};
}

std::optional<Call> make_get_size(const Scene& s) {
  return FcntlCall{.fd = s.any_fd(), .cmd = FcntlCmd{kFGetpipeSz}};
}

std::optional<Call> make_fionread(const Scene& s) {
  IoctlCall call{.fd = s.read_end().value_or(s.any_fd()), .request = IoctlRequest{kFionread}};
  if (s.bad()) {
    call.arg = s.chance.one_of({OutPtr::kBad, OutPtr::kNull});
  }
  return call;
}

constexpr std::array kPipeMakers{
    Maker{"pipe2", MakerGroup::kPipe, 14, true, make_pipe2},
    Maker{"write", MakerGroup::kPipe, 60, true, make_write},
    Maker{"read", MakerGroup::kPipe, 60, true, make_read},
    Maker{"writev", MakerGroup::kPipe, 15, false, make_writev},
    Maker{"readv", MakerGroup::kPipe, 15, false, make_readv},
    Maker{"pwritev2", MakerGroup::kPipe, 10, false, make_pwritev2},
    Maker{"preadv2", MakerGroup::kPipe, 10, false, make_preadv2},
    Maker{"transfer at a place", MakerGroup::kPipe, 3, false, make_transfer_at_place},
    Maker{"F_SETPIPE_SZ", MakerGroup::kPipe, 16, false, make_set_size},
    Maker{"F_GETPIPE_SZ", MakerGroup::kPipe, 3, false, make_get_size},
    Maker{"FIONREAD", MakerGroup::kPipe, 8, false, make_fionread},
};

}  // namespace

std::span<const Maker> pipe_makers() { return kPipeMakers; }

}  // namespace ipcsim
