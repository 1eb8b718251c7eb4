// Reading, writing, splicing.
#include <sys/syscall.h>

#include <algorithm>
#include <span>
#include <vector>

#include <fmt/format.h>

#include "tools/host/call_encoder.hpp"
#include "tools/host/host_flags.hpp"
#include "tools/host/kernel_structs.hpp"

namespace ipcsim::host {
void Encoder::put(const Pipe2Call& c) {
  build_.system_call(SYS_pipe2, build_.out<i32[2]>(c.pipefd), open_flags_to_host(c.flags.v));
}

void Encoder::put(const ReadCall& c) {
  build_.system_call(SYS_read, c.fd.v, build_.window().place(c.buf, false), c.buf.len);
}

void Encoder::put(const WriteCall& c) {
  const u64 at = build_.window().place(c.buf, true);
  build_.reads_buffer(at, std::min(c.buf.data.len(), c.buf.mapped));
  build_.system_call(SYS_write, c.fd.v, at, c.buf.len);
}

void Encoder::put(const ReadvCall& c) { vector_call(SYS_readv, c.fd, c.iov, false); }

void Encoder::put(const WritevCall& c) { vector_call(SYS_writev, c.fd, c.iov, true); }

void Encoder::put(const Pread64Call& c) {
  build_.system_call(SYS_pread64, c.fd.v, build_.window().place(c.buf, false), c.buf.len, c.offset);
}

void Encoder::put(const Pwrite64Call& c) {
  build_.system_call(SYS_pwrite64, c.fd.v, build_.window().place(c.buf, true), c.buf.len, c.offset);
}

// The offset comes in two words, of which a 64-bit kernel looks at the first.
void Encoder::put(const PreadvCall& c) { vector_call(SYS_preadv, c.fd, c.iov, false, c.offset, 0); }

void Encoder::put(const PwritevCall& c) {
  vector_call(SYS_pwritev, c.fd, c.iov, true, c.offset, 0);
}

void Encoder::put(const Preadv2Call& c) {
  vector_call(SYS_preadv2, c.fd, c.iov, false, c.offset, 0, c.flags.v);
}

void Encoder::put(const Pwritev2Call& c) {
  vector_call(SYS_pwritev2, c.fd, c.iov, true, c.offset, 0, c.flags.v);
}

u64 Encoder::offset(const UserPtr<i64>& pointer) {
  if (pointer.is_null()) {
    return 0;
  }
  return pointer.is_bad() ? kBadAddress : build_.in_out(OutPtr::kValid, pointer.value);
}

void Encoder::put(const SpliceCall& c) {
  const u64 off_in = offset(c.off_in);
  const u64 off_out = offset(c.off_out);
  build_.system_call(SYS_splice, c.fd_in.v, off_in, c.fd_out.v, off_out, c.len, c.flags.v);
}

void Encoder::put(const TeeCall& c) {
  build_.system_call(SYS_tee, c.fd_in.v, c.fd_out.v, c.len, c.flags.v);
}

void Encoder::put(const SendfileCall& c) {
  build_.system_call(SYS_sendfile, c.out_fd.v, c.in_fd.v, offset(c.offset), c.count);
}

u64 Encoder::private_memory(const PageSegment& segment) {
  const UserSegment& memory = segment.memory;
  const u64 page_bytes = context_.shared.header().page_bytes;
  const u64 bytes = std::min(memory.len, memory.mapped);
  const auto base = segment.page.empty() ? context_.user_pages.fresh(bytes, page_bytes)
                                         : context_.user_pages.named(segment.page);
  if (!base) {
    build_.refuse("vmsplice() of more memory than there is here");
    return 0;
  }
  u64 address = *base + segment.offset;
  if (memory.mapped < memory.len) {
    const u64 whole = (bytes + page_bytes - 1) / page_bytes * page_bytes;
    address = *base + whole - bytes;
    build_.guard(*base + whole);
  }
  build_.store(address, memory.data.len() > bytes ? head_of(memory.data, bytes) : memory.data);
  return address;
}

Payload Encoder::head_of(const Payload& data, u64 bytes) {
  return Payload::of_bytes(data.to_string().substr(0, bytes));
}

void Encoder::put(const VmspliceCall& c) {
  std::vector<KernelIovec> entries;
  for (const PageSegment& segment : c.iov) {
    const bool room = segment.page.empty() && segment.memory.data.len() == 0;
    const bool bad = segment.memory.mapped == 0;
    const u64 address =
        room || bad ? build_.window().place(segment.memory, false) : private_memory(segment);
    entries.push_back({address, segment.memory.len});
  }
  const u64 table = build_.window().put(std::as_bytes(std::span(entries)));
  build_.finish_stores();
  build_.system_call(SYS_vmsplice, c.fd.v, table, c.iov.size(), c.flags.v);
}

void Encoder::put(const StoreCall& c) {
  const auto base = context_.user_pages.named(c.page);
  if (!base || u64{c.offset} + c.buf.len() > kPageNameBytes) {
    return build_.refuse("a store in more named memory than there is here");
  }
  build_.store(*base + c.offset, c.buf);
  build_.finish_stores();
  build_.special(Op::kStore);
}

}  // namespace ipcsim::host
