// A queue as a file: the text that read() gives. Linux ipc/mqueue.c: mqueue_read_file().
#include <algorithm>

#include <fmt/format.h>

#include "sim/kernel/mqueue_fs.hpp"
#include "sim/kernel/pid_namespace.hpp"
#include "sim/kernel/sys_mqueue.hpp"

namespace ipcsim {
namespace {

/// The line of text; NOTIFY_PID is the number of the task that leads the owner's process, 0 where
/// the reader has none for it.
std::string status_text(const KernelState& k, TaskId reader, const MqueueInode& queue) {
  constexpr std::size_t kMostText = 79;
  const MqNotify none;
  const MqNotify& notify = queue.notify ? *queue.notify : none;
  const TaskId owner{notify.owner.v};
  const bool told = owner != kNoTask && has_number_for(k, reader, owner);
  const bool by_signal = queue.notify && notify.kind == MqNotifyKind::kSignal;
  return fmt::format("QSIZE:{:<10} NOTIFY:{:<5} SIGNO:{:<5} NOTIFY_PID:{:<6}\n", queue.qsize,
                     queue.notify ? static_cast<u32>(notify.kind) : 0, by_signal ? notify.signo : 0,
                     told ? owner.v : 0)
      .substr(0, kMostText);
}

}  // namespace

Section mqueue_fionread(const KernelState& k, const File& file, OutPtr arg) {
  if (arg != OutPtr::kValid) {
    return Section::failed(Errno::kEFAULT);
  }
  const i64 left = k.inodes[file.node].queue().size - static_cast<i64>(file.f_pos);
  return Section::returned(0, IntOut{static_cast<i32>(left)});
}

Section read_mqueue_text(KernelState& k, TaskId id, File& file,
                         std::span<const UserSegment> segments, std::optional<i64> at) {
  u64 pos = at ? static_cast<u64>(*at) : file.f_pos;
  std::string bytes;
  for (const UserSegment& segment : segments) {
    const std::string text = status_text(k, id, k.mqueues[file.mqueue].inode);
    if (segment.len == 0) {
      continue;
    }
    if (pos >= text.size()) {
      break;
    }
    const u64 wanted = std::min(segment.len, text.size() - pos);
    const u64 copied = std::min(wanted, segment.mapped);
    if (copied == 0 && bytes.empty()) {
      return Section::failed(Errno::kEFAULT);
    }
    bytes += text.substr(pos, copied);
    pos += copied;
    if (copied < segment.len) {
      break;
    }
  }
  if (!at) {
    file.f_pos = pos;
  }
  const auto len = static_cast<i64>(bytes.size());
  if (len > 0) {
    touch_queue(k, k.mqueues[file.mqueue], kLookTimes);
  }
  return Section::returned(len, len == 0 ? Output{} : Output{ReadBytes{Payload::of_bytes(bytes)}});
}

}  // namespace ipcsim
