#include "tests/model_pipe/test_pipes.hpp"

#include <algorithm>
#include <cstring>
#include <map>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace ipcsim {
namespace {

const KernelProfile& profile() { return newest_profile(); }

class Null : public SpliceTarget {
 public:
  Result<Bytes> take(std::span<const SpliceChunk> chunks) override {
    return Bytes{chunks.front().len};
  }
};

class Memory : public SpliceTarget {
 public:
  Memory(std::span<const UserSegment> segments, SharedBytes* out) : sink_(segments, out) {}
  Result<Bytes> take(std::span<const SpliceChunk> chunks) override {
    const SpliceChunk& chunk = chunks.front();
    if (sink_.copy(chunk.bytes, chunk.len) < chunk.len) {
      return fail(Errno::kEFAULT);
    }
    return Bytes{chunk.len};
  }

 private:
  UserSink sink_;
};

class BoundedFile : public SpliceTarget {
 public:
  BoundedFile(std::string& bytes, u64 room) : bytes_(bytes), room_(room) {}
  Result<Bytes> take(std::span<const SpliceChunk> chunks) override {
    if (room_ == 0) {
      return fail(Errno::kEFBIG);
    }
    u64 done = 0;
    for (const SpliceChunk& chunk : chunks) {
      const u64 part = std::min(chunk.len, room_);
      if (chunk.bytes != nullptr) {
        bytes_.append(reinterpret_cast<const char*>(chunk.bytes), part);
      }
      done += part;
      room_ -= part;
    }
    return Bytes{done};
  }

 private:
  std::string& bytes_;
  u64 room_;
};

}  // namespace

TestPipes::TestPipes(u32 count, Contents contents) : pages(4096, contents) {
  for (u32 i = 0; i < count; ++i) {
    pipes_.push_back(
        alloc_pipe_info(user_, PipeLimits{}, Caps{}, pages.page_size(), profile()).value());
    pipes_.back().readers = 1;
    pipes_.back().writers = 1;
    pipes_.back().files = 2;
  }
  user_page = pages.alloc();
  file_page = pages.alloc();
  if (contents == Contents::kKept) {
    std::memset(pages.write(user_page), 'u', pages.page_size());
    std::memset(pages.write(file_page), 'f', pages.page_size());
  }
}

void TestPipes::check() {
  std::map<PageId, u32> named{{user_page, 1}, {file_page, 1}};
  for (const PipeInode& pipe : pipes_) {
    if (const auto broken = broken_invariant(pipe, pages, profile())) {
      ADD_FAILURE() << *broken;
    }
    for (u32 index = pipe.tail; index != pipe.head; ++index) {
      if (pipe.slot(index).ops != PipeBufOps::kZero) {
        ++named[pipe.slot(index).page];
      }
    }
    for (const PageId page : pipe.tmp_page) {
      if (page != kNoPage) {
        ++named[page];
      }
    }
  }
  for (const auto& [page, count] : named) {
    EXPECT_EQ(pages.refcount(page), count) << "page " << page.v;
  }
  EXPECT_EQ(pages.live(), named.size());
}

void TestPipes::free_all() {
  for (PipeInode& pipe : pipes_) {
    free_pipe_info(pipe, user_, pages, profile());
  }
  pipes_.clear();
  check();
}

std::string TestPipes::finish(const PipeSection& section) {
  effects_ = text_of(section.effects);
  check();
  return section.end == PipeSectionEnd::kAsleep ? "asleep" : text_of(section.result);
}

std::string TestPipes::finish(const SpliceSection& section) {
  effects_ = text_of(section.out_effects) + "; " + text_of(section.in_effects);
  check();
  switch (section.end) {
    case SpliceEnd::kReturned:
      return text_of(section.result);
    case SpliceEnd::kReady:
      return "ready";
    case SpliceEnd::kPrepared:
      return "prepared";
    case SpliceEnd::kAsleepOnIn:
      return "asleep on the input";
    case SpliceEnd::kAsleepOnOut:
      return "asleep on the output";
  }
  return {};
}

std::string TestPipes::write(u32 pipe, std::string_view bytes) {
  return write_segments(pipe,
                        {{.data = Payload::of_bytes(std::string(bytes)), .len = bytes.size()}});
}

std::string TestPipes::write_packet(u32 pipe, u64 len) {
  return write_segments(pipe, {segment(len)}, true);
}

std::string TestPipes::write_segments(u32 pipe, Segments segments, bool packet) {
  PipeWrite call;
  return finish(pipe_write_section(pipes_[pipe], call, segments,
                                   {.nonblock = true, .packets = packet}, pages, profile()));
}

std::string TestPipes::read(u32 pipe, u64 len) {
  PipeRead call;
  SharedBytes out;
  const Segments to{segment(len)};
  const PipeSection section = pipe_read_section(
      pipes_[pipe], call, to, pages.contents() == Contents::kKept ? &out : nullptr,
      {.nonblock = true}, pages, profile());
  bytes_ = out.view();
  return finish(section);
}

std::string TestPipes::splice(u32 in, u32 out, u64 len) {
  PipeToPipe call{.nonblock = true};
  return splice_section(in, out, call, len);
}

std::string TestPipes::tee(u32 in, u32 out, u64 len) {
  PipeToPipe call{.nonblock = true};
  const std::string first = tee_call_section(in, out, call, len);
  return first == "prepared" ? tee_call_section(in, out, call, len) : first;
}

std::string TestPipes::splice_section(u32 in, u32 out, PipeToPipe& call, u64 len, bool signal) {
  return finish(
      splice_pipe_to_pipe_section(pipes_[in], pipes_[out], call, len, signal, pages, profile()));
}

std::string TestPipes::tee_call_section(u32 in, u32 out, PipeToPipe& call, u64 len, bool signal) {
  return finish(tee_section(pipes_[in], pipes_[out], call, len, signal, pages, profile()));
}

std::string TestPipes::out(u32 in, u64 len, SpliceFeed feed, SpliceTarget& target) {
  SpliceOut call{.nonblock = true};
  bytes_.clear();
  return finish(splice_out_section(pipes_[in], call, len, feed, target, false, pages, profile()));
}

std::string TestPipes::to_null(u32 in, u64 len) {
  Null target;
  return out(in, len, SpliceFeed::kEachSlot, target);
}

std::string TestPipes::to_null_section(u32 in, SpliceOut& call, u64 len, bool signal) {
  Null target;
  return finish(splice_out_section(pipes_[in], call, len, SpliceFeed::kEachSlot, target, signal,
                                   pages, profile()));
}

std::string TestPipes::to_file(u32 in, u64 len, u64 room) {
  BoundedFile target(bytes_, room);
  return out(in, len, SpliceFeed::kAsWrite, target);
}

std::string TestPipes::to_memory(u32 in, Segments segments) {
  SharedBytes room;
  Memory target(segments, &room);
  std::string result = out(in, total_len(segments), SpliceFeed::kEachSlot, target);
  bytes_ = room.view();
  return result;
}

std::string TestPipes::space_section(u32 out, SpliceIn& call, bool signal) {
  return finish(wait_for_space(pipes_[out], call, signal));
}

std::string TestPipes::vmsplice(u32 out, std::vector<std::pair<u32, u32>> offset_len, bool gift,
                                bool fault) {
  SpliceIn call{.nonblock = true};
  const SpliceSection space = wait_for_space(pipes_[out], call, false);
  if (space.end != SpliceEnd::kReady) {
    return finish(space);
  }
  std::vector<UserPagePiece> pieces;
  for (const auto& [offset, len] : offset_len) {
    pieces.push_back({user_page, offset, len});
  }
  return finish(splice_in_done(iter_to_pipe(pipes_[out], pieces, fault, gift, pages)));
}

void TestPipes::add_file_slot(u32 out, u32 offset, u32 len) {
  pages.get(file_page);
  pipe_push(pipes_[out],
            {.page = file_page, .offset = offset, .len = len, .ops = PipeBufOps::kPageCache});
  check();
}

void TestPipes::add_zero_slot(u32 out, u32 offset, u32 len) {
  pipe_push(pipes_[out],
            {.page = kZeroPage, .offset = offset, .len = len, .ops = PipeBufOps::kZero});
  check();
}

}  // namespace ipcsim
