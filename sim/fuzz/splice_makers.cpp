// Moving slots and pages: splice(), tee(), sendfile(), vmsplice(), and what files do with bytes.
#include <array>

#include "sim/fuzz/makers.hpp"

namespace ipcsim {
namespace {

constexpr u64 kMostFileBytes = 60'000;

SpliceFlags some_flags(const Scene& s) {
  u32 flags = s.chance.percent(s.mood.nonblock_percent) ? kSpliceNonblock : 0;
  flags |= s.chance.one_in(8) ? s.chance.one_of({kSpliceMove, kSpliceMore, kSpliceGift}) : 0;
  flags |= s.bad() ? 0x10U : 0;
  return SpliceFlags{flags};
}

std::optional<Fd> file_fd(const Scene& s) {
  return s.fd_where(
      [](const File& f) { return f.kind == FileKind::kRegular || f.kind == FileKind::kDevice; });
}

UserPtr<i64> some_offset(const Scene& s, bool of_file) {
  if (s.bad()) {
    return s.chance.one_in(2) ? UserPtr<i64>::bad() : UserPtr<i64>::of(-1);
  }
  return (of_file && s.chance.one_in(3))
             ? UserPtr<i64>::of(static_cast<i64>(s.chance.below(12'000)))
             : UserPtr<i64>{};
}

u64 some_len(const Scene& s, Fd from) {
  const PipeInode* pipe = s.pipe_of(from);
  if (s.bad()) {
    return s.chance.one_of({u64{0}, u64{1} << 63U, (u64{1} << 63U) - 1});
  }
  return pipe != nullptr ? s.len_to_read(*pipe) : s.chance.between(1, kMostFileBytes);
}

std::optional<Call> make_splice(const Scene& s) {
  const auto in = s.read_end();
  const auto out = s.write_end();
  if (!in || !out) {
    return std::nullopt;
  }
  const SpliceCall call{.fd_in = *in,
                        .off_in = some_offset(s, false),
                        .fd_out = *out,
                        .off_out = some_offset(s, false),
                        .len = some_len(s, *in),
                        .flags = some_flags(s)};
  return call;
}

std::optional<Call> make_splice_with_file(const Scene& s) {
  const auto file = file_fd(s);
  const bool into_pipe = s.chance.one_in(2);
  const auto pipe = into_pipe ? s.write_end() : s.read_end();
  if (!file || !pipe) {
    return std::nullopt;
  }
  SpliceCall call{.fd_in = into_pipe ? *file : *pipe,
                  .off_in = some_offset(s, into_pipe),
                  .fd_out = into_pipe ? *pipe : *file,
                  .off_out = some_offset(s, !into_pipe),
                  .flags = some_flags(s)};
  call.len = some_len(s, call.fd_in);
  return call;
}

std::optional<Call> make_tee(const Scene& s) {
  const auto in = s.read_end();
  const auto out = s.write_end();
  if (!in || !out) {
    return std::nullopt;
  }
  return TeeCall{.fd_in = *in, .fd_out = *out, .len = some_len(s, *in), .flags = some_flags(s)};
}

std::optional<Call> make_sendfile(const Scene& s) {
  const auto in = file_fd(s);
  const auto out = s.chance.one_in(4) ? file_fd(s) : s.write_end();
  if (!out || !in) {
    return std::nullopt;
  }
  return SendfileCall{.out_fd = *out,
                      .in_fd = s.bad() ? s.any_fd() : *in,
                      .offset = some_offset(s, true),
                      .count = s.chance.between(0, kMostFileBytes)};
}

/// Memory that the program keeps and may store to later, or memory that nothing else refers to.
PageSegment some_page(const Scene& s) {
  const u64 len = s.chance.one_in(3) ? s.page_size() * s.chance.between(1, 3)
                                     : s.chance.between(1, 2 * u64{s.page_size()});
  PageSegment segment{.memory = s.bytes(len), .page = {}};
  if (s.chance.one_in(2)) {
    segment.page = s.chance.one_in(2) ? "A" : "B";
    segment.offset = s.chance.one_in(2) ? 0 : s.chance.below32(10'000);
    segment.memory.mapped = UserSegment::kAllMapped;
    if (s.chance.one_in(4)) {  // what is there already
      segment.memory.data = {};
    }
  }
  return segment;
}

std::optional<Call> make_vmsplice(const Scene& s) {
  const bool into = !s.chance.one_in(3);
  const auto fd = into ? s.write_end() : s.read_end();
  if (!fd) {
    return std::nullopt;
  }
  VmspliceCall call{.fd = *fd, .iov = {}, .flags = some_flags(s)};
  const File* file = s.file_of(*fd);
  for (u64 left = s.chance.between(1, 3); left > 0; --left) {
    if (file != nullptr && file->f_mode.write) {
      call.iov.push_back(some_page(s));
    } else {
      call.iov.push_back({.memory = s.room(s.chance.between(0, 9'000)), .page = {}});
    }
  }
  return call;
}

std::optional<Call> make_store(const Scene& s) {
  return StoreCall{.page = s.chance.one_in(2) ? "A" : "B",
                   .offset = s.chance.below32(10'000),
                   .buf = s.bytes(s.chance.between(1, 300)).data};
}

std::optional<Call> make_file_write(const Scene& s) {
  const auto fd = file_fd(s);
  if (!fd) {
    return std::nullopt;
  }
  return WriteCall{.fd = *fd, .buf = s.bytes(s.chance.between(0, 9'000))};
}

std::optional<Call> make_file_write_at(const Scene& s) {
  const auto fd = file_fd(s);
  if (!fd) {
    return std::nullopt;
  }
  return Pwrite64Call{.fd = *fd,
                      .buf = s.bytes(s.chance.between(1, 3'000)),
                      .offset = static_cast<i64>(s.chance.below(20'000))};
}

std::optional<Call> make_file_read(const Scene& s) {
  const auto fd = file_fd(s);
  if (!fd) {
    return std::nullopt;
  }
  if (s.chance.one_in(2)) {
    return Pread64Call{.fd = *fd,
                       .buf = s.room(s.chance.between(1, 9'000)),
                       .offset = static_cast<i64>(s.chance.below(20'000))};
  }
  return ReadCall{.fd = *fd, .buf = s.room(s.chance.between(1, 9'000))};
}

constexpr std::array kSpliceMakers{
    Maker{"splice", MakerGroup::kSplice, 22, true, make_splice},
    Maker{"splice with a file", MakerGroup::kSplice, 14, false, make_splice_with_file},
    Maker{"tee", MakerGroup::kSplice, 14, false, make_tee},
    Maker{"sendfile", MakerGroup::kSplice, 6, false, make_sendfile},
    Maker{"vmsplice", MakerGroup::kSplice, 14, false, make_vmsplice},
    Maker{"store", MakerGroup::kSplice, 5, false, make_store},
    Maker{"write to a file", MakerGroup::kSplice, 5, true, make_file_write},
    Maker{"write into a file", MakerGroup::kSplice, 4, false, make_file_write_at},
    Maker{"read of a file", MakerGroup::kSplice, 4, false, make_file_read},
};

}  // namespace

std::span<const Maker> splice_makers() { return kSpliceMakers; }

}  // namespace ipcsim
