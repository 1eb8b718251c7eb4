#include "tools/host/whitebox/pipe_walker.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "tools/host/whitebox/wait_entries.hpp"

namespace ipcsim::host {
namespace {

/// The copies of one pipe's memory.
struct PipeBytes {
  std::vector<std::byte> info;
  std::vector<std::byte> ring;
  u64 user_pages = 0;

  template <class T>
  [[nodiscard]] T get(u32 at) const {
    T value;
    std::memcpy(&value, info.data() + at, sizeof value);
    return value;
  }
  /// An index, which has 16 bits where two of them fit a machine word of 32.
  [[nodiscard]] u32 index(const BtfField& field) const {
    return field.size == sizeof(u16) ? get<u16>(field.offset) : get<u32>(field.offset);
  }
};

struct Asked {
  u32 slots = 0;  ///< of the ring
  Peeked info;
  Peeked ring;
  Peeked user_pages;
  Peeked again;
};

void copy_piece(const Peek& peek, Peeked piece, u32 bytes, std::vector<std::byte>& to) {
  to.assign(peek.bytes(piece), peek.bytes(piece) + bytes);
}

bool same_bytes(const Peek& peek, Peeked piece, const std::vector<std::byte>& bytes) {
  return peek.ok(piece) && std::memcmp(peek.bytes(piece), bytes.data(), bytes.size()) == 0;
}

/// Reads `bytes` of memory in pieces.
std::expected<void, ReadError> read_long(Peek& peek, u64 address, u32 bytes,
                                         std::vector<std::byte>& to) {
  to.clear();
  while (to.size() < bytes) {
    const u32 piece = std::min(bytes - static_cast<u32>(to.size()), kPeekPieceBytes);
    peek.begin();
    const Peeked part = peek.ask(address + to.size(), piece);
    if (!peek.run()) {
      return std::unexpected(ReadError::kRefused);
    }
    if (!peek.ok(part)) {
      return std::unexpected(ReadError::kTorn);
    }
    to.insert(to.end(), peek.bytes(part), peek.bytes(part) + piece);
  }
  return {};
}

/// Slots of `pipe` that can be read with the pipe itself.
u32 slots_at_once(const WantedPipe& pipe, const KernelLayout& layout) {
  return std::min(pipe.slots_hint, kPeekPieceBytes / layout.pipe_buffer.size);
}

bool fits(const Peek& peek, const WantedPipe& pipe, const KernelLayout& layout) {
  return peek.has_room(
      layout.pipe.size * 2 + slots_at_once(pipe, layout) * layout.pipe_buffer.size + 8, 4);
}

/// Reads the first pipes of `pipes`, as many as fit one call; says how many.
std::expected<std::size_t, ReadError> read_first(Peek& peek, const KernelLayout& layout,
                                                 std::span<WantedPipe> pipes,
                                                 std::span<PipeBytes> copies) {
  const auto& l = layout.pipe;
  std::vector<Asked> asked;
  peek.begin();
  for (const WantedPipe& pipe : pipes) {
    if (!asked.empty() && !fits(peek, pipe, layout)) {
      break;
    }
    Asked& one = asked.emplace_back();
    one.slots = slots_at_once(pipe, layout);
    one.info = peek.ask(pipe.address, l.size);
    one.ring = peek.follow(one.info, l.bufs, 0, one.slots * layout.pipe_buffer.size);
    one.user_pages = peek.follow(one.info, l.user, layout.user.pipe_bufs, sizeof(u64));
    one.again = peek.ask(pipe.address, l.size);
  }
  if (!peek.run()) {
    return std::unexpected(ReadError::kRefused);
  }
  for (std::size_t i = 0; i < asked.size(); ++i) {
    PipeBytes& copy = copies[i];
    if (!peek.ok(asked[i].info)) {
      return std::unexpected(ReadError::kTorn);
    }
    copy_piece(peek, asked[i].info, l.size, copy.info);
    if (!same_bytes(peek, asked[i].again, copy.info) || copy.get<u64>(l.mutex_owner) != 0) {
      return std::unexpected(ReadError::kTorn);
    }
    const u32 ring_size = copy.get<u32>(l.ring_size);
    pipes[i].slots_hint = ring_size;
    if (peek.ok(asked[i].ring) && ring_size <= asked[i].slots) {
      copy_piece(peek, asked[i].ring, ring_size * layout.pipe_buffer.size, copy.ring);
    }
    if (peek.ok(asked[i].user_pages)) {
      copy.user_pages = peek.get<u64>(asked[i].user_pages);
    }
  }
  return asked.size();
}

/// Slots and what does not come with the first call.
std::expected<void, ReadError> read_ring(Peek& peek, const KernelLayout& layout, PipeBytes& copy) {
  const u32 ring_size = copy.get<u32>(layout.pipe.ring_size);
  if (ring_size == 0 || ring_size > kPipeMostSlots || (ring_size & (ring_size - 1)) != 0) {
    return std::unexpected(ReadError::kTorn);
  }
  const u32 bytes = ring_size * layout.pipe_buffer.size;
  return copy.ring.size() == bytes
             ? std::expected<void, ReadError>{}
             : read_long(peek, copy.get<u64>(layout.pipe.bufs), bytes, copy.ring);
}

template <class T>
T field_of(const std::byte* slot, u32 at) {
  T value;
  std::memcpy(&value, slot + at, sizeof value);
  return value;
}

void name_slots(const PipeBytes& copy, const KernelLayout& layout, KernelNames& names,
                WantedPipe& read) {
  PipeSnapshot& pipe = read.pipe;
  const bool narrow = layout.pipe.head.size == sizeof(u16);
  const u32 occupied = narrow ? static_cast<u16>(pipe.head - pipe.tail) : pipe.head - pipe.tail;
  if (occupied > pipe.ring_size) {
    read.problem = fmt::format("{} slots are occupied of {}", occupied, pipe.ring_size);
    return;
  }
  for (u32 i = 0; i < occupied; ++i) {
    const u32 index = (pipe.tail + i) & (pipe.ring_size - 1);
    const std::byte* slot = copy.ring.data() + std::size_t{index} * layout.pipe_buffer.size;
    const u64 ops = field_of<u64>(slot, layout.pipe_buffer.ops);
    const auto name = names.ops(ops);
    if (!name) {
      read.problem = fmt::format("slot {} has an operation table that is not known", index);
    }
    pipe.slots.push_back({.index = index,
                          .page = names.page(field_of<u64>(slot, layout.pipe_buffer.page)),
                          .offset = field_of<u32>(slot, layout.pipe_buffer.offset),
                          .len = field_of<u32>(slot, layout.pipe_buffer.len),
                          .ops = name.value_or(PipeBufOps::kNone),
                          .flags = static_cast<u8>(field_of<u32>(slot, layout.pipe_buffer.flags))});
  }
}

void name_fields(const PipeBytes& copy, const KernelLayout& layout, KernelNames& names,
                 WantedPipe& read) {
  const auto& l = layout.pipe;
  const auto number = [&](u32 at) { return copy.get<u32>(at); };
  const auto flag = [&](std::optional<u32> at) { return at && copy.get<u8>(*at) != 0; };
  read.pipe = {.name = {},
               .head = copy.index(l.head),
               .tail = copy.index(l.tail),
               .max_usage = number(l.max_usage),
               .ring_size = number(l.ring_size),
               .nr_accounted = number(l.nr_accounted),
               .readers = number(l.readers),
               .writers = number(l.writers),
               .files = number(l.files),
               .r_counter = number(l.r_counter),
               .w_counter = number(l.w_counter),
               .poll_usage = flag(l.poll_usage),
               .note_loss = flag(l.note_loss),
               .tmp_page = {},
               .slots = {},
               .rd_wait = {},
               .wr_wait = {}};
  read.around = {};
  read.around.charged = copy.user_pages;
  read.problem.clear();
  name_slots(copy, layout, names, read);
  for (u32 i = 0; i < l.tmp_page.size / sizeof(u64); ++i) {
    const u64 page = copy.get<u64>(l.tmp_page.offset + i * 8);
    read.pipe.tmp_page.push_back(page == 0 ? std::nullopt : std::optional{names.page(page)});
  }
}

std::expected<void, ReadError> read_lists(Peek& peek, const KernelLayout& layout,
                                          const KernelNames& names, std::span<WantedPipe> pipes,
                                          std::span<const PipeBytes> copies) {
  const auto& l = layout.pipe;
  std::vector<List> waiting;  // two a pipe
  std::vector<List> fasync;
  for (std::size_t i = 0; i < pipes.size(); ++i) {
    const PipeBytes& copy = copies[i];
    const u64 at = pipes[i].address;
    waiting.push_back({.end = at + l.rd_wait, .next = copy.get<u64>(l.rd_wait), .elements = {}});
    waiting.push_back(
        l.wr_wait ? List{.end = at + *l.wr_wait, .next = copy.get<u64>(*l.wr_wait), .elements = {}}
                  : List{});
    fasync.push_back({.end = 0, .next = copy.get<u64>(l.fasync_readers), .elements = {}});
    fasync.push_back({.end = 0, .next = copy.get<u64>(l.fasync_writers), .elements = {}});
  }
  if (auto done = walk(peek, waiting, wait_shape(layout), kMostWaiters); !done) {
    return done;
  }
  const ListShape shape{.pointed = 0,
                        .next = layout.fasync.fa_next,
                        .bytes = std::max(layout.fasync.fa_next, layout.fasync.fa_fd) + 8};
  if (auto done = walk(peek, fasync, shape, kMostWaiters); !done) {
    return done;
  }
  const auto fds = [&](const List& list) {
    std::vector<Fd> numbers;
    for (const ListElement& element : list.elements) {
      numbers.push_back(Fd{element.get<i32>(layout.fasync.fa_fd)});
    }
    return numbers;
  };
  for (std::size_t i = 0; i < pipes.size(); ++i) {
    WantedPipe& read = pipes[i];
    read.pipe.rd_wait = waiters_of(waiting[2 * i], layout, names, read.problem);
    read.pipe.wr_wait = waiters_of(waiting[2 * i + 1], layout, names, read.problem);
    read.around.fasync_readers = fds(fasync[2 * i]);
    read.around.fasync_writers = fds(fasync[2 * i + 1]);
  }
  return {};
}

/// True when a pipe has waiters or O_ASYNC files, which further calls read.
bool has_lists(const WantedPipe& pipe, const PipeBytes& copy, const KernelLayout& layout) {
  const auto& l = layout.pipe;
  return copy.get<u64>(l.rd_wait) != pipe.address + l.rd_wait ||
         (l.wr_wait && copy.get<u64>(*l.wr_wait) != pipe.address + *l.wr_wait) ||
         copy.get<u64>(l.fasync_readers) != 0 || copy.get<u64>(l.fasync_writers) != 0;
}

/// True when no pipe has changed since its copy was made.
std::expected<bool, ReadError> unchanged(Peek& peek, std::span<const WantedPipe> pipes,
                                         std::span<const PipeBytes> copies) {
  for (std::size_t done = 0; done < pipes.size();) {
    std::vector<Peeked> pieces;
    peek.begin();
    while (done + pieces.size() < pipes.size()) {
      const std::size_t i = done + pieces.size();
      const auto bytes = static_cast<u32>(copies[i].info.size());
      if (!pieces.empty() && !peek.has_room(bytes)) {
        break;
      }
      pieces.push_back(peek.ask(pipes[i].address, bytes));
    }
    if (!peek.run()) {
      return std::unexpected(ReadError::kRefused);
    }
    for (const Peeked piece : pieces) {
      if (!same_bytes(peek, piece, copies[done++].info)) {
        return false;
      }
    }
  }
  return true;
}

}  // namespace

std::expected<void, ReadError> read_pipes(Peek& peek, const KernelLayout& layout,
                                          KernelNames& names, std::span<WantedPipe> pipes) {
  std::vector<PipeBytes> copies(pipes.size());
  for (std::size_t done = 0; done < pipes.size();) {
    const auto read =
        read_first(peek, layout, pipes.subspan(done), std::span(copies).subspan(done));
    if (!read) {
      return std::unexpected(read.error());
    }
    done += *read;
  }
  bool more_calls = false;
  for (std::size_t i = 0; i < pipes.size(); ++i) {
    const bool had_ring = !copies[i].ring.empty();
    if (auto done = read_ring(peek, layout, copies[i]); !done) {
      return done;
    }
    name_fields(copies[i], layout, names, pipes[i]);
    more_calls = more_calls || !had_ring || has_lists(pipes[i], copies[i], layout);
  }
  if (!more_calls) {
    return {};
  }
  if (auto done = read_lists(peek, layout, names, pipes, copies); !done) {
    return done;
  }
  const auto same = unchanged(peek, pipes, copies);
  if (!same) {
    return std::unexpected(same.error());
  }
  return *same ? std::expected<void, ReadError>{} : std::unexpected(ReadError::kTorn);
}

}  // namespace ipcsim::host
