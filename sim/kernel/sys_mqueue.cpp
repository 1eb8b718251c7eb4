// Message queues by name: mq_open(), mq_unlink(), mq_getsetattr(). Linux ipc/mqueue.c.
#include "sim/kernel/sys_mqueue.hpp"

#include <optional>
#include <utility>

#include "sim/kernel/file_system.hpp"
#include "sim/kernel/files.hpp"
#include "sim/kernel/mqueue_fs.hpp"
#include "sim/kernel/syscalls.hpp"

namespace ipcsim {
namespace {

/// Flags of mq_open() that do not stay in the file's status flags.
constexpr u32 kDroppedFlags = kOCreat | kOExcl | kONoctty | kOTrunc;

/// The place of a name in the folder of the task's namespace.
Path place_of(const KernelState& k, TaskId id, const std::string& name) {
  const InodeId folder = k.ipc_namespaces[k.task(id).ipc].folder;
  return {.parent = folder, .last = name, .node = find_entry(k.inodes[folder], name)};
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

u32 access_mask(PipeMode mode) { return (mode.read ? kMayRead : 0) | (mode.write ? kMayWrite : 0); }

std::optional<MqSize> size_asked(const UserPtr<MqAttr>& attr) {
  return attr.is_null() ? std::nullopt
                        : std::optional{MqSize{.mq_maxmsg = attr.value.mq_maxmsg,
                                               .mq_msgsize = attr.value.mq_msgsize}};
}

/// Whether a name may be looked up: older kernels ask for search permission on the folder.
/// Errors: EACCES.
Errno may_look_up(const KernelState& k, TaskId id, InodeId folder) {
  return k.profile->mq_root_search_permission
             ? inode_permission(k, k.cred(id), k.inodes[folder], kMayExec)
             : Errno::kOk;
}

/// The queue that mq_open() means. Errors, in the order tested: EACCES and ENAMETOOLONG for the
/// name; EACCES for the folder; ENOENT, EROFS, or those of make_queue(); EEXIST, EINVAL, EROFS,
/// EACCES for one that exists.
Result<InodeId> find_or_create(KernelState& k, TaskId id, const MqOpenCall& call) {
  const u32 flags = call.oflag.v;
  if (const Errno error = mq_check_name(call.name.value); error != Errno::kOk) {
    return fail(error);
  }
  const Path path = place_of(k, id, call.name.value);
  if (const Errno error = may_look_up(k, id, path.parent); error != Errno::kOk) {
    return fail(error);
  }
  const bool frozen = read_only(k, k.inodes[path.parent]);
  if (path.node == kNoInode) {
    if ((flags & kOCreat) == 0 || frozen) {
      return fail((flags & kOCreat) == 0 ? Errno::kENOENT : Errno::kEROFS);
    }
    const u32 mode = call.mode & kModeBits & ~k.fs_context(id).umask;
    return make_queue(k, id, path, mode, size_asked(call.attr));
  }
  if ((flags & (kOCreat | kOExcl)) == (kOCreat | kOExcl)) {
    return fail(Errno::kEEXIST);
  }
  if ((flags & kOAccmode) == kOAccmode) {
    return fail(Errno::kEINVAL);
  }
  const u32 mask = access_mask(mode_of(flags));
  if (frozen && (mask & kMayWrite) != 0) {
    return fail(Errno::kEROFS);
  }
  const Errno error = inode_permission(k, k.cred(id), k.inodes[path.node], mask);
  return error == Errno::kOk ? Result<InodeId>(path.node) : fail(error);
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
  if (auto why = beyond_entry(call)) {
    return Section::not_modelled(std::move(*why));
  }
  if (call.entry == MqEntry::kLibc) {
    const Result<MqOpenCall> inner = libc_call(call);
    return inner ? run(k, id, *inner) : Section::failed(inner.error());
  }
  const u32 flags = call.oflag.v;
  // The entry of 32-bit programs leaves the attributes alone where they do not matter.
  if (call.attr.is_bad() && (call.entry == MqEntry::kSyscall || (flags & kOCreat) != 0)) {
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
  const Result<InodeId> node = find_or_create(k, id, call);
  const Errno error = !node ? node.error() : (flags & kODirect) != 0 ? Errno::kEINVAL : Errno::kOk;
  if (error != Errno::kOk) {
    table.unreserve(*fd);
    return Section::failed(error);
  }
  File file{
      .kind = FileKind::kMqueue,
      .mqueue = k.inodes[*node].queue().queue,
      .node = *node,
      .f_count = 1,
      // With O_PATH nothing is opened, and nothing dropped. Linux fs/open.c: do_dentry_open().
      .f_flags = (flags & kOPath) != 0 ? flags : flags & ~kDroppedFlags,
      .f_mode = mode_of(flags)};
  file.path_only = (flags & kOPath) != 0;
  get_node(k, *node);
  table.install(*fd, k.files.insert(file));
  return Section::returned(fd->v);
}

Section run(KernelState& k, TaskId id, const MqUnlinkCall& call) {
  if (auto why = beyond_entry(call)) {
    return Section::not_modelled(std::move(*why));
  }
  if (call.entry == MqEntry::kLibc) {
    const Result<MqUnlinkCall> inner = libc_call(call);
    Section section = inner ? run(k, id, *inner) : Section::failed(inner.error());
    section.result.error = libc_unlink_error(section.result.error);
    return section;
  }
  if (const Errno error = check_pointer(call.name); error != Errno::kOk) {
    return Section::failed(error);
  }
  if (read_only(k, k.inodes[k.ipc_namespaces[k.task(id).ipc].folder])) {
    return Section::failed(Errno::kEROFS);
  }
  if (const Errno error = mq_check_name(call.name.value); error != Errno::kOk) {
    return Section::failed(error);
  }
  const Path path = place_of(k, id, call.name.value);
  if (const Errno error = may_look_up(k, id, path.parent); error != Errno::kOk) {
    return Section::failed(error);
  }
  if (path.node == kNoInode) {
    return Section::failed(Errno::kENOENT);
  }
  if (const Errno error = may_delete(k, id, path, false); error != Errno::kOk) {
    return Section::failed(error);
  }
  remove_entry(k, path.parent, path.last);
  return Section::returned(0);
}

Section run(KernelState& k, TaskId id, const MqGetsetattrCall& call) {
  if (auto why = beyond_entry(call)) {
    return Section::not_modelled(std::move(*why));
  }
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
    touch_queue(k, k.mqueues[file->mqueue], kLookTimes);
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
