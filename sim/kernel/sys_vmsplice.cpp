// vmsplice(), and a program's own stores to the memory that it gave to pipes. Linux fs/splice.c.
#include <algorithm>
#include <cstring>

#include "sim/kernel/files.hpp"
#include "sim/kernel/iovec.hpp"
#include "sim/kernel/signals.hpp"
#include "sim/kernel/sys_splice.hpp"
#include "sim/kernel/syscalls.hpp"

namespace ipcsim {
namespace {

/// A call's buffers as pieces of pages.
struct Pieces {
  std::vector<UserPagePiece> list;
  std::vector<PageId> fresh;  ///< pages of memory without a name: the caller drops them
  bool fault = false;         ///< what follows is not mapped
  bool unknown = false;       ///< memory that the program never stored to
};

/// Memory without a name: fresh pages with the segment's bytes.
void add_fresh(KernelState& k, const UserSegment& memory, std::size_t most, Pieces& pieces) {
  const u64 page_size = k.pages.page_size();
  const u64 bytes = std::min(memory.len, memory.mapped);
  // What ends in an unmapped page ends at the end of its last page.
  u64 offset = memory.mapped < memory.len ? (page_size - bytes % page_size) % page_size : 0;
  for (u64 done = 0; done < bytes && pieces.list.size() < most;) {
    const u64 part = std::min(bytes - done, page_size - offset);
    const PageId page = k.pages.alloc();
    if (std::byte* to = k.pages.write(page)) {
      std::memset(to, 0, page_size);
      const u64 known = std::min(part, memory.data.len() - std::min(memory.data.len(), done));
      memory.data.copy(std::min(memory.data.len(), done), {to + offset, known});
    }
    pieces.fresh.push_back(page);
    pieces.list.push_back({page, static_cast<u32>(offset), static_cast<u32>(part)});
    done += part;
    offset = 0;
  }
  pieces.fault = memory.mapped < memory.len;
}

void add_named(const KernelState& k, const AddressSpace& mm, const PageSegment& segment,
               std::size_t most, Pieces& pieces) {
  const u64 page_size = k.pages.page_size();
  for (u64 done = 0; done < segment.memory.len && pieces.list.size() < most;) {
    const u64 at = segment.offset + done;
    const u64 part = std::min(segment.memory.len - done, page_size - at % page_size);
    const PageId page = find_page(mm, segment.page, static_cast<u32>(at / page_size));
    if (page == kNoPage) {
      pieces.unknown = true;
      return;
    }
    pieces.list.push_back({page, static_cast<u32>(at % page_size), static_cast<u32>(part)});
    done += part;
  }
}

/// Linux lib/iov_iter.c: iov_iter_get_pages2(), for as many pages as the pipe has slots.
Pieces get_pages(KernelState& k, TaskId id, const VmspliceCall& call, std::size_t most) {
  Pieces pieces;
  for (const PageSegment& segment : call.iov) {
    if (pieces.fault || pieces.unknown || pieces.list.size() >= most) {
      break;
    }
    if (segment.page.empty()) {
      const bool room = segment.memory.data.len() == 0 && segment.memory.len > 0;
      if (room && segment.memory.mapped > 0) {  // given to be filled: nobody says what is there
        pieces.unknown = true;
        break;
      }
      add_fresh(k, segment.memory, most, pieces);
    } else {
      add_named(k, k.address_space(id), segment, most, pieces);
    }
  }
  return pieces;
}

/// Linux fs/splice.c: vmsplice_to_pipe().
Section into_pipe(KernelState& k, TaskId id, SpliceInProgress progress, const VmspliceCall& call) {
  const PipeId out = k.files[progress.files[0]].pipe;
  PipeInode& pipe = k.pipes[out].inode;
  SpliceSection section =
      wait_for_space(pipe, std::get<SpliceIn>(progress.locals), signal_pending(k, id));
  if (section.end == SpliceEnd::kReady) {
    const Pieces pieces = get_pages(k, id, call, pipe.max_usage - pipe_occupancy(pipe));
    if (pieces.unknown) {
      return Section::not_modelled("vmsplice() of memory that the program never stored to");
    }
    section = splice_in_done(
        iter_to_pipe(pipe, pieces.list, pieces.fault, (call.flags.v & kSpliceGift) != 0, k.pages));
    for (const PageId page : pieces.fresh) {
      k.pages.put(page);
    }
  }
  return finish_splice(k, id, progress, section, kNoPipe, out);
}

/// The program's memory as what bytes of a pipe go to. Linux fs/splice.c: pipe_to_user().
class MemoryTarget final : public SpliceTarget {
 public:
  MemoryTarget(std::span<const UserSegment> room, SharedBytes* bytes) : sink_(room, bytes) {}

  Result<Bytes> take(std::span<const SpliceChunk> chunks) override {
    const SpliceChunk& chunk = chunks.front();
    if (sink_.copy(chunk.bytes, chunk.len) < chunk.len) {
      return fail(Errno::kEFAULT);
    }
    return Bytes{chunk.len};
  }

 private:
  UserSink sink_;
};

std::vector<UserSegment> memory_of(const VmspliceCall& call) {
  std::vector<UserSegment> segments;
  for (const PageSegment& segment : call.iov) {
    segments.push_back(segment.memory);
  }
  return segments;
}

/// Linux fs/splice.c: vmsplice_to_user().
Section out_of_pipe(KernelState& k, TaskId id, SpliceInProgress progress,
                    const VmspliceCall& call) {
  const PipeId in = k.files[progress.files[0]].pipe;
  const std::vector<UserSegment> room = memory_of(call);
  const bool kept = k.pages.contents() == Contents::kKept;
  SharedBytes bytes;
  MemoryTarget target(room, kept ? &bytes : nullptr);
  const SpliceSection section =
      splice_out_section(k.pipes[in].inode, std::get<SpliceOut>(progress.locals), total_len(room),
                         SpliceFeed::kEachSlot, target, signal_pending(k, id), k.pages, *k.profile);
  Section outcome = finish_splice(k, id, progress, section, in, kNoPipe);
  if (outcome.end == Section::End::kReturned && outcome.result.ret > 0) {
    const u64 len = static_cast<u64>(outcome.result.ret);
    outcome.result.out =
        ReadBytes{kept ? Payload::of_bytes(std::move(bytes)) : Payload::of_unknown(len)};
  }
  return outcome;
}

Section section_of(KernelState& k, TaskId id, const SpliceInProgress& progress,
                   const VmspliceCall& call) {
  return std::holds_alternative<SpliceIn>(progress.locals) ? into_pipe(k, id, progress, call)
                                                           : out_of_pipe(k, id, progress, call);
}

bool outside(const PageSegment& segment) {
  return !segment.page.empty() && u64{segment.offset} + segment.memory.len > kPageNameBytes;
}

/// The bytes that the segments come with are in the memory when the call begins.
std::optional<std::string> store_segments(KernelState& k, TaskId id, const VmspliceCall& call) {
  for (const PageSegment& segment : call.iov) {
    if (segment.page.empty()) {
      continue;
    }
    if (outside(segment) || segment.memory.data.len() > segment.memory.len ||
        segment.memory.mapped < segment.memory.len) {
      return "a named page that is cut short, or beyond 1 MiB";
    }
    store(k.address_space(id), segment.page, segment.offset, segment.memory.data, k.pages);
  }
  return std::nullopt;
}

/// The checks, in the order the kernel makes them. Linux fs/splice.c: vmsplice().
///   EINVAL  unknown flags
///   EBADF   not open, or neither for reading nor writing
///   EINVAL, EFAULT  check_vector()
///   (no bytes: 0)
///   EBADF   no pipe
Section begin(KernelState& k, TaskId id, const VmspliceCall& call) {
  if ((call.flags.v & ~kSpliceFlags) != 0) {
    return Section::failed(Errno::kEINVAL);
  }
  File* file = find_file(k, id, call.fd);
  if (file == nullptr) {
    return Section::failed(Errno::kEBADF);
  }
  if (file->kind == FileKind::kOther) {
    return Section::not_modelled("vmsplice() on a file that is not under study");
  }
  const std::vector<UserSegment> memory = memory_of(call);
  if (!file->f_mode.read && !file->f_mode.write) {
    return Section::failed(Errno::kEBADF);
  }
  if (const Errno error = check_vector(memory); error != Errno::kOk) {
    return Section::failed(error);
  }
  if (total_len(memory) == 0) {
    return Section::returned(0);
  }
  if (file->kind != FileKind::kPipe) {
    return Section::failed(Errno::kEBADF);
  }
  file->nowait = false;
  SpliceInProgress progress{.files = {k.fd_table(id).file(call.fd)}, .pos = 0, .locals = {}};
  const bool nonblock = (call.flags.v & kSpliceNonblock) != 0;
  if (file->f_mode.write) {
    progress.locals = SpliceIn{.nonblock = nonblock};
  } else {
    progress.locals = SpliceOut{.nonblock = nonblock};
    if (std::ranges::any_of(call.iov, [](const PageSegment& s) { return !s.page.empty(); })) {
      return Section::not_modelled("vmsplice() from a pipe into a named page");
    }
  }
  return section_of(k, id, progress, call);
}

}  // namespace

VmspliceCall restarted(VmspliceCall call) {
  for (PageSegment& segment : call.iov) {
    if (!segment.page.empty()) {
      segment.memory.data = {};
    }
  }
  return call;
}

Section run(KernelState& k, TaskId id, const VmspliceCall& call) {
  if (const auto* progress = std::get_if<SpliceInProgress>(&k.task(id).progress)) {
    return section_of(k, id, *progress, call);
  }
  if (auto why = store_segments(k, id, call)) {
    return Section::not_modelled(*std::move(why));
  }
  return begin(k, id, call);
}

Section run(KernelState& k, TaskId id, const StoreCall& call) {
  if (u64{call.offset} + call.buf.len() > kPageNameBytes) {
    return Section::not_modelled("a store beyond 1 MiB of named memory");
  }
  store(k.address_space(id), call.page, call.offset, call.buf, k.pages);
  return Section::returned(0);
}

}  // namespace ipcsim
