#include "tools/import/inherited.hpp"

#include <algorithm>
#include <bit>
#include <iterator>
#include <utility>

#include <fmt/format.h>

namespace ipcsim::strace {
namespace {

constexpr u64 kPageBytes = 4096;

/// The bytes from `from` on.
Payload tail(const Payload& bytes, u64 from) {
  if (from == 0) {
    return bytes;
  }
  const std::string_view known = bytes.stored_bytes();
  const std::string_view rest = from < known.size() ? known.substr(from) : std::string_view{};
  return Payload::of_unknown(bytes.len() - from, rest);
}

UserSegment segment_of(Payload bytes) {
  const u64 len = bytes.len();
  return {.data = std::move(bytes), .len = len};
}

ReadCall read_of(Fd fd, u64 len) { return {fd, {.data = {}, .len = len}}; }

}  // namespace

void InheritedPipes::begin(const InheritedFacts& facts) {
  found_ = facts;
  i32 held = unseen_.first_end().v;
  for (const auto& [name, known] : facts.pipes) {
    if (known.left_out) {
      continue;
    }
    InheritedPipe pipe{
        .facts = known, .reader = Fd{held}, .writer = Fd{held + 1}, .size = known.size, .seen = {}};
    unseen_.hold(pipe.reader);
    unseen_.hold(pipe.writer);
    pipes_[name] = std::make_shared<InheritedPipe>(std::move(pipe));
    held += 2;
  }
  for (const auto& [fd, known] : facts.ends) {
    if (const auto pipe = pipes_.find(known.pipe); pipe != pipes_.end()) {
      ends_[fd] = std::make_shared<InheritedEnd>(InheritedEnd{
          .fd = fd, .pipe = pipe->second, .reads = known.reads, .writes = known.writes});
    }
  }
}

void InheritedPipes::adopt(u32 root, FdTable& table) {
  for (const auto& [fd, end] : ends_) {
    if (fd.root == root) {
      table.adopt(fd.fd, end);
    }
  }
}

void InheritedPipes::found(const FdSlot& slot, std::string_view name) {
  if (!slot.inherited || found_.ends.contains(*slot.inherited)) {
    return;
  }
  const std::string key =
      name.empty() ? fmt::format("descriptor {} of {}", slot.inherited->fd, slot.inherited->root)
                   : std::string(name);
  found_.ends[*slot.inherited] = {.pipe = key};
  found_.pipes.try_emplace(key);
}

/// An end that nothing was read from or written to may be either, and one that both was done with
/// is no end of a pipe2(): such pipes are left out.
InheritedFacts InheritedPipes::learn() const {
  InheritedFacts facts = found_;
  std::map<std::string, std::pair<bool, bool>> used;
  for (auto& [fd, known] : facts.ends) {
    if (const auto end = ends_.find(fd); end != ends_.end()) {
      known.reads = end->second->reads;
      known.writes = end->second->writes;
      used[known.pipe].first |= known.reads;
      used[known.pipe].second |= known.writes;
    }
  }
  for (const auto& [name, pipe] : pipes_) {
    PipeFacts& known = facts.pipes[name];
    known = pipe->facts;
    const auto [reads, writes] = used[name];
    if (reads && writes && !known.decided) {
      decide(pipe->seen, known);
    }
  }
  for (const auto& [fd, known] : facts.ends) {
    const bool modelled = ends_.contains(fd);
    if (modelled && known.reads == known.writes) {
      facts.pipes[known.pipe].left_out = true;
    }
  }
  return facts;
}

void InheritedPipes::reopen(Fd& fd, bool& open, Fd other, bool writes, Origin origin) {
  fd = unseen_.open(
      OpenCall{fmt::format("/proc/self/fd/{}", other.v), OpenFlags{writes ? kOWronly : 0}, 0},
      origin);
  open = true;
}

void InheritedPipes::give(InheritedPipe& pipe, const Payload& bytes, Origin origin) {
  if (pipe.facts.own) {
    return;
  }
  if (bytes.len() > pipe.size && !pipe.resized) {
    pipe.facts.size = std::bit_ceil(bytes.len());
  }
  if (pipe.filled < bytes.len()) {
    if (!pipe.writing && pipe.reading) {
      reopen(pipe.writer, pipe.writing, pipe.reader, true, origin);
    }
    const u64 missing = bytes.len() - pipe.filled;
    unseen_.put(WriteCall{pipe.writer, segment_of(tail(bytes, pipe.filled))},
                SysResult::success(static_cast<i64>(missing)), origin);
    pipe.filled = bytes.len();
  }
  pipe.filled -= bytes.len();
}

void InheritedPipes::fill_to(InheritedPipe& pipe, u64 bytes, Origin origin) {
  if (pipe.facts.own || pipe.filled == bytes) {
    return;
  }
  const bool more = bytes > pipe.filled;
  const u64 change = more ? bytes - pipe.filled : pipe.filled - bytes;
  if (more && !pipe.writing && pipe.reading) {
    reopen(pipe.writer, pipe.writing, pipe.reader, true, origin);
  } else if (!more && !pipe.reading && pipe.writing) {
    reopen(pipe.reader, pipe.reading, pipe.writer, false, origin);
  }
  Call call = read_of(pipe.reader, change);
  if (more) {
    call = WriteCall{pipe.writer, segment_of(Payload::of_unknown(change))};
  }
  unseen_.put(std::move(call), SysResult::success(static_cast<i64>(change)), origin);
  pipe.filled = bytes;
}

void InheritedPipes::make_readable(InheritedPipe& pipe, Origin origin) {
  fill_to(pipe, std::max<u64>(pipe.filled, 1), origin);
}

void InheritedPipes::make_empty(InheritedPipe& pipe, Origin origin) {
  fill_to(pipe, 0, origin);
  if (!pipe.facts.own && !pipe.writing && pipe.reading) {
    reopen(pipe.writer, pipe.writing, pipe.reader, true, origin);
  }
}

void InheritedPipes::make_full(InheritedPipe& pipe, Origin origin) {
  if (pipe.filled != pipe.size) {
    fill_to(pipe, 0, origin);
    fill_to(pipe, pipe.size, origin);
  }
}

void InheritedPipes::make_writable(InheritedPipe& pipe, Origin origin) {
  if (pipe.facts.own) {
    return;
  }
  fill_to(pipe, 0, origin);
  if (!pipe.reading && pipe.writing) {
    reopen(pipe.reader, pipe.reading, pipe.writer, false, origin);
  }
}

void InheritedPipes::make_room(InheritedPipe& pipe, u64 done, u64 asked, Origin origin) {
  if (pipe.facts.own) {
    return;
  }
  make_writable(pipe, origin);
  if (done < asked && done < pipe.size) {
    // The write stopped because the pipe was full. Its first bytes may go behind a page's others.
    const u64 slots = (pipe.size - done / kPageBytes * kPageBytes) / kPageBytes;
    fill_to(pipe, slots * kPageBytes - done % kPageBytes, origin);
    pipe.filled += done;
    return;
  }
  u64 left = done;
  while (left > pipe.size) {
    // Whole pages: one byte less frees no room.
    const u64 pages = (left - pipe.size + kPageBytes - 1) / kPageBytes;
    const u64 part = std::min(pipe.size, pages * kPageBytes);
    unseen_.put(read_of(pipe.reader, part), SysResult::success(static_cast<i64>(part)), origin);
    left -= part;
  }
  pipe.filled = left;
}

void InheritedPipes::take(InheritedPipe& pipe, const Payload& written, Origin origin) {
  if (pipe.facts.own || pipe.filled == 0) {
    return;
  }
  Output out;
  if (pipe.filled <= written.len()) {
    out = ReadBytes{tail(written, written.len() - pipe.filled)};
  }
  unseen_.put(read_of(pipe.reader, pipe.filled),
              SysResult::success(static_cast<i64>(pipe.filled), std::move(out)), origin);
  pipe.filled = 0;
}

void InheritedPipes::end_writing(InheritedPipe& pipe, Origin origin) {
  if (std::exchange(pipe.writing, false)) {
    unseen_.drop(pipe.writer, origin);
  }
}

void InheritedPipes::end_reading(InheritedPipe& pipe, Origin origin) {
  if (std::exchange(pipe.reading, false)) {
    unseen_.drop(pipe.reader, origin);
  }
}

u64 InheritedPipes::largest() const {
  u64 largest = 0;
  for (const auto& [name, pipe] : pipes_) {
    largest = std::max(largest, pipe->facts.size);
  }
  return largest;
}

}  // namespace ipcsim::strace
