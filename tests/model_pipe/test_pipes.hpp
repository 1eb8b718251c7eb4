// Several pipes over one pool of pages, a program's page and a file's, to move bytes between.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/pipe/pipe_splice.hpp"
#include "tests/model_pipe/test_pipe.hpp"

namespace ipcsim {

/// Pipes p, q, ... by number. Results are text as in TestPipe; every operation checks the
/// invariants of all pipes and that every page's count is the number of places that name it.
class TestPipes {
 public:
  static constexpr u32 kP = 0;
  static constexpr u32 kQ = 1;
  static constexpr u32 kO = 2;

  explicit TestPipes(u32 count, Contents contents = Contents::kKept);

  // Calls that do not wait.
  std::string write(u32 pipe, std::string_view bytes);
  std::string write(u32 pipe, u64 len) { return write_segments(pipe, {segment(len)}); }
  std::string write_packet(u32 pipe, u64 len);
  std::string write_segments(u32 pipe, Segments segments, bool packet = false);
  std::string read(u32 pipe, u64 len);
  std::string splice(u32 in, u32 out, u64 len);
  std::string tee(u32 in, u32 out, u64 len);
  std::string to_null(u32 in, u64 len);
  /// Into a file that takes at most `room` bytes in all, then fails with EFBIG.
  std::string to_file(u32 in, u64 len, u64 room = ~u64{0});
  std::string to_memory(u32 in, Segments segments);
  /// `pieces` of the program's page.
  std::string vmsplice(u32 out, std::vector<std::pair<u32, u32>> offset_len, bool gift = false,
                       bool fault = false);
  /// A slot of the file's page, as splice() from a file makes it.
  void add_file_slot(u32 out, u32 offset, u32 len);
  /// A slot of a hole.
  void add_zero_slot(u32 out, u32 offset, u32 len);
  /// The last reader or writer leaves.
  void close_readers(u32 pipe) { (*this)[pipe].readers = 0; }
  void close_writers(u32 pipe) { (*this)[pipe].writers = 0; }

  // Sections of calls that may wait.
  std::string splice_section(u32 in, u32 out, PipeToPipe& call, u64 len, bool signal = false);
  std::string tee_call_section(u32 in, u32 out, PipeToPipe& call, u64 len, bool signal = false);
  std::string to_null_section(u32 in, SpliceOut& call, u64 len, bool signal = false);
  std::string space_section(u32 out, SpliceIn& call, bool signal = false);

  PipeInode& operator[](u32 pipe) { return pipes_[pipe]; }
  std::string ring(u32 pipe) { return print_(pipes_[pipe]); }
  /// What the last read, or move into memory or a file, gave.
  [[nodiscard]] const std::string& bytes() const { return bytes_; }
  /// Effects of the last call on its output, then on its input.
  [[nodiscard]] const std::string& effects() const { return effects_; }

  /// Every pipe goes; what is left are the program's page and the file's.
  void free_all();

  PagePool pages;
  PageId user_page;
  PageId file_page;

 private:
  void check();
  std::string finish(const PipeSection& section);
  std::string finish(const SpliceSection& section);
  std::string out(u32 in, u64 len, SpliceFeed feed, SpliceTarget& target);

  std::vector<PipeInode> pipes_;
  PipeUser user_;
  std::string bytes_;
  std::string effects_;
  RingPrinter print_;
};

}  // namespace ipcsim
