#include "tools/host/agent/isolation.hpp"

#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <linux/memfd.h>
#include <linux/mount.h>
#include <linux/wait.h>

#include "tools/host/agent/agent.hpp"
#include "tools/host/agent/raw_syscall.hpp"
#include "tools/host/agent/signal_action.hpp"
#include "tools/host/agent/text.hpp"

namespace ipcsim::host {
namespace {

constexpr i64 kInterrupted = -4;
constexpr u64 kRegularFile = 0100000;
/// Folders of the run's root.
constexpr const char* kRunFolder = "/run";
constexpr const char* kSharedFile = "/shared";
constexpr const char* kDeviceFolder = "/dev";
constexpr const char* kNullFile = "/dev/null";
constexpr const char* kDevices[] = {kNullFile, "/dev/zero", "/dev/full"};
constexpr const char* kProcFolder = "/proc";
constexpr const char* kQueueFolder = "/mqueue";

constexpr const char* kMqLimitFiles[kMqLimitCount] = {"queues_max", "msg_max", "msgsize_max",
                                                      "msg_default", "msgsize_default"};

/// The first error of a row of calls; those after it are not made.
class Steps {
 public:
  explicit Steps(Step step) : step_(step) {}

  template <class... Args>
  Steps& call(i64 nr, Args... args) {
    if (result_ >= 0) {
      result_ = raw_call(nr, args...);
    }
    return *this;
  }
  /// A call that was made elsewhere.
  Steps& add(i64 result) {
    result_ = result_ < 0 ? result_ : result;
    return *this;
  }
  [[nodiscard]] SetupError failure() const {
    return result_ < 0 ? SetupError{step_, static_cast<i32>(-result_)} : SetupError{};
  }
  [[nodiscard]] bool failed() const { return result_ < 0; }
  [[nodiscard]] i64 result() const { return result_; }

 private:
  Step step_;
  i64 result_ = 0;
};

/// The folder, on which something is mounted, becomes the root: also that of the mount namespace,
/// for a task with another root may make no user namespace. Where that is refused it is the tasks'
/// alone.
i64 enter_root(const char* at) {
  const i64 result = raw_call(__NR_chdir, at);
  if (result < 0) {
    return result;
  }
  raw_call(__NR_mount, ".", "/", nullptr, MS_MOVE, nullptr);
  return raw_call(__NR_chroot, ".");
}

/// A root of its own: a tmpfs with a folder for the run's files, /proc and three devices, and
/// nothing else.
SetupError make_root(const Setup& setup) {
  const char* at = setup.folder;
  Text<kPathBytes> proc;
  Text<kPathBytes> devices;
  Text<kPathBytes> run;
  proc.add(at).add(kProcFolder);
  devices.add(at).add(kDeviceFolder);
  run.add(at).add(kRunFolder);
  Steps steps(Step::kMounts);
  steps.call(__NR_mount, nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr)
      .call(__NR_mount, "ipcsim", at, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0755")
      .call(__NR_mkdirat, AT_FDCWD, proc.chars, 0755)
      .call(__NR_mkdirat, AT_FDCWD, run.chars, 0777)
      .call(__NR_mkdirat, AT_FDCWD, devices.chars, 0755)
      .call(__NR_mount, "/proc", proc.chars, nullptr, MS_BIND | MS_REC, nullptr);
  for (const char* device : kDevices) {
    Text<kPathBytes> path;
    path.add(at).add(device);
    steps.call(__NR_mknodat, AT_FDCWD, path.chars, kRegularFile | 0666, 0)
        .call(__NR_mount, device, path.chars, nullptr, MS_BIND, nullptr);
    if (setup.isolation == Isolation::kNamespaces) {
      // Bytes go through all the same; but the machine's own device keeps its mode and owner.
      steps.call(__NR_mount, nullptr, path.chars, nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY,
                 nullptr);
    }
  }
  steps.add(steps.failed() ? 0 : enter_root(at))
      .call(__NR_chdir, kRunFolder)
      .call(__NR_fchmodat, AT_FDCWD, kRunFolder, 0777);
  return steps.failure();
}

/// The folders of files and of queues belong to the trace's user 0.
SetupError give_away_folders(u32 id) {
  Steps steps(Step::kMounts);
  steps.call(__NR_fchownat, AT_FDCWD, kRunFolder, id, id, 0)
      .call(__NR_mkdirat, AT_FDCWD, kQueueFolder, 0700)
      .call(__NR_mount, "ipcsim", kQueueFolder, "mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr)
      .call(__NR_fchownat, AT_FDCWD, kQueueFolder, id, id, 0)
      .call(__NR_umount2, kQueueFolder, 0)
      .call(__NR_unlinkat, AT_FDCWD, kQueueFolder, AT_REMOVEDIR);
  return steps.failure();
}

MadeShared make_shared_file(const Setup& setup) {
  Steps steps(Step::kSharedFile);
  if (setup.isolation == Isolation::kFolder) {
    steps.call(__NR_memfd_create, "ipcsim", MFD_CLOEXEC);
  } else {
    steps.call(__NR_openat, AT_FDCWD, kSharedFile, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    const i64 fd = steps.result();
    if (!steps.failed() && raw_call(__NR_fchmod, fd, 0666) < 0) {
      return {-1, {Step::kSharedFile, 1}};
    }
  }
  const i64 fd = steps.result();
  if (!steps.failed()) {
    steps.call(__NR_ftruncate, fd, kSharedBytes);
  }
  return {fd, steps.failure()};
}

void fill_header(const Setup& setup, i64 shared_fd) {
  Header& header = shared().header();
  header.supervisor = static_cast<i32>(raw_call(__NR_getpid));
  header.isolation = setup.isolation;
  header.file_bytes = setup.file_bytes;
  if (setup.isolation == Isolation::kFolder) {
    Text<kPathBytes> path;
    path.add("/proc/").add(static_cast<u64>(header.supervisor));
    path.add("/fd/").add(static_cast<u64>(shared_fd));
    copy_text(header.attach_path, path.chars);
    copy_text(header.null_path, "/dev/null");
    copy_text(header.folder, setup.folder);
  } else {
    copy_text(header.attach_path, kSharedFile);
    copy_text(header.null_path, kNullFile);
  }
  copy_text(header.proc_path, kProcFolder);
}

/// The number in a file of /proc/sys/fs/mqueue.
i64 read_number(const char* path, u64* number) {
  const i64 fd = raw_call(__NR_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
  if (is_raw_error(fd)) {
    return fd;
  }
  char digits[32] = {};
  const i64 len = raw_call(__NR_read, fd, digits, sizeof digits - 1);
  raw_call(__NR_close, fd);
  const char* at = digits;
  *number = take_number(at);
  return len;
}

i64 write_number(const char* path, u64 number) {
  const i64 fd = raw_call(__NR_openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
  if (is_raw_error(fd)) {
    return fd;
  }
  Text<24> digits;
  digits.add(number);
  const i64 len = raw_call(__NR_write, fd, digits.chars, digits.len);
  raw_call(__NR_close, fd);
  return len;
}

/// An entry of getdents64().
struct Entry {
  u64 inode;
  i64 offset;
  u16 length;
  u8 type;
};
constexpr std::size_t kEntryName = 19;

void remove_files(i64 folder_fd) {
  alignas(8) char buffer[4096];
  for (;;) {
    const i64 len = raw_call(__NR_getdents64, folder_fd, buffer, sizeof buffer);
    if (len <= 0) {
      return;
    }
    for (i64 at = 0; at < len;) {
      const auto* entry = reinterpret_cast<const Entry*>(buffer + at);
      const char* name = buffer + at + kEntryName;
      if (!equal(name, ".") && !equal(name, "..")) {
        raw_call(__NR_unlinkat, folder_fd, name, 0);
      }
      at += entry->length;
    }
  }
}

}  // namespace

MadeShared prepare_place(const Setup& setup) {
  raw_call(__NR_umask, 0);
  if (setup.isolation == Isolation::kFolder) {
    Steps steps(Step::kFolder);
    steps.call(__NR_mkdirat, AT_FDCWD, setup.folder, 0700).call(__NR_chdir, setup.folder);
    if (steps.failed()) {
      return {-1, steps.failure()};
    }
  } else if (const SetupError failure = make_root(setup); failure.step != Step::kNone) {
    return {-1, failure};
  }
  if (setup.own_uid) {
    if (const SetupError failure = give_away_folders(setup.keep_root ? 0 : setup.root_id);
        failure.step != Step::kNone) {
      return {-1, failure};
    }
  }
  MadeShared made = make_shared_file(setup);
  if (made.failure.step != Step::kNone) {
    return made;
  }
  if (const i64 result = map_shared(made.fd); result < 0) {
    made.failure = {Step::kMap, static_cast<i32>(-result)};
    return made;
  }
  fill_header(setup, made.fd);
  return made;
}

SetupError set_mq_limits(const Setup& setup, u64* which) {
  for (u32 i = 0; i < kMqLimitCount; ++i) {
    *which = i;
    Text<kPathBytes> path;
    path.add("/proc/sys/fs/mqueue/").add(kMqLimitFiles[i]);
    u64 current = 0;
    if (const i64 result = read_number(path.chars, &current); result < 0) {
      return {Step::kReadLimit, static_cast<i32>(-result)};
    }
    if (current == setup.mq_limits[i]) {
      continue;
    }
    if (setup.isolation == Isolation::kFolder) {
      return {Step::kReadLimit, 0};
    }
    if (const i64 result = write_number(path.chars, setup.mq_limits[i]); result < 0) {
      return {Step::kWriteLimit, static_cast<i32>(-result)};
    }
  }
  return {};
}

void remove_place() {
  const Header& header = shared().header();
  for (u32 i = 0; i < header.slots; ++i) {
    const Slot& slot = shared().slot(i);
    if (slot.leader != 0 && slot.tid > 1 && slot.life != Life::kReaped) {
      raw_call(__NR_kill, slot.tid.load(), kSigkillNumber);
    }
  }
  i64 reaped = 0;
  do {
    reaped = raw_call(__NR_wait4, -1, nullptr, __WALL, nullptr);
  } while (reaped >= 0 || reaped == kInterrupted);
  for (u32 i = 0; i < header.queue_names; ++i) {
    Text<kPathBytes> name;
    name.add(header.queue_prefix).add(u64{i});
    raw_call(__NR_mq_unlink, name.chars);
  }
  const i64 fd =
      raw_call(__NR_openat, AT_FDCWD, header.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  if (!is_raw_error(fd)) {
    remove_files(fd);
    raw_call(__NR_close, fd);
  }
  raw_call(__NR_unlinkat, AT_FDCWD, header.folder, AT_REMOVEDIR);
}

}  // namespace ipcsim::host
