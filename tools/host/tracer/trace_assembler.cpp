#include "tools/host/tracer/trace_assembler.hpp"

#include <cstddef>

namespace ipcsim::host {

using enum Reg;
using enum Width;

namespace {

constexpr i32 kOffsetBits = 0xfff8;
constexpr auto kHeadBytes = static_cast<i32>(sizeof(RecordHead));
constexpr auto kChunkHead = static_cast<i32>(sizeof(ChunkHead));
constexpr u32 kMostStringBytes = 4096;
constexpr u32 kMostVector = 1024;
constexpr u32 kMostControlBytes = 1024;

constexpr i16 field(std::size_t offset) { return static_cast<i16>(offset); }

}  // namespace

void TraceAssembler::find_task() {
  a_.map(kR1, maps_.tasks);
  a_.move(kR2, kR10);
  a_.add(kR2, kTask);
  a_.call(BPF_FUNC_map_lookup_elem);
}

void TraceAssembler::begin(BpfAssembler::Label stranger) {
  a_.move(kR6, kR1);
  a_.call(BPF_FUNC_get_current_task);
  a_.store(k64, kR10, kTask, kR0);
  find_task();
  a_.jump_if(BPF_JEQ, kR0, 0, stranger);
  a_.move(kR8, kR0);
}

void TraceAssembler::head(RecordKind kind) {
  a_.call(BPF_FUNC_get_smp_processor_id);
  a_.store(k32, kR10, kTemporary, kR0);
  a_.map(kR1, maps_.scratch);
  a_.move(kR2, kR10);
  a_.add(kR2, kTemporary);
  a_.call(BPF_FUNC_map_lookup_elem);
  a_.jump_if(BPF_JEQ, kR0, 0, out_);
  a_.move(kR9, kR0);
  a_.call(BPF_FUNC_ktime_get_ns);
  a_.store(k64, kR9, field(offsetof(RecordHead, time_ns)), kR0);
  a_.move(kR1, static_cast<i32>(kind));
  a_.store(k32, kR9, field(offsetof(RecordHead, kind)), kR1);
  a_.load(k64, kR1, kR10, kTask);
  a_.store(k64, kR9, field(offsetof(RecordHead, task)), kR1);
  a_.move(kR1, 0);
  a_.store(k32, kR9, field(offsetof(RecordHead, nr)), kR1);
  a_.store(k64, kR9, field(offsetof(RecordHead, inode)), kR1);
  a_.store(k64, kR9, field(offsetof(RecordHead, magic)), kR1);
  a_.move(kR7, 0);
}

void TraceAssembler::grant_payload() {
  const auto much_room = a_.label();
  a_.map(kR1, maps_.ring);
  a_.move(kR2, BPF_RB_AVAIL_DATA);
  a_.call(BPF_FUNC_ringbuf_query);
  a_.move(kR1, static_cast<i32>(sizes_.payload_bytes));
  a_.jump_if(BPF_JLE, kR0, static_cast<i32>(sizes_.ring_bytes / 4), much_room);
  a_.move(kR1, 0);
  a_.bind(much_room);
  a_.store(k64, kR10, kPayload, kR1);
}

void TraceAssembler::set_value(u32 index, Reg from) {
  a_.store(k64, kR9, field(offsetof(RecordHead, value) + 8 * index), from);
}

void TraceAssembler::argument(Reg to, u8 index) {
  a_.load(k64, to, kR8, field(offsetof(TracedTask, args) + 8 * index));
}

void TraceAssembler::read_kernel(i16 stack, i32 bytes) {
  a_.move(kR1, kR10);
  a_.add(kR1, stack);
  a_.move(kR2, bytes);
  a_.call(BPF_FUNC_probe_read_kernel);
}

void TraceAssembler::follow(BpfAssembler::Label failed) {
  read_kernel(kBudget, 8);
  a_.jump_if(BPF_JNE, kR0, 0, failed);
  a_.load(k64, kR3, kR10, kBudget);
}

void TraceAssembler::task_field(u32 offset) {
  a_.load(k64, kR3, kR10, kTask);
  a_.add(kR3, static_cast<i32>(offset));
}

void TraceAssembler::add_task() {
  a_.move(kR1, 0);
  for (std::size_t i = 0; i < sizeof(TracedTask); i += 8) {
    a_.store(k64, kR10, static_cast<i16>(kRegs + static_cast<i16>(i)), kR1);
  }
  a_.map(kR1, maps_.tasks);
  a_.move(kR2, kR10);
  a_.add(kR2, kTask);
  a_.move(kR3, kR10);
  a_.add(kR3, kRegs);
  a_.move(kR4, BPF_ANY);
  a_.call(BPF_FUNC_map_update_elem);
}

void TraceAssembler::set_number(u32 index) {
  const auto failed = a_.label();
  a_.move(kR1, 0);
  set_value(index, kR1);
  a_.add(kR3, static_cast<i32>(layout_.task.thread_pid));
  follow(failed);
  a_.map_value(kR1, maps_.control);
  a_.load(k64, kR1, kR1, field(offsetof(TracerControl, level)));
  a_.multiply(kR1, static_cast<i32>(layout_.pid.number_size));
  a_.add(kR3, kR1);
  a_.add(kR3, static_cast<i32>(layout_.pid.numbers + layout_.pid.nr));
  read_kernel(kBudget, 4);
  a_.jump_if(BPF_JNE, kR0, 0, failed);
  a_.load(k32, kR1, kR10, kBudget);
  set_value(index, kR1);
  a_.bind(failed);
}

void TraceAssembler::identify() {
  const auto done = a_.label();
  a_.store(k64, kR10, kCount, kR4);
  task_field(layout_.task.files);
  follow(done);
  a_.add(kR3, static_cast<i32>(layout_.files_fdt));
  follow(done);
  a_.store(k64, kR10, kParent, kR3);
  a_.add(kR3, static_cast<i32>(layout_.fdtable_max_fds));
  read_kernel(kBudget, 4);
  a_.jump_if(BPF_JNE, kR0, 0, done);
  a_.load(k32, kR1, kR10, kBudget);
  a_.load(k32, kR2, kR10, kCount);
  a_.jump_if(BPF_JGE, kR2, kR1, done);
  a_.load(k64, kR3, kR10, kParent);
  a_.add(kR3, static_cast<i32>(layout_.fdtable_fd));
  follow(done);
  a_.load(k32, kR2, kR10, kCount);
  a_.multiply(kR2, 8);
  a_.add(kR3, kR2);
  follow(done);
  a_.jump_if(BPF_JEQ, kR3, 0, done);
  a_.add(kR3, static_cast<i32>(layout_.file_inode));
  follow(done);
  a_.store(k64, kR10, kParent, kR3);
  a_.add(kR3, static_cast<i32>(layout_.inode_number));
  follow(done);
  a_.store(k64, kR9, field(offsetof(RecordHead, inode)), kR3);
  a_.load(k64, kR3, kR10, kParent);
  a_.add(kR3, static_cast<i32>(layout_.inode_sb));
  follow(done);
  a_.add(kR3, static_cast<i32>(layout_.sb_magic));
  follow(done);
  a_.store(k64, kR9, field(offsetof(RecordHead, magic)), kR3);
  a_.bind(done);
}

/// reg = min(reg, most), unsigned.
void TraceAssembler::cap(Reg reg, u32 most) {
  const auto fits = a_.label();
  a_.jump_if(BPF_JLE, reg, static_cast<i32>(most), fits);
  a_.move(reg, static_cast<i32>(most));
  a_.bind(fits);
}

/// Appends r2 bytes of the caller's memory at r3, or a string there, as a chunk; fewer if there is
/// no more room.
void TraceAssembler::chunk(u32 tag, bool string, BpfAssembler::Label failed) {
  const auto unreadable = a_.label();
  const auto fits = a_.label();
  const auto done = a_.label();
  cap(kR2, kMostChunkBytes);
  a_.mask(kR7, kOffsetBits);
  a_.move(kR1, static_cast<i32>(kMostChunkBytes));
  a_.subtract(kR1, kR7);
  a_.jump_if(BPF_JSLE, kR1, 0, failed);
  a_.jump_if(BPF_JLE, kR2, kR1, fits);
  a_.move(kR2, kR1);
  cap(kR2, kMostChunkBytes);  // for verifiers that learn nothing of two registers
  a_.bind(fits);
  a_.store(k64, kR10, kTemporary, kR2);
  a_.move(kR1, kR9);
  a_.add(kR1, kR7);
  a_.move(kR4, static_cast<i32>(tag));
  a_.store(k32, kR1, field(sizeof(RecordHead)), kR4);
  a_.store(k32, kR1, field(sizeof(RecordHead) + 4), kR2);
  a_.add(kR1, kHeadBytes + kChunkHead);
  if (string) {
    a_.call(BPF_FUNC_probe_read_user_str);
    a_.jump_if(BPF_JSLE, kR0, 0, unreadable);
    a_.move(kR2, kR0);
    cap(kR2, kMostChunkBytes);
    a_.move(kR1, kR9);
    a_.add(kR1, kR7);
    a_.store(k32, kR1, field(sizeof(RecordHead) + 4), kR2);
  } else {
    a_.call(BPF_FUNC_probe_read_user);
    a_.jump_if(BPF_JNE, kR0, 0, unreadable);
    a_.load(k64, kR2, kR10, kTemporary);
  }
  a_.add(kR2, 7 + kChunkHead);
  a_.mask(kR2, 0x1'fff8);
  a_.add(kR7, kR2);
  a_.jump(done);
  a_.bind(unreadable);
  a_.move(kR1, kR9);
  a_.add(kR1, kR7);
  a_.move(kR4, static_cast<i32>(tag | kChunkFailed));
  a_.store(k32, kR1, field(sizeof(RecordHead)), kR4);
  a_.move(kR4, 0);
  a_.store(k32, kR1, field(sizeof(RecordHead) + 4), kR4);
  a_.add(kR7, kChunkHead);
  if (entry_) {
    a_.move(kR4, 1);
    a_.store(k64, kR8, field(offsetof(TracedTask, missed)), kR4);
  }
  a_.jump(failed);
  a_.bind(done);
}

/// to = the record, so far as the chunk at kParent begins with it.
void TraceAssembler::parent_address(Reg to) {
  a_.load(k64, to, kR10, kParent);
  a_.mask(to, kOffsetBits);
  a_.add(to, kR9);
}

/// The bytes of the first buffers of the vector that was read to kParent.
void TraceAssembler::vector(const Piece& piece, u32 tag, bool at_exit, BpfAssembler::Label done) {
  a_.load(k64, kR1, kR10, kPayload);
  if (piece.on_success && at_exit) {
    const auto fits = a_.label();
    a_.jump_if(BPF_JLE, kR1, kR6, fits);
    a_.move(kR1, kR6);
    a_.bind(fits);
  }
  a_.store(k64, kR10, kBudget, kR1);
  for (u32 i = 0; i < kMostBuffers; ++i) {
    const auto next = a_.label();
    const auto fits = a_.label();
    a_.load(k64, kR1, kR10, kCount);
    a_.jump_if(BPF_JLE, kR1, static_cast<i32>(i), done);
    parent_address(kR1);
    const auto at = field(sizeof(RecordHead) + sizeof(ChunkHead) + 16 * std::size_t{i});
    a_.load(k64, kR3, kR1, at);
    a_.load(k64, kR2, kR1, static_cast<i16>(at + 8));
    a_.load(k64, kR4, kR10, kBudget);
    a_.jump_if(BPF_JEQ, kR4, 0, done);
    a_.jump_if(BPF_JLE, kR2, kR4, fits);
    a_.move(kR2, kR4);
    a_.bind(fits);
    a_.subtract(kR4, kR2);
    a_.store(k64, kR10, kBudget, kR4);
    chunk(tag + kBufferTag * (i + 1), false, next);
    a_.bind(next);
  }
}

/// `bytes` behind the pointer at `pointer_at` of the chunk at kParent.
void TraceAssembler::inner(u32 tag, u32 pointer_at, u32 bytes, BpfAssembler::Label done) {
  parent_address(kR1);
  a_.load(k64, kR3, kR1, field(sizeof(RecordHead) + sizeof(ChunkHead) + pointer_at));
  a_.jump_if(BPF_JEQ, kR3, 0, done);
  a_.move(kR2, static_cast<i32>(bytes));
  chunk(tag | kInnerTag, false, done);
}

void TraceAssembler::message_control(u32 tag, BpfAssembler::Label done) {
  constexpr std::size_t kControl = 32;  // msg_control, then msg_controllen
  parent_address(kR1);
  const auto at = field(sizeof(RecordHead) + sizeof(ChunkHead) + kControl);
  a_.load(k64, kR3, kR1, at);
  a_.load(k64, kR2, kR1, static_cast<i16>(at + 8));
  a_.jump_if(BPF_JEQ, kR3, 0, done);
  cap(kR2, kMostControlBytes);
  chunk(tag | kInnerTag, false, done);
}

void TraceAssembler::piece(const Piece& piece, u32 tag, bool at_exit) {
  using enum Piece::Size;
  const auto done = a_.label();
  const u32 most = piece.payload ? sizes_.payload_bytes : kMostVector * piece.unit;
  if (at_exit && piece.on_success) {
    a_.jump_if(BPF_JSLT, kR6, 0, done);
  }
  argument(kR3, piece.arg);
  a_.jump_if(BPF_JEQ, kR3, 0, done);
  switch (piece.size) {
    case kString:
      a_.move(kR2, static_cast<i32>(kMostStringBytes));
      break;
    case kCounted:
      argument(kR2, piece.count_arg);
      cap(kR2, most / piece.unit);
      a_.multiply(kR2, static_cast<i32>(piece.unit));
      break;
    case kBits:
      argument(kR2, piece.count_arg);
      cap(kR2, kMostVector);
      a_.add(kR2, 63);
      a_.shift_right(kR2, 6);
      a_.multiply(kR2, 8);
      break;
    case kReturned:
      a_.move(kR2, kR6);
      cap(kR2, most / piece.unit);
      a_.multiply(kR2, static_cast<i32>(piece.unit));
      break;
    case kVector:
      argument(kR2, piece.count_arg);
      cap(kR2, kMostVector);
      a_.store(k64, kR10, kCount, kR2);
      a_.multiply(kR2, 16);
      break;
    case kFixed:
    case kMessage:
    case kPointer:
    case kCloneArgs:
      a_.move(kR2, static_cast<i32>(piece.unit));
      break;
  }
  if (piece.payload && piece.size != kVector) {
    const auto fits = a_.label();
    a_.load(k64, kR1, kR10, kPayload);
    a_.jump_if(BPF_JLE, kR2, kR1, fits);
    a_.move(kR2, kR1);
    a_.bind(fits);
  }
  a_.mask(kR7, kOffsetBits);
  a_.store(k64, kR10, kParent, kR7);
  chunk(tag, piece.size == kString, done);
  if (piece.size == kVector) {
    vector(piece, tag, at_exit, done);
  } else if (piece.size == kMessage) {
    message_control(tag, done);
  } else if (piece.size == kPointer) {
    inner(tag, 0, 8, done);
  } else if (piece.size == kCloneArgs && at_exit) {
    inner(tag, 8, 4, done);
  }
  a_.bind(done);
}

void TraceAssembler::pieces(std::string_view args, bool at_exit) {
  const std::vector<Piece> all = pieces_of(args);
  entry_ = !at_exit;
  for (u32 tag = 0; tag < all.size(); ++tag) {
    if (at_exit ? all[tag].at_exit : all[tag].at_entry) {
      piece(all[tag], tag, at_exit);
    }
  }
  if (!at_exit) {
    return;
  }
  // What was not in memory when the call began is there now, if the call could use it.
  const auto nothing_missed = a_.label();
  a_.load(k64, kR1, kR8, field(offsetof(TracedTask, missed)));
  a_.jump_if(BPF_JEQ, kR1, 0, nothing_missed);
  for (u32 tag = 0; tag < all.size(); ++tag) {
    if (all[tag].at_entry && !all[tag].at_exit && !all[tag].once) {
      piece(all[tag], tag, false);
    }
  }
  a_.bind(nothing_missed);
}

void TraceAssembler::finish() {
  const auto lost = a_.label();
  a_.jump_if(BPF_JGT, kR7, 0x1'ffff, lost);
  a_.map(kR1, maps_.ring);
  a_.move(kR2, kR9);
  a_.move(kR3, kR7);
  a_.add(kR3, kHeadBytes);
  a_.move(kR4, BPF_RB_NO_WAKEUP);
  a_.call(BPF_FUNC_ringbuf_output);
  a_.jump_if(BPF_JEQ, kR0, 0, out_);
  a_.bind(lost);
  a_.map_value(kR1, maps_.control);
  a_.move(kR2, 1);
  a_.add_shared(kR1, field(offsetof(TracerControl, lost)), kR2);
  a_.load(k64, kR2, kR1, field(offsetof(TracerControl, first_lost_ns)));
  a_.jump_if(BPF_JNE, kR2, 0, out_);
  a_.load(k64, kR2, kR9, field(offsetof(RecordHead, time_ns)));
  a_.store(k64, kR1, field(offsetof(TracerControl, first_lost_ns)), kR2);
  a_.bind(out_);
  a_.move(kR0, 0);
  a_.leave();
}

}  // namespace ipcsim::host
