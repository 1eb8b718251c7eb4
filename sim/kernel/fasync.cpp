#include "sim/kernel/fasync.hpp"

#include <limits>

#include <range/v3/algorithm/find.hpp>

#include "sim/kernel/pid_namespace.hpp"
#include "sim/kernel/signals.hpp"

namespace ipcsim {
namespace {

constexpr PollEvents kBandIn{kPollIn | kPollRdNorm};
constexpr PollEvents kBandOut{kPollOut | kPollWrNorm | 0x200};  // POLLWRBAND
/// SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV, SIGCHLD, SIGSYS: their codes have a meaning already.
constexpr u32 kWithCodes[] = {4, 5, 7, 8, 11, 17, 31};

void set_on_list(std::vector<FasyncEntry>& list, FileId file, Fd fd, bool on) {
  const auto entry = ranges::find(list, file, &FasyncEntry::file);
  if (!on) {
    if (entry != list.end()) {
      list.erase(entry);
    }
  } else if (entry != list.end()) {
    entry->fd = fd;
  } else {
    list.insert(list.begin(), {file, fd});
  }
}

/// Linux fs/fcntl.c: sigio_perm().
bool may_signal(const FileOwner& owner, const Credentials& target) {
  return owner.euid == 0 || owner.euid == target.uid.saved || owner.euid == target.uid.real ||
         owner.uid == target.uid.saved || owner.uid == target.uid.real;
}

/// True when a process lives that the task leads, or led until it ended.
bool leads(const KernelState& k, TaskId task) {
  return task.v >= 1 && task.v <= k.tasks.size() && k.process_of(task).leader == task &&
         k.process_of(task).live_threads > 0;
}

/// True when the number stands for somebody. Linux kernel/pid.c: find_vpid().
bool number_in_use(const KernelState& k, TaskId task) { return k.exists(task) || leads(k, task); }

/// The owner as it is told, kNoTask when it is gone, a thread that leads no process and should, or
/// nobody for the caller. Linux fs/fcntl.c: f_getown().
TaskId told_owner(const KernelState& k, TaskId caller, const FileOwner& owner) {
  const bool there =
      owner.type == OwnerType::kTid ? number_in_use(k, owner.pid) : leads(k, owner.pid);
  return there && has_number_for(k, caller, owner.pid) ? owner.pid : kNoTask;
}

/// A signal of F_SETSIG comes with band and descriptor, SIGIO by default with nothing.
/// Linux fs/fcntl.c: send_sigio_to_task().
SignalInfo info_of(const FileOwner& owner, Fd fd, SignalCode code) {
  if (owner.signum.v == 0) {
    return SignalInfo::of(kSigio, kSiKernel);
  }
  SignalInfo info = SignalInfo::of(owner.signum, code);
  if (ranges::find(kWithCodes, owner.signum.v) != std::end(kWithCodes)) {
    info.code = kSiSigio;
  }
  info.band = code == kSiPollIn ? kBandIn : kBandOut;
  info.fd = fd;
  return info;
}

/// Any number that is in use will do, also that of a thread for a process. Errors, in the order
/// tested: EINVAL (type), ESRCH. Linux fs/fcntl.c: f_setown(), f_setown_ex().
Section set_owner(KernelState& k, TaskId id, File& file, OwnerType type, TaskId pid) {
  FileOwner owner{.type = type, .pid = pid, .signum = file.f_owner.signum};
  if (pid != kNoTask && !(number_in_use(k, pid) && has_number_for(k, id, pid))) {
    return Section::failed(Errno::kESRCH);
  }
  if (pid != kNoTask) {
    owner.uid = k.cred(id).uid.real;
    owner.euid = k.cred(id).uid.effective;
  }
  file.f_owner = owner;
  return Section::returned(0);
}

}  // namespace

void pipe_fasync(KernelState& k, FileId id, Fd fd, bool on) {
  File& file = k.files[id];
  if (file.kind != FileKind::kPipe || file.path_only) {
    return;
  }
  file.f_flags = on ? file.f_flags | kOAsync : file.f_flags & ~kOAsync;
  PipeObject& pipe = k.pipes[file.pipe];
  if (!on && !pipe.fasync) {
    return;
  }
  FasyncLists& lists = pipe.fasync ? *pipe.fasync : pipe.fasync.emplace();
  if (file.f_mode.read) {
    set_on_list(lists.readers, id, fd, on);
  }
  if (file.f_mode.write) {
    set_on_list(lists.writers, id, fd, on);
  }
  if (lists.readers.empty() && lists.writers.empty()) {
    pipe.fasync = {};
  }
  pipe.alone = stands_alone(pipe, *k.profile);
}

void kill_fasync(KernelState& k, const std::vector<FasyncEntry>& list, SignalCode code) {
  for (const FasyncEntry& entry : list) {
    const FileOwner& owner = k.files[entry.file].f_owner;
    const TaskId target = owner.pid;
    if (!number_in_use(k, target) || !may_signal(owner, k.cred(target))) {
      continue;
    }
    const SignalInfo info = info_of(owner, entry.fd, code);
    if (owner.type == OwnerType::kPid) {
      // The number may be that of any thread: its process gets the signal. fs/fcntl.c: send_sigio()
      send_signal_to_process(k, target, info);
    } else if (k.exists(target)) {
      send_signal_to_task(k, target, info);
    }
  }
}

std::optional<Section> owner_fcntl(KernelState& k, TaskId id, File& file, const FcntlCall& call) {
  const FileOwner& owner = file.f_owner;
  switch (call.cmd.v) {
    case kFSetown: {
      const i32 who = static_cast<i32>(call.arg);
      if (who == std::numeric_limits<i32>::min()) {
        return Section::failed(Errno::kEINVAL);
      }
      if (who < 0) {
        return Section::not_modelled("F_SETOWN with a process group");
      }
      return set_owner(k, id, file, OwnerType::kPid, TaskId{static_cast<u32>(who)});
    }
    case kFGetown:
      return Section::returned(told_owner(k, id, owner).v);
    case kFSetsig:
      if (call.arg < 0 || call.arg > kMostSignal) {
        return Section::failed(Errno::kEINVAL);
      }
      file.f_owner.signum.v = static_cast<u32>(call.arg);
      return Section::returned(0);
    case kFGetsig:
      return Section::returned(owner.signum.v);
    case kFSetownEx:
      if (call.owner.kind != UserPtr<OwnerEx>::Kind::kValue) {
        return Section::failed(Errno::kEFAULT);
      }
      if (call.owner.value.type == OwnerType::kPgrp) {
        return Section::not_modelled("F_SETOWN_EX with a process group");
      }
      return set_owner(k, id, file, call.owner.value.type, call.owner.value.pid);
    case kFGetownEx:
      if (call.owner.is_bad()) {
        return Section::failed(Errno::kEFAULT);
      }
      return Section::returned(0, OwnerEx{.type = owner.type, .pid = told_owner(k, id, owner)});
    default:
      return std::nullopt;
  }
}

}  // namespace ipcsim
