// Filling a task's slot and window with one system call.
#pragma once

#include <algorithm>
#include <cstring>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "sim/kernel/call.hpp"
#include "tools/host/agent/raw_syscall.hpp"
#include "tools/host/task_table.hpp"
#include "tools/host/window.hpp"

namespace ipcsim::host {

/// Writes the registers of a call and what its pointers point to. The agent's addresses stay
/// inside: what is returned as u64 goes into a register.
class CallBuilder {
 public:
  CallBuilder(const Shared& shared, u32 slot_index)
      : memory_(shared.window(slot_index)),
        slot_(shared.slot(slot_index)),
        index_(slot_index),
        page_bytes_(shared.header().page_bytes),
        window_(memory_, agent_window(slot_index), page_bytes_) {
    slot_.guards = 0;
    slot_.store_count = 0;
    slot_.buffer_bytes = 0;
  }

  [[nodiscard]] Window& window() { return window_; }
  [[nodiscard]] Slot& slot() { return slot_; }
  /// This process's address of what lies at an offset of the window.
  [[nodiscard]] std::byte* memory(u64 offset) { return memory_ + offset; }

  /// The call cannot be made here. The first reason counts.
  void refuse(std::string why) {
    if (!refusal_) {
      refusal_ = std::move(why);
    }
  }
  [[nodiscard]] const std::optional<std::string>& refusal() const { return refusal_; }

  /// The call is made as a 32-bit program makes it. REQUIRES: called first.
  void use_ia32() {
    if (index_ >= kIa32Slots) {
      refuse(fmt::format("only {} tasks at a time can make calls of 32-bit programs", kIa32Slots));
      return;
    }
    window_ = Window(memory_, ia32_window(index_), page_bytes_);
  }
  /// The system call that has the number `nr` for 32-bit programs. REQUIRES: use_ia32().
  template <class... Args>
  void ia32_call(i64 nr, Args... args) {
    special(Op::kIa32Syscall, args...);
    slot_.nr = nr;
  }
  /// The system call `nr`.
  template <class... Args>
  void system_call(i64 nr, Args... args) {
    special(Op::kSyscall, args...);
    slot_.nr = nr;
  }
  /// Something that the agent does in its own way.
  template <class... Args>
  void special(Op op, Args... args) {
    const RawArgs raw{{to_register(args)...}};
    slot_.op = op;
    slot_.nr = 0;
    std::copy(std::begin(raw.v), std::end(raw.v), std::begin(slot_.args));
  }

  /// The call reads `bytes` at the agent's address `at`: handlers may store there.
  void reads_buffer(u64 at, u64 bytes) {
    slot_.buffer = at;
    slot_.buffer_bytes = bytes;
  }

  /// The task stores `bytes` at its private address `to` before the call.
  void store(u64 to, const Payload& bytes) {
    const u64 from = window_.reserve(bytes.len());
    if (!window_.overflowed()) {
      bytes.copy(0, {memory(from), bytes.len()});
    }
    stores_.push_back({.to = to, .from = window_.agent(from), .bytes = bytes.len()});
  }
  /// Writes down what store() was told. REQUIRES: called last.
  void finish_stores() {
    slot_.stores = window_.put(std::as_bytes(std::span(stores_)));
    slot_.store_count = static_cast<u32>(stores_.size());
  }
  /// The page at the agent's address must not be mapped during the call.
  void guard(u64 address) { window_.add_guard(address); }

  /// Where the kernel writes a T. There is one such place a call.
  template <class T>
  u64 out(OutPtr pointer) {
    if (pointer != OutPtr::kValid) {
      return pointer == OutPtr::kNull ? 0 : kBadAddress;
    }
    out_offset_ = window_.reserve(sizeof(T));
    return window_.agent(out_offset_);
  }
  /// As out(), where the kernel reads `value` first.
  template <class T>
  u64 in_out(OutPtr pointer, const T& value) {
    const u64 address = out<T>(pointer);
    if (pointer == OutPtr::kValid && !window_.overflowed()) {
      std::memcpy(memory(out_offset_), &value, sizeof value);
    }
    return address;
  }
  /// A table that the kernel reads and writes.
  u64 in_out_table(std::span<const std::byte> bytes) {
    const u64 address = window_.put(bytes);
    out_offset_ = address - window_.agent(0);
    return address;
  }
  /// What the kernel reads; `put` writes the value and returns its address.
  template <class T, class Put>
  u64 in(const UserPtr<T>& pointer, Put&& put) {
    if (pointer.is_null()) {
      return 0;
    }
    return pointer.is_bad() ? kBadAddress : put(pointer.value);
  }

  /// What has to be remembered for reading the result.
  [[nodiscard]] CallInProgress progress(const Call& call, std::optional<u32> child_slot) const {
    return {.call = call,
            .buffers = window_.pieces(),
            .out_offset = out_offset_,
            .cut = window_.cut(),
            .window_bytes = window_.used(),
            .child_slot = child_slot};
  }

 private:
  std::byte* memory_;
  Slot& slot_;
  u32 index_;
  u64 page_bytes_;
  Window window_;
  u64 out_offset_ = 0;
  std::vector<Store> stores_;
  std::optional<std::string> refusal_;
};

}  // namespace ipcsim::host
