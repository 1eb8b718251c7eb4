#include "tools/host/whitebox/pipe_bytes.hpp"

#include <algorithm>

namespace ipcsim::host {
namespace {

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

}  // namespace

std::expected<bool, ReadError> copy_pipes(Peek& peek, const KernelLayout& layout,
                                          std::span<WantedPipe> pipes,
                                          std::span<PipeBytes> copies) {
  for (std::size_t done = 0; done < pipes.size();) {
    const auto read = read_first(peek, layout, pipes.subspan(done), copies.subspan(done));
    if (!read) {
      return std::unexpected(read.error());
    }
    done += *read;
  }
  bool more_calls = false;
  for (PipeBytes& copy : copies) {
    more_calls = more_calls || copy.ring.empty();
    if (auto done = read_ring(peek, layout, copy); !done) {
      return std::unexpected(done.error());
    }
  }
  return more_calls;
}

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

}  // namespace ipcsim::host
