// Message queues by name: mq_open(), mq_unlink(), mq_getsetattr(). Linux ipc/mqueue.c.
#include "sim/kernel/sys_mqueue.hpp"

#include <optional>

#include "sim/kernel/files.hpp"
#include "sim/kernel/syscalls.hpp"

namespace ipcsim {
namespace {

/// Flags of mq_open() that do not stay in the file's status flags.
constexpr u32 kDroppedFlags = kOCreat | kOExcl | kONoctty | kOTrunc;
constexpr u32 kModeBits = 07777;

std::optional<MqueueId> find_queue(const KernelState& k, std::string_view name) {
  std::optional<MqueueId> found;
  k.mqueues.each([&](MqueueId id, const MqueueObject& queue) {
    if (queue.linked && queue.name == name) {
      found = id;
    }
  });
  return found;
}

/// Copies a name in. Errors: EFAULT, ENOENT, ENAMETOOLONG.
Errno check_pointer(const UserPtr<std::string>& name) {
  return name.kind == UserPtr<std::string>::Kind::kValue ? mq_check_path(name.value)
                                                         : Errno::kEFAULT;
}

PipeMode mode_of(u32 flags) {
  const u32 access = flags & kOAccmode;
  return {.read = access == kORdonly || access == kORdwr,
          .write = access == kOWronly || access == kORdwr};
}

/// The usual owner and other classes. Linux fs/namei.c: inode_permission().
bool may_open(const Credentials& cred, const MqueueObject& queue, PipeMode mode) {
  constexpr u32 kRead = 4;
  constexpr u32 kWrite = 2;
  constexpr u32 kOwnerShift = 6;
  const u32 wanted = (mode.read ? kRead : 0) | (mode.write ? kWrite : 0);
  const u32 granted = cred.uid.fs == queue.uid ? queue.mode >> kOwnerShift : queue.mode;
  return cred.effective.has(Cap::kDacOverride) || (granted & wanted) == wanted;
}

/// Makes a queue. Errors, in the order tested: ENOSPC, EINVAL, EMFILE.
/// Linux ipc/mqueue.c: mqueue_create_attr(), mqueue_get_inode().
Result<MqueueId> create_queue(KernelState& k, TaskId id, const MqOpenCall& call) {
  const Credentials& cred = k.cred(id);
  if (const Errno error = mq_check_count(k.mqueues.size(), k.mq_limits, cred.effective);
      error != Errno::kOk) {
    return fail(error);
  }
  const std::optional<MqSize> asked =
      call.attr.is_null() ? std::nullopt
                          : std::optional{MqSize{.mq_maxmsg = call.attr.value.mq_maxmsg,
                                                 .mq_msgsize = call.attr.value.mq_msgsize}};
  const Result<MqSize> size = mq_new_size(asked, k.mq_limits, cred.effective);
  if (!size) {
    return fail(size.error());
  }
  const UserId user = k.user_of(id);
  const u64 bytes = mq_bytes(*size);
  if (k.users[user.v].mq_bytes + bytes > k.process_of(id).rlimit_msgqueue) {
    return fail(Errno::kEMFILE);
  }
  k.users[user.v].mq_bytes += bytes;
  return k.mqueues.insert({.inode = {.attr = *size},
                           .wait_q = k.wait_queues.create(),
                           .name = call.name.value,
                           .user = user,
                           .bytes = bytes,
                           .mode = call.mode & kModeBits,
                           .uid = cred.uid.fs,
                           .serial = ++k.serial});
}

/// The queue that mq_open() means. Errors, in the order tested: EACCES and ENAMETOOLONG for the
/// name; ENOENT, or those of create_queue(); EEXIST, EINVAL, EACCES for one that exists.
Result<MqueueId> find_or_create(KernelState& k, TaskId id, const MqOpenCall& call) {
  const u32 flags = call.oflag.v;
  if (const Errno error = mq_check_name(call.name.value); error != Errno::kOk) {
    return fail(error);
  }
  const auto found = find_queue(k, call.name.value);
  if (!found) {
    return (flags & kOCreat) != 0 ? create_queue(k, id, call) : fail(Errno::kENOENT);
  }
  if ((flags & (kOCreat | kOExcl)) == (kOCreat | kOExcl)) {
    return fail(Errno::kEEXIST);
  }
  if ((flags & kOAccmode) == kOAccmode) {
    return fail(Errno::kEINVAL);
  }
  if (!may_open(k.cred(id), k.mqueues[*found], mode_of(flags))) {
    return fail(Errno::kEACCES);
  }
  return *found;
}

MqAttr attributes(const MqueueInode& queue, const File& file) {
  return {.mq_flags = file.f_flags & kONonblock,
          .mq_maxmsg = queue.attr.mq_maxmsg,
          .mq_msgsize = queue.attr.mq_msgsize,
          .mq_curmsgs = queue.mq_curmsgs()};
}

}  // namespace

File* find_mqueue_file(KernelState& k, TaskId id, Fd fd) {
  File* file = find_file(k, id, fd);
  return file != nullptr && file->kind == FileKind::kMqueue ? file : nullptr;
}

Section run(KernelState& k, TaskId id, const MqOpenCall& call) {
  const u32 flags = call.oflag.v;
  if (call.attr.is_bad()) {
    return Section::failed(Errno::kEFAULT);
  }
  if (const Errno error = check_pointer(call.name); error != Errno::kOk) {
    return Section::failed(error);
  }
  FdTable& table = k.fd_table(id);
  const Result<Fd> fd = table.reserve(Fd{0}, k.process_of(id).rlimit_nofile, true);
  if (!fd) {
    return Section::failed(fd.error());
  }
  const Result<MqueueId> queue = find_or_create(k, id, call);
  const Errno error = !queue                    ? queue.error()
                      : (flags & kODirect) != 0 ? Errno::kEINVAL
                                                : Errno::kOk;
  if (error != Errno::kOk) {
    table.unreserve(*fd);
    return Section::failed(error);
  }
  File file{.kind = FileKind::kMqueue,
            .mqueue = *queue,
            .f_count = 1,
            .f_flags = flags & ~kDroppedFlags,
            .f_mode = mode_of(flags)};
  if ((flags & kOPath) != 0) {
    file.path_only = true;
  } else {
    ++k.mqueues[*queue].files;
  }
  table.install(*fd, k.files.insert(file));
  return Section::returned(fd->v);
}

Section run(KernelState& k, TaskId id, const MqUnlinkCall& call) {
  if (const Errno error = check_pointer(call.name); error != Errno::kOk) {
    return Section::failed(error);
  }
  if (const Errno error = mq_check_name(call.name.value); error != Errno::kOk) {
    return Section::failed(error);
  }
  const auto found = find_queue(k, call.name.value);
  if (!found) {
    return Section::failed(Errno::kENOENT);
  }
  const Credentials& cred = k.cred(id);
  MqueueObject& queue = k.mqueues[*found];
  // The root directory is sticky.
  if (cred.uid.fs != queue.uid && cred.uid.fs != 0 && !cred.effective.has(Cap::kFowner)) {
    return Section::failed(Errno::kEPERM);
  }
  queue.linked = false;
  put_mqueue(k, *found);
  return Section::returned(0);
}

Section run(KernelState& k, TaskId id, const MqGetsetattrCall& call) {
  if (call.newattr.is_bad()) {
    return Section::failed(Errno::kEFAULT);
  }
  if (!call.newattr.is_null() && (call.newattr.value.mq_flags & ~i64{kONonblock}) != 0) {
    return Section::failed(Errno::kEINVAL);
  }
  File* file = find_mqueue_file(k, id, call.mqdes);
  if (file == nullptr) {
    return Section::failed(Errno::kEBADF);
  }
  const MqAttr old = attributes(k.mqueues[file->mqueue].inode, *file);
  if (!call.newattr.is_null()) {
    const bool nonblock = (call.newattr.value.mq_flags & kONonblock) != 0;
    file->f_flags = nonblock ? file->f_flags | kONonblock : file->f_flags & ~kONonblock;
  }
  switch (call.oldattr) {
    case OutPtr::kBad:
      return Section::failed(Errno::kEFAULT);  // the change stays made
    case OutPtr::kNull:
      return Section::returned(0);
    case OutPtr::kValid:
      break;
  }
  return Section::returned(0, old);
}

}  // namespace ipcsim
