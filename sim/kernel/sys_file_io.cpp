#include "sim/kernel/sys_file_io.hpp"

#include <algorithm>

#include "sim/kernel/file_system.hpp"
#include "sim/kernel/regular_file.hpp"

namespace ipcsim {
namespace {

using Segments = std::span<const UserSegment>;

Section bytes_read(const KernelState& k, u64 len, const std::string& bytes) {
  if (len == 0) {
    return Section::returned(0);
  }
  const bool kept = k.pages.contents() == Contents::kKept;
  return Section::returned(static_cast<i64>(len),
                           ReadBytes{kept ? Payload::of_bytes(bytes) : Payload::of_unknown(len)});
}

Section read_regular(KernelState& k, FileId id, Segments segments, FileTransfer transfer) {
  File& file = k.files[id];
  std::string bytes;
  const bool kept = k.pages.contents() == Contents::kKept;
  const u64 pos = transfer.at.value_or(file.f_pos);
  const Result<u64> len = read_file(k, file.node, pos, segments, kept ? &bytes : nullptr);
  file_accessed(k, file);
  if (!len) {
    return Section::failed(len.error());
  }
  if (!transfer.at) {
    file.f_pos = pos + *len;
  }
  return bytes_read(k, *len, bytes);
}

/// Linux fs/inode.c: setattr_should_drop_suidgid().
Section write_regular(KernelState& k, TaskId task, FileId id, Segments segments,
                      FileTransfer transfer) {
  File& file = k.files[id];
  Inode& node = k.inodes[file.node];
  const bool appends = (file.f_flags & kOAppend) != 0;
  const u64 pos = appends ? node.regular().size : transfer.at.value_or(file.f_pos);
  if (pos + total_len(segments) > kMostFileBytes) {
    return Section::not_modelled("a file of more than 16 MiB");
  }
  file_remove_privs(k, k.cred(task), node);
  file_modified(k, file);
  const Result<u64> len = write_file(k, file.node, pos, segments);
  if (!len) {
    return Section::failed(len.error());
  }
  if (!transfer.at) {
    file.f_pos = pos + *len;
  }
  return Section::returned(static_cast<i64>(*len));
}

Section device_transfer(const KernelState& k, Device device, Segments segments, bool write) {
  const u64 len = total_len(segments);
  if (write) {
    return device == Device::kFull ? Section::failed(Errno::kENOSPC)
                                   : Section::returned(static_cast<i64>(len));
  }
  if (device == Device::kNull || len == 0) {
    return Section::returned(0);
  }
  const u64 mapped = std::min(len, mapped_len(segments));
  return mapped == 0 ? Section::failed(Errno::kEFAULT)
                     : bytes_read(k, mapped, std::string(mapped, '\0'));
}

}  // namespace

Section file_transfer(KernelState& k, TaskId id, FileId file_id, Segments segments,
                      FileTransfer transfer) {
  const File& file = k.files[file_id];
  if (file.kind == FileKind::kDirectory) {
    return Section::failed(Errno::kEISDIR);
  }
  if (file.kind == FileKind::kDevice) {
    const Device device = std::get<DeviceData>(k.inodes[file.node].data).device;
    return device_transfer(k, device, segments, transfer.write);
  }
  if (total_len(segments) == 0) {
    return Section::returned(0);
  }
  return transfer.write ? write_regular(k, id, file_id, segments, transfer)
                        : read_regular(k, file_id, segments, transfer);
}

}  // namespace ipcsim
