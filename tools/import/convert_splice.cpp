// splice(), tee(), sendfile() and vmsplice().
#include <array>

#include <fmt/format.h>
#include <range/v3/algorithm/any_of.hpp>

#include "tools/import/conversion.hpp"

namespace ipcsim::strace {
namespace {

/// The ends of a call: what they are, and what becomes of the call if not itself.
struct Ends {
  FdKind in = FdKind::kClosed;
  FdKind out = FdKind::kClosed;
  std::optional<Plan> dropped;
};

Ends use_ends(Conversion& c, std::size_t in_at, std::size_t out_at) {
  Ends ends{c.use(in_at), c.use(out_at), std::nullopt};
  const bool ours = is_ours(ends.in) || is_ours(ends.out);
  if (!ours) {
    ends.dropped = c.drop(ends.in == FdKind::kOther ? ends.out : ends.in);
    return ends;
  }
  for (const FdKind kind : {ends.in, ends.out}) {
    if (kind == FdKind::kInheritedPipe || kind == FdKind::kForeignPipe) {
      if (c.result.ok() || c.never_returns) {
        c.args.unsupported(
            fmt::format("{} between a pipe of this log and one that cannot be imported", c.name()));
      }
      ends.dropped = Plan::no_effect();
    }
  }
  return ends;
}

/// "[5]", or NULL, or an address that could not be read.
UserPtr<i64> offset(Conversion& c, const Node* node, std::string_view name) {
  if (node == nullptr || is_null(*node)) {
    return {};
  }
  if (is_address(*node)) {
    return UserPtr<i64>::bad();
  }
  if (node->kind != Node::Kind::kList || node->items.size() != 1) {
    c.args.expected(node, name, "NULL, an address or one number, as in [0]");
    return {};
  }
  return UserPtr<i64>::of(c.args.number(&node->items[0], name));
}

/// "[0] => [5]": where the pointer goes on.
std::optional<i64> offset_after(Conversion& c, const Node* node, std::string_view name) {
  if (node == nullptr || node->after.empty() || node->after[0].items.size() != 1) {
    return std::nullopt;
  }
  return c.args.number(&node->after[0].items[0], name);
}

SpliceFlags flags(Conversion& c, std::size_t at) {
  return SpliceFlags{static_cast<u32>(c.args.flags(c.args.at(at), "flags", splice_flag_names()))};
}

bool is_device(Conversion& c, std::size_t at) {
  const Node* node = c.args.at(at);
  const FdSlot* slot = node == nullptr ? nullptr : c.files().find(static_cast<i32>(node->number));
  return slot != nullptr && is_known_device(slot->path);
}

/// True for an error that a file which is not under study may be the reason of: it cannot be
/// spliced at all, or is not open that way. No pipe is changed then.
bool may_be_the_files(const Conversion& c) {
  return c.result.failed_with("EINVAL") || c.result.failed_with("EBADF");
}

/// The same for the file that bytes go to, which may be full as well, or a socket that nobody
/// reads.
bool may_be_the_targets(const Conversion& c) {
  constexpr std::array kErrors = std::to_array<std::string_view>(
      {"EFBIG", "ENOSPC", "EDQUOT", "EIO", "EPERM", "EPIPE", "ECONNRESET", "ENOTCONN"});
  return may_be_the_files(c) || ranges::any_of(kErrors, [&](std::string_view error) {
           return c.result.failed_with(error);
         });
}

/// How much a file that is not under study had, nobody knows: as much as it gave. True when the
/// call did nothing because of the file, and is left out.
bool clip_to_file(Conversion& c, u64& len) {
  if (!c.result.ok()) {
    return may_be_the_files(c);
  }
  if (c.result.value > 0) {
    len = static_cast<u64>(c.result.value);
  }
  return c.result.value == 0 && len > 0;
}

Plan convert_splice(Conversion& c) {
  Ends ends = use_ends(c, 0, 2);
  if (ends.dropped) {
    return *std::move(ends.dropped);
  }
  const Node* off_in = c.args.at(1);
  const Node* off_out = c.args.at(3);
  SpliceCall call{.fd_in = c.args.fd(c.args.at(0), "fd_in"),
                  .off_in = offset(c, off_in, "off_in"),
                  .fd_out = c.args.fd(c.args.at(2), "fd_out"),
                  .off_out = offset(c, off_out, "off_out"),
                  .len = c.args.size(c.args.at(4), "len"),
                  .flags = flags(c, 5)};
  if (ends.in == FdKind::kOther && !is_device(c, 0) && clip_to_file(c, call.len)) {
    return Plan::no_effect();
  }
  if (ends.out == FdKind::kOther && !is_device(c, 2) && may_be_the_targets(c)) {
    return Plan::no_effect();
  }
  const Offsets offsets{.off_in = offset_after(c, off_in, "off_in"),
                        .off_out = offset_after(c, off_out, "off_out")};
  return c.keep(call, c.result.ok() && offsets.any() ? Output{offsets} : Output{});
}

Plan convert_tee(Conversion& c) {
  Ends ends = use_ends(c, 0, 1);
  if (ends.dropped) {
    return *std::move(ends.dropped);
  }
  return c.keep(TeeCall{.fd_in = c.args.fd(c.args.at(0), "fdin"),
                        .fd_out = c.args.fd(c.args.at(1), "fdout"),
                        .len = c.args.size(c.args.at(2), "len"),
                        .flags = flags(c, 3)});
}

Plan convert_sendfile(Conversion& c) {
  Ends ends = use_ends(c, 1, 0);
  if (ends.dropped) {
    return *std::move(ends.dropped);
  }
  const Node* where = c.args.at(2);
  SendfileCall call{.out_fd = c.args.fd(c.args.at(0), "out_fd"),
                    .in_fd = c.args.fd(c.args.at(1), "in_fd"),
                    .offset = offset(c, where, "offset"),
                    .count = c.args.size(c.args.at(3), "count")};
  if (ends.in == FdKind::kOther && !is_device(c, 1) && clip_to_file(c, call.count)) {
    return Plan::no_effect();
  }
  if (ends.in == FdKind::kPipe && ends.out == FdKind::kOther && !is_device(c, 0) &&
      may_be_the_targets(c)) {
    return Plan::no_effect();  // it depends on how the other file was opened
  }
  const Offsets offsets{.offset = offset_after(c, where, "offset")};
  return c.keep(call, c.result.ok() && offsets.any() ? Output{offsets} : Output{});
}

/// Where in its page memory begins, when the ring was full before all of it was in: the bytes that
/// went in end where a page ends.
void place_in_page(const Conversion& c, VmspliceCall& call) {
  constexpr u64 kPage = 4096;
  constexpr u64 kMostNamed = u64{1} << 20U;
  const u64 done = c.result.ok() ? static_cast<u64>(c.result.value) : 0;
  if (call.iov.size() != 1 || done == 0 || done >= call.iov[0].memory.len || done % kPage == 0) {
    return;
  }
  const u64 offset = kPage - done % kPage;
  if (offset + call.iov[0].memory.len <= kMostNamed) {
    call.iov[0].page = fmt::format("line {}", c.record.line);
    call.iov[0].offset = static_cast<u32>(offset);
  }
}

/// Which page a buffer is in, and what is stored in it later, no log shows.
Plan convert_vmsplice(Conversion& c) {
  const FdKind kind = c.use(0);
  if (auto plan = c.drop(kind)) {
    return *std::move(plan);
  }
  VmspliceCall call{.fd = c.args.fd(c.args.at(0), "fd"), .iov = {}, .flags = flags(c, 3)};
  const FdSlot* slot = c.files().find(call.fd.v);
  const bool fills = slot != nullptr && slot->read_end;
  for (UserSegment& memory : c.args.iov(c.args.at(1), "iov", fills)) {
    call.iov.push_back({.memory = std::move(memory), .page = {}, .offset = 0});
  }
  if (fills) {
    // strace shows what the memory held before.
    const u64 len = c.result.ok() ? static_cast<u64>(c.result.value) : 0;
    return c.keep(std::move(call),
                  len > 0 ? Output{ReadBytes{Payload::of_unknown(len)}} : Output{});
  }
  place_in_page(c, call);
  return c.keep(std::move(call));
}

constexpr std::array kConverters = std::to_array<NamedConverter>({
    {"sendfile", convert_sendfile},
    {"splice", convert_splice},
    {"tee", convert_tee},
    {"vmsplice", convert_vmsplice},
});

}  // namespace

std::span<const NamedConverter> splice_converters() { return kConverters; }

}  // namespace ipcsim::strace
