// Reads kernel memory through a BPF program: many pieces with one system call.
#pragma once

#include <cstring>
#include <expected>
#include <memory>
#include <string>

#include "model/base/types.hpp"
#include "tools/host/whitebox/bpf_program.hpp"

namespace ipcsim::host {

/// A piece of kernel memory that was asked for: where its bytes are after run().
struct Peeked {
  u32 request = 0;
  u32 at = 0;  ///< in the data: also what later pieces may be relative to
};

/// The loaded program. One at a time may use it.
class Peek {
 public:
  /// Loads the program. Errors (by text): what the kernel refused, and why.
  [[nodiscard]] static std::expected<std::unique_ptr<Peek>, std::string> load();
  Peek(const Peek&) = delete;
  Peek& operator=(const Peek&) = delete;
  ~Peek();

  /// Forgets what was asked for and read.
  void begin();
  /// True when so many bytes more can be asked for, in so many pieces.
  [[nodiscard]] bool has_room(u32 bytes, u32 pieces = 1) const;
  /// Asks for memory. Without room, and of pieces that are too long, nothing will be read.
  Peeked ask(u64 address, u32 bytes) { return ask_from(kNoBase, address, bytes); }
  /// Asks for memory behind a pointer that another piece will hold, `pointer_at` bytes from its
  /// start: at that pointer plus `offset`.
  Peeked follow(Peeked piece, u32 pointer_at, u64 offset, u32 bytes) {
    return ask_from(piece.at + pointer_at, offset, bytes);
  }
  /// The calling thread's task_struct: a piece that holds its address.
  [[nodiscard]] static Peeked current() { return {.request = kMostPeeks, .at = 0}; }
  /// Reads all that was asked for. Errors (by text): the kernel refused to run the program.
  [[nodiscard]] std::expected<void, std::string> run();

  /// True when the piece could be read. What is behind a bad pointer cannot.
  [[nodiscard]] bool ok(Peeked piece) const;
  [[nodiscard]] const std::byte* bytes(Peeked piece) const { return &area_->data[piece.at]; }
  /// The number `at` bytes from the piece's start.
  template <class T>
  [[nodiscard]] T get(Peeked piece, u32 at = 0) const {
    T value;
    std::memcpy(&value, bytes(piece) + at, sizeof value);
    return value;
  }
  /// Runs of the program so far.
  [[nodiscard]] u64 runs() const { return runs_; }

 private:
  Peek(int map, int program, PeekArea* area) : map_(map), program_(program), area_(area) {}
  Peeked ask_from(u32 base, u64 address, u32 bytes);

  int map_;
  int program_;
  PeekArea* area_;  // mapped
  u32 top_ = 8;     // the data up to here is given away
  u64 runs_ = 0;
};

}  // namespace ipcsim::host
