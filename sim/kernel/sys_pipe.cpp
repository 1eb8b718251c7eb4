// pipe2() and the questions that only a pipe answers. Linux fs/pipe.c.
#include "sim/kernel/sys_pipe.hpp"

#include "sim/kernel/file_system.hpp"
#include "sim/kernel/files.hpp"
#include "sim/kernel/syscalls.hpp"
#include "sim/kernel/wake.hpp"

namespace ipcsim {
namespace {

constexpr u32 kPipe2Flags = kOCloexec | kONonblock | kODirect | kONotificationPipe;

/// The two files of a new pipe, read end first. Linux fs/pipe.c: create_pipe_files().
Result<std::pair<FileId, FileId>> create_pipe_files(KernelState& k, TaskId id, u32 flags) {
  const Result<PipeId> pipe = make_pipe(k, id);
  if (!pipe) {
    return fail(pipe.error());
  }
  PipeObject& object = k.pipes[*pipe];
  object.anonymous = true;
  object.alone = stands_alone(object, *k.profile);
  object.node = make_pipe_node(k, id, *pipe);
  object.inode.readers = 1;
  object.inode.writers = 1;
  object.inode.files = 2;
  const auto make = [&](u32 f_flags, PipeMode mode) {
    get_node(k, object.node);
    return k.files.insert({.kind = FileKind::kPipe,
                           .pipe = *pipe,
                           .node = object.node,
                           .f_count = 1,
                           .f_flags = f_flags,
                           .f_mode = mode,
                           .nowait = k.profile->nowait_on_pipes});
  };
  const FileId read = make(kORdonly | (flags & kONonblock), {.read = true});
  const FileId write = make(kOWronly | (flags & (kONonblock | kODirect)), {.write = true});
  return std::pair{read, write};
}

}  // namespace

Section run(KernelState& k, TaskId id, const Pipe2Call& call) {
  const u32 flags = call.flags.v;
  if ((flags & ~kPipe2Flags) != 0) {
    return Section::failed(Errno::kEINVAL);
  }
  if ((flags & kONotificationPipe) != 0) {
    return Section::failed(Errno::kENOPKG);
  }
  const auto files = create_pipe_files(k, id, flags);
  if (!files) {
    return Section::failed(files.error());
  }
  const auto undo = [&](Errno error) {
    fput(k, id, files->first);
    fput(k, id, files->second);
    return Section::failed(error);
  };
  FdTable& table = k.fd_table(id);
  const u64 limit = k.process_of(id).rlimit_nofile;
  const bool cloexec = (flags & kOCloexec) != 0;
  const Result<Fd> read = table.reserve(Fd{0}, limit, cloexec);
  if (!read) {
    return undo(read.error());
  }
  const Result<Fd> write = table.reserve(Fd{0}, limit, cloexec);
  if (!write) {
    table.unreserve(*read);
    return undo(write.error());
  }
  if (call.pipefd != OutPtr::kValid) {
    table.unreserve(*write);
    table.unreserve(*read);
    return undo(Errno::kEFAULT);
  }
  table.install(*read, files->first);
  table.install(*write, files->second);
  return Section::returned(0, PipeFds{*read, *write});
}

Section pipe_fcntl(KernelState& k, TaskId id, PipeId pipe, const FcntlCall& call) {
  PipeObject& object = k.pipes[pipe];
  if (call.cmd.v == kFGetpipeSz) {
    return Section::returned(static_cast<i64>(pipe_get_size(object.inode, k.pages.page_size()).v));
  }
  // The argument is a C int that is taken as an unsigned one; once it was a long.
  const Bytes size{k.profile->set_size_arg_is_int ? static_cast<u32>(call.arg)
                                                  : static_cast<u64>(call.arg)};
  PipeEffects effects;
  const Result<Bytes> capacity =
      pipe_set_size(object.inode, size, k.users[object.user.v].pipe, k.pipe_limits,
                    k.cred(id).machine_caps(), k.pages.page_size(), *k.profile, effects);
  apply_effects(k, id, pipe, effects);
  if (capacity && k.profile->resize_wakes_too_early) {
    // Whoever was woken looks before the new size holds. (The pipe's mutex is held until then, but
    // a sleeper looks without it.)
    const FileId file = k.fd_table(id).file(call.fd);
    ++k.files[file].f_count;
    k.task(id).progress = ResizeInProgress{
        .file = file, .slots = static_cast<u32>(capacity->v / k.pages.page_size())};
    return Section::goes_on();
  }
  return capacity ? Section::returned(static_cast<i64>(capacity->v))
                  : Section::failed(capacity.error());
}

Section finish_resize(KernelState& k, const ResizeInProgress& resize) {
  PipeInode& pipe = k.pipes[k.files[resize.file].pipe].inode;
  pipe_use_ring(pipe, resize.slots);
  return Section::returned(static_cast<i64>(pipe_get_size(pipe, k.pages.page_size()).v));
}

Section pipe_ioctl_fionread(const KernelState& k, PipeId pipe, OutPtr arg) {
  if (arg != OutPtr::kValid) {
    return Section::failed(Errno::kEFAULT);
  }
  return Section::returned(0, IntOut{static_cast<i32>(pipe_fionread(k.pipes[pipe].inode).v)});
}

}  // namespace ipcsim
