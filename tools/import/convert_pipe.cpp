// pipe2(), read(), write() and their vector forms.
#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <type_traits>

#include <fmt/format.h>

#include "tools/import/conversion.hpp"

namespace ipcsim::strace {
namespace {

/// The length of a transfer that a killed task never showed, if it made none like it before.
constexpr u64 kUnseenBytes = 65536;

/// The length that a read() asks for. One that was killed in it never shows it: programs read in
/// loops, with one length.
u64 length_asked(Conversion& c, Fd fd, const Node* count) {
  if (count != nullptr) {
    const u64 len = c.args.size(count, "count");
    c.task.asked_for[fd.v] = len;
    return len;
  }
  const auto before = c.task.asked_for.find(fd.v);
  return before == c.task.asked_for.end() ? kUnseenBytes : before->second;
}

/// Both descriptors of "[3, 4]".
std::optional<PipeFds> pipe_fds(Conversion& c, const Node& list) {
  if (list.kind != Node::Kind::kList || list.items.size() != 2) {
    c.args.expected(&list, "pipefd", "two descriptors, as in [3, 4]");
    return std::nullopt;
  }
  return PipeFds{c.args.fd(&list.items[0], "pipefd[0]"), c.args.fd(&list.items[1], "pipefd[1]")};
}

PipeFds lowest_two(const Conversion& c) {
  const auto [read, write] = lowest_free(c.files());
  return {read, write};
}

Plan convert_pipe2(Conversion& c) {
  Pipe2Call call;
  const Node* pipefd = c.args.at(0);
  if (c.name() == "pipe2") {
    call.flags = c.args.open_flags(c.args.at(1), "flags");
  }
  call.pipefd = c.args.out_ptr(pipefd, "pipefd", c.faulted());
  if (!c.result.ok()) {
    return c.keep(call);
  }
  if (pipefd == nullptr) {
    return {};
  }
  // With -s 0 the pair is cut: it is the two lowest numbers that are free.
  const bool cut = pipefd->kind == Node::Kind::kList && !pipefd->items.empty() &&
                   pipefd->items.back().kind == Node::Kind::kCut;
  const auto fds = cut ? std::optional{lowest_two(c)} : pipe_fds(c, *pipefd);
  if (!fds || c.args.problem()) {
    return {};
  }
  const bool passed = c.state.passed_pipes.contains(c.record.line);
  const FdKind kind = passed ? FdKind::kForeignPipe : FdKind::kPipe;
  c.expect_fd(fds->read.v, kind);
  c.expect_fd(fds->write.v, kind);
  for (const Node& item : pipefd->items) {
    if (item.annotation) {
      c.state.pipe_names.insert_or_assign(std::string(*item.annotation), c.record.line);
    }
  }
  const bool cloexec = (call.flags.v & kOCloexec) != 0;
  Plan plan = passed ? Plan::of(Plan::Fate::kKept) : c.keep(call, *fds);
  if (passed) {
    for (const Fd fd : {fds->read, fds->write}) {
      plan.other_fds.push_back({fd, cloexec, "a pipe that goes where no line shows it"});
    }
  }
  plan.at_exit = [table = c.task.files, fds = *fds, cloexec, kind, made_at = c.record.line,
                  nonblock = (call.flags.v & kONonblock) != 0] {
    for (const Fd fd : {fds.read, fds.write}) {
      table->install(fd.v, kind, cloexec);
      table->set_nonblock(fd.v, std::make_shared<bool>(nonblock));
      table->set_pipe(fd.v, made_at, fd.v == fds.read.v);
    }
  };
  return plan;
}

/// True when the result fits the length that was asked for.
bool check_transferred(Conversion& c, u64 asked) {
  if (c.result.ok() && (c.result.value < 0 || static_cast<u64>(c.result.value) > asked)) {
    c.args.fail(fmt::format("{} of {} bytes returned {}; expected no more than was asked for",
                            c.name(), asked, c.result.value));
    return false;
  }
  return !c.args.problem();
}

/// The place and the flags of a call that has them, behind its length.
template <class T>
void take_place(Conversion& c, T& call) {
  if constexpr (requires { call.offset; }) {
    call.offset = c.args.number(c.args.at(3), "offset");
  }
  if constexpr (requires { call.flags; }) {
    call.flags.v = static_cast<u32>(c.args.flags(c.args.at(4), "flags", rw_flag_names()));
  }
}

/// A call that returns at once because nothing can be done, or not all, shows O_NONBLOCK.
template <class T>
void look_for_nonblock(Conversion& c, const T& call, u64 asked) {
  constexpr i64 kAtOnceNs = 1'000'000;
  if constexpr (requires { call.flags; }) {
    return;  // RWF_NOWAIT may be the reason
  }
  constexpr bool kWrites = std::is_same_v<T, WriteCall> || std::is_same_v<T, WritevCall>;
  const bool partly = kWrites && c.result.ok() && !c.record.split && c.result.value > 0 &&
                      static_cast<u64>(c.result.value) < asked &&
                      c.result.duration_ns.value_or(kAtOnceNs) < kAtOnceNs;
  if (partly || c.result.failed_with("EAGAIN")) {
    c.shows_nonblock(call.fd, true);
  }
}

/// write() to a file of /proc/sys/fs that limits pipes.
std::optional<Plan> convert_sysctl(Conversion& c) {
  constexpr std::string_view kPrefix = "/proc/sys/fs/pipe-";
  const Node* fd = c.args.at(0);
  const Node* text = c.args.at(1);
  const FdSlot* slot = fd == nullptr ? nullptr : c.files().find(static_cast<i32>(fd->number));
  if (slot == nullptr || slot->kind != FdKind::kOther || !slot->path.starts_with(kPrefix) ||
      !c.result.ok() || text == nullptr || text->kind != Node::Kind::kString) {
    return std::nullopt;
  }
  i64 value = 0;
  const auto [end, error] =
      std::from_chars(text->bytes.data(), text->bytes.data() + text->bytes.size(), value);
  if (error != std::errc{} || value < 0) {
    return std::nullopt;
  }
  const std::string name = "fs." + slot->path.substr(std::string_view("/proc/sys/fs/").size());
  Plan plan = c.keep(SysctlCall{name, value});
  plan.calls.front().result = SysResult::success(0);
  return plan;
}

template <class T>
Plan convert_write(Conversion& c) {
  const FdKind kind = c.use(0);
  if (auto plan = convert_sysctl(c)) {
    return *std::move(plan);
  }
  if (auto plan = convert_id_map(c)) {
    return *std::move(plan);
  }
  if (auto plan = c.drop(kind)) {
    return *std::move(plan);
  }
  const u64 count = c.args.size(c.args.at(2), "count");
  T call{c.args.fd(c.args.at(0), "fd"), c.args.in_buffer(c.args.at(1), "buf", count)};
  take_place(c, call);
  look_for_nonblock(c, call, count);
  return check_transferred(c, count) ? c.keep(call) : Plan{};
}

template <class T>
Plan convert_read(Conversion& c) {
  const FdKind kind = c.use(0);
  if (auto plan = c.drop(kind)) {
    return *std::move(plan);
  }
  const Node* buf = c.args.at(1);
  const Node* count = c.args.at(2);
  T call{c.args.fd(c.args.at(0), "fd"), {}};
  take_place(c, call);
  call.buf.len = length_asked(c, call.fd, count);
  if (c.faulted() || (buf != nullptr && is_null(*buf))) {
    call.buf.mapped = 0;
  }
  look_for_nonblock(c, call, call.buf.len);
  if (!check_transferred(c, call.buf.len)) {
    return {};
  }
  Output out;
  if (c.result.ok() && c.result.value > 0) {
    out = ReadBytes{c.args.payload(buf, "buf", static_cast<u64>(c.result.value))};
  }
  return c.keep(call, std::move(out));
}

/// The bytes that a readv() put into its buffers one after the other.
Payload gathered(Conversion& c, const Node& list, u64 len) {
  std::string known;
  bool all_known = true;
  u64 left = len;
  for (const Node& item : list.items) {
    const Node* iov_len = item.member("iov_len");
    const u64 here = std::min(left, iov_len == nullptr ? 0 : iov_len->number);
    if (here == 0) {
      continue;
    }
    left -= here;
    const Payload part = c.args.payload(item.member("iov_base"), "iov_base", here);
    if (all_known) {
      known += part.stored_bytes();
      all_known = part.known();
    }
  }
  if (c.args.problem() || known.size() > len) {
    return {};
  }
  return all_known ? Payload::of_bytes(known) : Payload::of_unknown(len, known);
}

template <class T>
Plan convert_readv(Conversion& c) {
  const FdKind kind = c.use(0);
  if (auto plan = c.drop(kind)) {
    return *std::move(plan);
  }
  const Node* list = c.args.at(1);
  T call{c.args.fd(c.args.at(0), "fd"), c.args.iov(list, "iov", true)};
  take_place(c, call);
  if (list == nullptr) {
    call.iov.push_back({.data = {}, .len = kUnseenBytes});
  }
  if (c.faulted()) {
    for (UserSegment& segment : call.iov) {
      segment.mapped = 0;
    }
  }
  look_for_nonblock(c, call, total_len(call.iov));
  if (!check_transferred(c, total_len(call.iov))) {
    return {};
  }
  Output out;
  if (c.result.ok() && c.result.value > 0) {
    out = ReadBytes{gathered(c, *list, static_cast<u64>(c.result.value))};
  }
  return c.keep(call, std::move(out));
}

template <class T>
Plan convert_writev(Conversion& c) {
  const FdKind kind = c.use(0);
  if (auto plan = c.drop(kind)) {
    return *std::move(plan);
  }
  T call{c.args.fd(c.args.at(0), "fd"), c.args.iov(c.args.at(1), "iov", false)};
  take_place(c, call);
  look_for_nonblock(c, call, total_len(call.iov));
  return check_transferred(c, total_len(call.iov)) ? c.keep(call) : Plan{};
}

constexpr std::array kConverters = std::to_array<NamedConverter>({
    {"pipe", convert_pipe2},
    {"pipe2", convert_pipe2},
    {"pread64", convert_read<Pread64Call>},
    {"preadv", convert_readv<PreadvCall>},
    {"preadv2", convert_readv<Preadv2Call>},
    {"pwrite64", convert_write<Pwrite64Call>},
    {"pwritev", convert_writev<PwritevCall>},
    {"pwritev2", convert_writev<Pwritev2Call>},
    {"read", convert_read<ReadCall>},
    {"readv", convert_readv<ReadvCall>},
    {"write", convert_write<WriteCall>},
    {"writev", convert_writev<WritevCall>},
});

}  // namespace

std::span<const NamedConverter> pipe_converters() { return kConverters; }

}  // namespace ipcsim::strace
