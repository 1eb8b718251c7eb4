// A pipe or FIFO to try things on, and its state as one line of text.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/pipe/pipe_file.hpp"
#include "model/pipe/pipe_inode.hpp"
#include "model/pipe/pipe_io.hpp"
#include "model/pipe/pipe_size.hpp"

namespace ipcsim {

using Segments = std::vector<UserSegment>;

/// `len` bytes of which the first `mapped` can be touched.
UserSegment segment(u64 len, u64 mapped = UserSegment::kAllMapped);

/// "5", "-1 EAGAIN"
std::string text_of(const Result<Bytes>& result);
/// "wake rd_wait, SIGIO readers"
std::string text_of(const PipeEffects& effects);
/// "POLLIN|POLLRDNORM", "0"
std::string poll_text(u32 mask);

/// Names pages pg0, pg1 ... by first appearance and prints rings as the vectors in the spec do:
/// fields that are not those of a fresh pipe of two ends, then the occupied slots, runs of four and
/// more equal slots as one.
class RingPrinter {
 public:
  std::string operator()(const PipeInode& pipe);

 private:
  std::string page(PageId page);
  std::map<PageId, u32> names_;
};

/// One open file of the pipe.
struct TestFile {
  PipeMode mode;
  bool nonblock = false;
  bool packets = false;  ///< O_DIRECT
  u32 f_pipe = 0;
  bool open = false;
  FifoOpen opening;  ///< of a file whose open() sleeps
};

/// A call that may sleep: made, then run section by section.
struct TestCall {
  u32 file = 0;
  Segments segments;
  PipeWrite write;
  PipeRead read;
};

/// A pipe with its surroundings. Results are text, so that a test reads as the vectors do. Every
/// operation checks the pipe's invariants afterwards.
class TestPipe {
 public:
  static constexpr u32 kReadEnd = 0;
  static constexpr u32 kWriteEnd = 1;

  /// What pipe2() makes: file kReadEnd and file kWriteEnd.
  static TestPipe pipe2(bool nonblock, bool packets = false, Contents contents = Contents::kKept);
  /// What the first open() of a FIFO finds: no file yet.
  static TestPipe fifo();

  // Files. `mode` is "r", "w" or "rw".
  /// open(): the file's number is that of the opens before, and what came of it is in
  /// open_result().
  u32 open(std::string_view mode, bool nonblock);
  /// "ok", "asleep", "-1 ENXIO"
  [[nodiscard]] const std::string& open_result() const { return open_result_; }
  /// The next section of an open() that sleeps.
  const std::string& resume_open(u32 file, bool signal_pending = false);
  void close(u32 file);
  TestFile& file(u32 number) { return files_[number]; }

  // Whole calls, on the pipe's two ends or on any file.
  std::string write(u64 len) { return write({segment(len)}); }
  std::string write(Segments segments) { return write_to(kWriteEnd, std::move(segments)); }
  std::string write_to(u32 file, Segments segments);
  std::string write_to(u32 file, u64 len) { return write_to(file, {segment(len)}); }
  std::string read(u64 len) { return read({segment(len)}); }
  std::string read(Segments segments) { return read_from(kReadEnd, std::move(segments)); }
  std::string read_from(u32 file, Segments segments);
  std::string read_from(u32 file, u64 len) { return read_from(file, {segment(len)}); }

  // Calls that may sleep: "asleep" is the answer of a section that did.
  TestCall start_write(u64 len, u32 file = kWriteEnd);
  TestCall start_read(u64 len, u32 file = kReadEnd);
  std::string write_section(TestCall& call, bool signal_pending = false);
  std::string read_section(TestCall& call, bool signal_pending = false);

  std::string set_size(u64 size);
  std::string poll(u32 file);
  [[nodiscard]] u64 fionread() const { return pipe_fionread(inode).v; }
  /// The state, see RingPrinter.
  std::string ring() { return print_(inode); }
  /// Effects of the last operation.
  [[nodiscard]] std::string effects() const { return text_of(effects_); }
  /// Bytes that the last read gave.
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

  /// May be changed at any time, as no kernel's can.
  const KernelProfile* profile = find_profile("linux-6.18");
  PipeInode inode;
  PagePool pages;
  PipeUser user;
  PipeLimits limits;
  Caps caps;

 private:
  explicit TestPipe(Contents contents);
  void check() const;
  std::string finish(const PipeSection& section);

  std::vector<TestFile> files_;
  bool anonymous_ = false;
  PipeEffects effects_;
  std::string open_result_;
  std::string bytes_;
  RingPrinter print_;
};

}  // namespace ipcsim
