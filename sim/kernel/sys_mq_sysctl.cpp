// The files of /proc/sys/fs/mqueue. Linux ipc/mq_sysctl.c, kernel/sysctl.c.
#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include <fmt/format.h>

#include "sim/kernel/ipc_namespace.hpp"
#include "sim/kernel/user_namespace.hpp"

namespace ipcsim {
namespace {

/// A limit: its file, its place, and which numbers it takes.
struct Limit {
  std::string_view name;
  u32 MqLimits::* place;
  i64 min;
  i64 max;
};

constexpr i64 kLeastMsgSize = 128;
constexpr std::array kLimits = std::to_array<Limit>({
    {"queues_max", &MqLimits::mq_queues_max, std::numeric_limits<i32>::min(),
     std::numeric_limits<i32>::max()},
    {"msg_max", &MqLimits::mq_msg_max, 1, kHardMsgMax},
    {"msgsize_max", &MqLimits::mq_msgsize_max, kLeastMsgSize, kHardMsgSizeMax},
    {"msg_default", &MqLimits::mq_msg_default, 1, kHardMsgMax},
    {"msgsize_default", &MqLimits::mq_msgsize_default, kLeastMsgSize, kHardMsgSizeMax},
});

constexpr std::string_view kFolder = "/proc/sys/fs/mqueue/";
constexpr std::string_view kBlank = " \t\n\v\f\r";
constexpr std::string_view kSeparators = " \t\n";

/// A number and how much of the text it is, with the blanks around it.
struct FirstNumber {
  i64 number = 0;
  u64 len = 0;
};

/// The first number of a text; what follows it must be a separator or nothing.
/// Linux kernel/sysctl.c: proc_get_long(), proc_skip_spaces().
std::optional<FirstNumber> first_number(std::string_view text) {
  const char* const start = text.data() + std::min(text.find_first_not_of(kBlank), text.size());
  const char* const stop = text.data() + text.size();
  FirstNumber first;
  const auto [end, error] = std::from_chars(start, stop, first.number);
  if (error != std::errc{} || (end != stop && kSeparators.find(*end) == std::string_view::npos)) {
    return std::nullopt;
  }
  const auto after = static_cast<std::size_t>(end - text.data());
  first.len = std::min(text.find_first_not_of(kBlank, after), text.size());
  return first;
}

u32& value_of(KernelState& k, const File& file) {
  return k.ipc_namespaces[file.ipc].mq_limits.*kLimits[file.mq_limit].place;
}

/// A worker of the kernel takes the files of an ended namespace away after a grace period of some
/// milliseconds: until then they work, and ENOENT afterwards. Linux ipc/namespace.c: free_ipc().
Section limit_of_ended_namespace() {
  return Section::not_modelled("a limit of an IPC namespace that has ended");
}

/// Who may write the limits of a namespace: user 0 of the user namespace that owns it, or of the
/// first one when it has none. Linux ipc/mq_sysctl.c: mq_set_ownership().
u32 owner_of_limits(const KernelState& k, IpcNsId ns) {
  const UserNsId owner = k.ipc_namespaces[ns].user_ns;
  return k.profile->mq_limits_of_namespace_root ? make_kid(k, owner, IdKind::kUser, 0).value_or(0)
                                                : 0;
}

}  // namespace

std::optional<u32> mq_limit_of_path(std::string_view path) {
  for (u32 i = 0; i < kLimits.size(); ++i) {
    if (path.starts_with(kFolder) && path.substr(kFolder.size()) == kLimits[i].name) {
      return i;
    }
  }
  return std::nullopt;
}

Section open_mq_limit(KernelState& k, TaskId id, u32 limit, u32 flags) {
  constexpr u32 kKnown =
      kOAccmode | kOCloexec | kOTrunc | kONonblock | kOLargefile | kOCreat | kOExcl | kOAppend;
  if ((flags & ~kKnown) != 0 || (flags & kOAccmode) == kOAccmode) {
    return Section::not_modelled("opening a limit with these flags");
  }
  if ((flags & kOCreat) != 0 && (flags & kOExcl) != 0) {
    return Section::failed(Errno::kEEXIST);
  }
  const bool write = (flags & kOAccmode) != kORdonly;
  if (write && k.cred(id).uid.effective != owner_of_limits(k, k.task(id).ipc)) {
    return Section::failed(Errno::kEACCES);
  }
  FdTable& table = k.fd_table(id);
  const Result<Fd> fd =
      table.reserve(Fd{0}, k.process_of(id).rlimit_nofile, (flags & kOCloexec) != 0);
  if (!fd) {
    return Section::failed(fd.error());
  }
  table.install(
      *fd,
      k.files.insert({.kind = FileKind::kMqLimit,
                      .f_count = 1,
                      .f_flags = (flags & ~kOTrunc & ~kOCloexec & ~kOCreat & ~kOExcl) | kOLargefile,
                      .f_mode = {.read = (flags & kOAccmode) != kOWronly, .write = write},
                      .ipc = k.task(id).ipc,
                      .mq_limit = limit}));
  return Section::returned(fd->v);
}

Section read_mq_limit(const KernelState& k, File& file, const UserSegment& buf) {
  if (ipc_namespace_ended(k, file.ipc)) {
    return limit_of_ended_namespace();
  }
  const u32 value = k.ipc_namespaces[file.ipc].mq_limits.*kLimits[file.mq_limit].place;
  const std::string text = fmt::format("{}\n", static_cast<i32>(value));
  if (file.f_pos > 0 || buf.len == 0) {
    return Section::returned(0);
  }
  const u64 len = std::min<u64>(buf.len, text.size());
  if (buf.mapped < len) {
    return Section::failed(Errno::kEFAULT);
  }
  file.f_pos += len;
  return Section::returned(static_cast<i64>(len),
                           ReadBytes{Payload::of_bytes(text.substr(0, len))});
}

Section write_mq_limit(KernelState& k, File& file, const UserSegment& buf) {
  if (ipc_namespace_ended(k, file.ipc)) {
    return limit_of_ended_namespace();
  }
  if (buf.mapped < buf.len) {
    return Section::failed(Errno::kEFAULT);
  }
  u64 taken = buf.len;
  if (file.f_pos == 0 && buf.len > 0) {  // what comes behind the start is ignored, with success
    const std::string text = buf.data.to_string().substr(0, buf.len);
    const Limit& limit = kLimits[file.mq_limit];
    const auto first = first_number(text);
    if (!first || first->number < limit.min || first->number > limit.max) {
      return Section::failed(Errno::kEINVAL);
    }
    value_of(k, file) = static_cast<u32>(first->number);
    taken = first->len;
  }
  file.f_pos += taken;
  return Section::returned(static_cast<i64>(taken));
}

}  // namespace ipcsim
