// FIFOs in the file system: mkfifo(), open(), unlink(). Linux fs/open.c, fs/namei.c, fs/pipe.c.
#include <charconv>
#include <optional>

#include "sim/kernel/files.hpp"
#include "sim/kernel/signals.hpp"
#include "sim/kernel/syscalls.hpp"
#include "sim/kernel/wake.hpp"

namespace ipcsim {
namespace {

constexpr std::size_t kPathMax = 4096;
constexpr std::size_t kNameMax = 255;

/// Flags of open() that do not stay in the file's status flags.
constexpr u32 kDroppedFlags = kOCreat | kOExcl | kONoctty | kOTrunc | kOCloexec;
/// All that open() looks at beside O_PATH.
constexpr u32 kPathFlags = kOPath | kODirectory | kONofollow | kOCloexec;

Errno check_path(std::string_view path) {
  if (path.empty()) {
    return Errno::kENOENT;
  }
  return path.size() >= kPathMax ? Errno::kENAMETOOLONG : Errno::kOk;
}

Errno check_last_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1).size() > kNameMax ? Errno::kENAMETOOLONG : Errno::kOk;
}

std::optional<FifoId> find_fifo(const KernelState& k, std::string_view path) {
  std::optional<FifoId> found;
  k.fifos.each([&](FifoId id, const FifoNode& node) {
    if (node.linked && node.name == path) {
      found = id;
    }
  });
  return found;
}

/// The descriptor N of /proc/self/fd/N or /dev/fd/N.
std::optional<Fd> fd_of_path(std::string_view path) {
  for (const std::string_view prefix : {"/proc/self/fd/", "/dev/fd/"}) {
    if (path.starts_with(prefix)) {
      const std::string_view digits = path.substr(prefix.size());
      i32 number = -1;
      const auto [end, error] =
          std::from_chars(digits.data(), digits.data() + digits.size(), number);
      if (error == std::errc{} && end == digits.data() + digits.size() && number >= 0) {
        return Fd{number};
      }
    }
  }
  return std::nullopt;
}

PipeMode mode_of(u32 flags) {
  const u32 access = flags & kOAccmode;
  return {.read = access == kORdonly || access == kORdwr,
          .write = access == kOWronly || access == kORdwr};
}

/// The pipe of a FIFO, made when nobody has it open; counts one more file.
Result<PipeId> pipe_of_fifo(KernelState& k, TaskId id, FifoId fifo) {
  if (k.fifos[fifo].pipe == kNoPipe) {
    const Result<PipeId> made = make_pipe(k, id);
    if (!made) {
      return fail(Errno::kENOMEM);
    }
    k.pipes[*made].fifo = fifo;
    k.fifos[fifo].pipe = *made;
  }
  const PipeId pipe = k.fifos[fifo].pipe;
  ++k.pipes[pipe].inode.files;
  return pipe;
}

/// What a path leads to.
struct Target {
  std::optional<FifoId> fifo;
  std::optional<PipeId> pipe;  ///< through /proc/self/fd
};

/// Takes the next section of the FIFO's open(); at its end installs or undoes the file.
Section open_section(KernelState& k, TaskId id, OpenInProgress progress) {
  File& file = k.files[progress.file];
  const PipeId pipe = file.pipe;
  PipeObject& object = k.pipes[pipe];
  const FifoOpenSection section =
      fifo_open_section(object.inode, progress.locals, file.f_mode,
                        (file.f_flags & kONonblock) != 0, object.anonymous, signal_pending(k, id));
  if (section.asleep) {
    apply_effects(k, id, pipe, section.effects);
    k.task(id).progress = progress;
    sleep_on(k, id, object.rd_wait, false);
    return Section::asleep();
  }
  finish_wait(k, id);
  k.task(id).progress = {};
  FdTable& table = k.fd_table(id);
  apply_effects(k, id, pipe, section.effects);
  if (section.error != Errno::kOk) {
    table.unreserve(progress.fd);
    k.files.erase(progress.file);
    put_pipe(k, pipe);
    return Section::failed(section.error);
  }
  if ((file.f_flags & kODirect) != 0) {
    // The FIFO was opened in full; only then is O_DIRECT found to be unsupported.
    table.unreserve(progress.fd);
    fput(k, id, progress.file);
    return Section::failed(Errno::kEINVAL);
  }
  file.f_pipe = section.f_pipe;
  table.install(progress.fd, progress.file);
  return Section::returned(progress.fd.v);
}

Section open_pipe(KernelState& k, TaskId id, const Target& target, Fd fd, u32 flags) {
  FdTable& table = k.fd_table(id);
  File file{.kind = FileKind::kPipe,
            .f_count = 1,
            .f_flags = (flags & ~kDroppedFlags) | kOLargefile,
            .f_mode = mode_of(flags)};
  if ((flags & kOPath) != 0) {
    file.path_only = true;
    file.f_flags = kOPath | (flags & (kODirectory | kONofollow));
    file.f_mode = {};
    table.install(fd, k.files.insert(file));
    return Section::returned(fd.v);
  }
  if (target.pipe) {
    file.pipe = *target.pipe;
    ++k.pipes[file.pipe].inode.files;
  } else {
    const Result<PipeId> pipe = pipe_of_fifo(k, id, *target.fifo);
    if (!pipe) {
      table.unreserve(fd);
      return Section::failed(pipe.error());
    }
    file.pipe = *pipe;
  }
  return open_section(k, id, {.file = k.files.insert(file), .fd = fd, .locals = {}});
}

Result<Target> look_up(KernelState& k, TaskId id, std::string_view path) {
  if (const auto fd = fd_of_path(path)) {
    const File* file = find_file(k, id, *fd);
    if (file == nullptr) {
      return fail(Errno::kENOENT);
    }
    if (file->kind == FileKind::kPipe) {
      return Target{.fifo = {}, .pipe = file->pipe};
    }
    return Target{};
  }
  if (check_last_name(path) != Errno::kOk) {
    return fail(check_last_name(path));
  }
  const auto fifo = find_fifo(k, path);
  if (!fifo) {
    return fail(Errno::kENOENT);
  }
  return Target{.fifo = fifo, .pipe = {}};
}

}  // namespace

Section run(KernelState& k, TaskId id, const OpenCall& call) {
  if (const auto* progress = std::get_if<OpenInProgress>(&k.task(id).progress)) {
    return open_section(k, id, *progress);
  }
  u32 flags = call.flags.v;
  if ((flags & kOPath) != 0) {
    flags &= kPathFlags;
  }
  if ((flags & (kOCreat | kODirectory)) == (kOCreat | kODirectory)) {
    return Section::failed(Errno::kEINVAL);
  }
  if (const Errno error = check_path(call.pathname); error != Errno::kOk) {
    return Section::failed(error);
  }
  FdTable& table = k.fd_table(id);
  const Result<Fd> fd =
      table.reserve(Fd{0}, k.process_of(id).rlimit_nofile, (flags & kOCloexec) != 0);
  if (!fd) {
    return Section::failed(fd.error());
  }
  const Result<Target> target = look_up(k, id, call.pathname);
  const auto refuse = [&](Section section) {
    table.unreserve(*fd);
    return section;
  };
  if (!target) {
    const bool creates = target.error() == Errno::kENOENT && (flags & kOCreat) != 0;
    return refuse(creates ? Section::not_modelled("creating a regular file")
                          : Section::failed(target.error()));
  }
  if (!target->fifo && !target->pipe) {
    return refuse(Section::not_modelled("opening a file that is no pipe or FIFO"));
  }
  if ((flags & (kOCreat | kOExcl)) == (kOCreat | kOExcl)) {
    return refuse(Section::failed(Errno::kEEXIST));
  }
  if ((flags & kODirectory) != 0) {
    return refuse(Section::failed(Errno::kENOTDIR));
  }
  return open_pipe(k, id, *target, *fd, flags);
}

Section run(KernelState& k, TaskId /*id*/, const MkfifoCall& call) {
  if (const Errno error = check_path(call.pathname); error != Errno::kOk) {
    return Section::failed(error);
  }
  if (const Errno error = check_last_name(call.pathname); error != Errno::kOk) {
    return Section::failed(error);
  }
  if (find_fifo(k, call.pathname)) {
    return Section::failed(Errno::kEEXIST);
  }
  k.fifos.insert({.name = call.pathname});
  return Section::returned(0);
}

Section run(KernelState& k, TaskId /*id*/, const UnlinkCall& call) {
  if (const Errno error = check_path(call.pathname); error != Errno::kOk) {
    return Section::failed(error);
  }
  if (const Errno error = check_last_name(call.pathname); error != Errno::kOk) {
    return Section::failed(error);
  }
  const auto fifo = find_fifo(k, call.pathname);
  if (!fifo) {
    return Section::failed(Errno::kENOENT);
  }
  FifoNode& node = k.fifos[*fifo];
  node.linked = false;
  if (node.pipe == kNoPipe) {
    k.fifos.erase(*fifo);
  }
  return Section::returned(0);
}

}  // namespace ipcsim
