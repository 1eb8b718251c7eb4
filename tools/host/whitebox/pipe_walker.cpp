#include "tools/host/whitebox/pipe_walker.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "tools/host/whitebox/pipe_bytes.hpp"
#include "tools/host/whitebox/wait_entries.hpp"

namespace ipcsim::host {
namespace {

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
    read.around.slot_private.push_back(field_of<u64>(slot, layout.pipe_buffer.private_data));
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
  if (l.watch_queue && copy.get<u64>(*l.watch_queue) != 0) {
    read.problem = "it is a notification pipe";
  }
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

}  // namespace

std::expected<void, ReadError> read_pipes(Peek& peek, const KernelLayout& layout,
                                          KernelNames& names, std::span<WantedPipe> pipes) {
  std::vector<PipeBytes> copies(pipes.size());
  const auto copied = copy_pipes(peek, layout, pipes, copies);
  if (!copied) {
    return std::unexpected(copied.error());
  }
  bool more_calls = *copied;
  for (std::size_t i = 0; i < pipes.size(); ++i) {
    name_fields(copies[i], layout, names, pipes[i]);
    more_calls = more_calls || has_lists(pipes[i], copies[i], layout);
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
