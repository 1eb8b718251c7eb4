// Random programs that move bytes between three pipes, beside a model that is slow and obvious.
#include <algorithm>
#include <array>
#include <deque>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "model/base/random.hpp"
#include "tests/model_pipe/test_pipes.hpp"

namespace ipcsim {
namespace {

constexpr u64 kPage = 4096;
constexpr u64 kSeeds = 30;
constexpr u32 kSteps = 300;
constexpr u32 kPipes = 3;
constexpr std::size_t kSlots = 16;

/// A slot as its bytes. `end`: how much of its page was ever used, if a write may go on in it.
struct PlainSlot {
  std::string bytes;
  bool packet = false;
  bool merges = false;
  u64 end = 0;
};
using PlainPipe = std::deque<PlainSlot>;

std::string number(u64 bytes) { return bytes == 0 ? "-1 EAGAIN" : fmt::format("{}", bytes); }

std::string plain_write(PlainPipe& pipe, std::string bytes, bool packet) {
  const u64 all = bytes.size();
  const u64 odd = all % kPage;
  if (odd > 0 && !pipe.empty() && pipe.back().merges && pipe.back().end + odd <= kPage) {
    pipe.back().bytes += bytes.substr(0, odd);
    pipe.back().end += odd;
    bytes.erase(0, odd);
  }
  while (!bytes.empty() && pipe.size() < kSlots) {
    const std::string page = bytes.substr(0, kPage);
    pipe.push_back({.bytes = page, .packet = packet, .merges = !packet, .end = page.size()});
    bytes.erase(0, page.size());
  }
  return number(all - bytes.size());
}

std::string plain_read(PlainPipe& pipe, u64 len, std::string& bytes) {
  bytes.clear();
  bool over = false;
  while (!pipe.empty() && bytes.size() < len && !over) {
    PlainSlot& slot = pipe.front();
    const u64 part = std::min<u64>(slot.bytes.size(), len - bytes.size());
    bytes += slot.bytes.substr(0, part);
    slot.bytes.erase(0, part);
    over = slot.packet;
    if (over || slot.bytes.empty()) {
      pipe.pop_front();
    }
  }
  return number(bytes.size());
}

/// splice() out of the pipe, or vmsplice(): packets do not matter.
std::string plain_drain(PlainPipe& pipe, u64 len, std::string& bytes) {
  bytes.clear();
  while (!pipe.empty() && bytes.size() < len) {
    PlainSlot& slot = pipe.front();
    const u64 part = std::min<u64>(slot.bytes.size(), len - bytes.size());
    bytes += slot.bytes.substr(0, part);
    slot.bytes.erase(0, part);
    if (slot.bytes.empty()) {
      pipe.pop_front();
    }
  }
  return number(bytes.size());
}

std::string plain_splice(PlainPipe& in, PlainPipe& out, u64 len) {
  u64 done = 0;
  while (!in.empty() && out.size() < kSlots && done < len) {
    PlainSlot& slot = in.front();
    const u64 part = std::min<u64>(slot.bytes.size(), len - done);
    done += part;
    if (part == slot.bytes.size()) {
      out.push_back(slot);
      in.pop_front();
    } else {
      out.push_back({.bytes = slot.bytes.substr(0, part), .packet = slot.packet});
      slot.bytes.erase(0, part);
    }
  }
  return number(done);
}

std::string plain_tee(const PlainPipe& in, PlainPipe& out, u64 len) {
  u64 done = 0;
  for (const PlainSlot& slot : in) {
    if (out.size() == kSlots || done == len) {
      break;
    }
    out.push_back({.bytes = slot.bytes.substr(0, len - done), .packet = slot.packet});
    done += out.back().bytes.size();
  }
  return number(done);
}

struct Move {
  enum class Kind : u8 { kWrite, kPacket, kRead, kSplice, kTee, kNull, kFile, kMemory, kGive };
  Kind kind = Kind::kWrite;
  u32 in = 0;
  u32 out = 0;
  u64 len = 0;
  u8 pattern = 0;
};

Move any_move(Random& random) {
  constexpr std::array kKinds{Move::Kind::kWrite,  Move::Kind::kWrite,  Move::Kind::kPacket,
                              Move::Kind::kRead,   Move::Kind::kRead,   Move::Kind::kSplice,
                              Move::Kind::kSplice, Move::Kind::kTee,    Move::Kind::kNull,
                              Move::Kind::kFile,   Move::Kind::kMemory, Move::Kind::kGive};
  constexpr std::array<u64, 8> kLens{1, 10, 100, 4000, 4095, 4096, 5000, 20000};
  Move move;
  move.kind = random.one_of(kKinds);
  move.in = static_cast<u32>(random.below(kPipes));
  move.out = (move.in + 1 + static_cast<u32>(random.below(kPipes - 1))) % kPipes;
  move.len = random.one_in(3) ? 1 + random.below(9000) : random.one_of(kLens);
  move.pattern = static_cast<u8>(random.below(251));
  return move;
}

/// Both machines.
class Both {
 public:
  explicit Both(Contents contents) : real(kPipes, contents) {}

  /// Makes a move on the pipes of slots; says what came of it.
  std::string run(const Move& move) {
    const UserSegment buffer{.data = Payload::of_pattern(move.len, move.pattern), .len = move.len};
    switch (move.kind) {
      case Move::Kind::kWrite:
      case Move::Kind::kPacket:
        return real.write_segments(move.out, {buffer}, move.kind == Move::Kind::kPacket);
      case Move::Kind::kRead:
        return real.read(move.in, move.len);
      case Move::Kind::kSplice:
        return real.splice(move.in, move.out, move.len);
      case Move::Kind::kTee:
        return real.tee(move.in, move.out, move.len);
      case Move::Kind::kNull:
        return real.to_null(move.in, move.len);
      case Move::Kind::kFile:
        return real.to_file(move.in, move.len);
      case Move::Kind::kMemory:
        return real.to_memory(move.in, {buffer});
      case Move::Kind::kGive:
        return real.vmsplice(move.out, given(move), true);
    }
    return {};
  }

  /// The same on the strings.
  std::string expected(const Move& move) {
    const std::string bytes = Payload::of_pattern(move.len, move.pattern).to_string();
    switch (move.kind) {
      case Move::Kind::kWrite:
      case Move::Kind::kPacket:
        return plain_write(plain[move.out], bytes, move.kind == Move::Kind::kPacket);
      case Move::Kind::kRead:
        return plain_read(plain[move.in], move.len, plain_bytes);
      case Move::Kind::kSplice:
        return plain_splice(plain[move.in], plain[move.out], move.len);
      case Move::Kind::kTee:
        return plain_tee(plain[move.in], plain[move.out], move.len);
      case Move::Kind::kNull:
      case Move::Kind::kFile:
      case Move::Kind::kMemory:
        return plain_drain(plain[move.in], move.len, plain_bytes);
      case Move::Kind::kGive: {
        u64 done = 0;
        for (const auto& [offset, len] : given(move)) {
          if (plain[move.out].size() < kSlots) {
            plain[move.out].push_back({.bytes = std::string(len, 'u')});
            done += len;
          }
        }
        return number(done);
      }
    }
    return {};
  }

  static bool gives_bytes(const Move& move) {
    return move.kind == Move::Kind::kRead || move.kind == Move::Kind::kFile ||
           move.kind == Move::Kind::kMemory;
  }

  TestPipes real;
  std::array<PlainPipe, kPipes> plain;
  std::string plain_bytes;

 private:
  static std::vector<std::pair<u32, u32>> given(const Move& move) {
    return {{0, static_cast<u32>(std::min(move.len, kPage))}, {7, 5}};
  }
};

template <class Test>
void with_each_seed(Test test) {
  for (u64 seed = 1; seed <= kSeeds && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    test(Random(seed));
  }
}

// Every result and every byte, in order, is that of the strings; TestPipes checks after each step
// that no page is lost or freed twice.
TEST(SpliceProperty, BehavesAsListsOfStrings) {
  with_each_seed([](Random random) {
    Both both(Contents::kKept);
    for (u32 i = 0; i < kSteps; ++i) {
      const Move move = any_move(random);
      ASSERT_EQ(both.run(move), both.expected(move)) << "step " << i;
      if (Both::gives_bytes(move)) {
        ASSERT_EQ(both.real.bytes(), both.plain_bytes) << "step " << i;
      }
      for (u32 pipe = 0; pipe < kPipes; ++pipe) {
        ASSERT_EQ(pipe_occupancy(both.real[pipe]), both.plain[pipe].size());
      }
    }
    both.real.free_all();
  });
}

// Contents do not matter: lengths alone give the same results and rings.
TEST(SpliceProperty, DoesNotLookAtTheContents) {
  with_each_seed([](Random random) {
    Both whole(Contents::kKept);
    Both lengths(Contents::kLengthsOnly);
    for (u32 i = 0; i < kSteps; ++i) {
      const Move move = any_move(random);
      ASSERT_EQ(lengths.run(move), whole.run(move)) << "step " << i;
      ASSERT_EQ(lengths.real.ring(move.in), whole.real.ring(move.in));
      ASSERT_EQ(lengths.real.ring(move.out), whole.real.ring(move.out));
    }
  });
}

}  // namespace
}  // namespace ipcsim
