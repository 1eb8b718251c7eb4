// The file's side of splice() and sendfile(). Linux fs/splice.c, mm/filemap.c, mm/shmem.c.
#pragma once

#include <optional>
#include <string>

#include "model/pipe/pipe_splice.hpp"
#include "sim/kernel/kernel_state.hpp"

namespace ipcsim {

/// A file that is not under study holds zeros up to here, and ones from here on: somebody for whom
/// its bytes are not known looks at both places.
inline constexpr u64 kElsewhere = u64{1} << 62U;

/// Puts up to `len` bytes of the file from `*pos` on into slots of `out`, as far as slots are free,
/// and moves `*pos`. Pages of a regular file are shared; devices, and files opened O_DIRECT, are
/// copied; of /dev/zero and /dev/full a task with a pending signal gets one page. A file that is
/// not under study has as many bytes as it is asked for; nobody knows them. Errors: EINVAL  the
/// file has no splice_read: pipes, folders, queues, /dev/null (but to 5.9),
///                 /dev/zero and /dev/full from 5.10 to 6.4
/// REQUIRES: the pipe is not full. Linux fs/splice.c: do_splice_read(), copy_splice_read();
/// mm/shmem.c: shmem_file_splice_read(); drivers/char/mem.c: read_iter_zero().
[[nodiscard]] Result<Bytes> splice_read(KernelState& k, TaskId task, FileId file, u64& pos, u64 len,
                                        PipeInode& out);

/// Whether the file has splice_write, without which a call fails with EINVAL before it looks at the
/// pipe: regular files, /dev/null, /dev/zero. What it lacks older kernels did by copying.
[[nodiscard]] bool has_splice_write(const KernelState& k, const File& file);
/// How the file takes bytes.
[[nodiscard]] SpliceFeed splice_feed(const File& file);

/// The file as what bytes of a pipe go to.
class FileTarget final : public SpliceTarget {
 public:
  FileTarget(KernelState& k, TaskId task, FileId file, u64 pos)
      : k_(k), task_(task), file_(file), pos_(pos) {}

  Result<Bytes> take(std::span<const SpliceChunk> chunks) override;
  /// Where the next byte of a regular file would go.
  [[nodiscard]] u64 pos() const { return pos_; }
  /// Why the file's answer is not modelled, or nothing.
  [[nodiscard]] const std::optional<std::string>& not_modelled() const { return not_modelled_; }

 private:
  /// Writes to a regular file, one piece of a page after the other, as the kernel does.
  Result<Bytes> write_chunk(const SpliceChunk& chunk);

  KernelState& k_;
  TaskId task_;
  FileId file_;
  u64 pos_;
  std::optional<std::string> not_modelled_;
};

}  // namespace ipcsim
