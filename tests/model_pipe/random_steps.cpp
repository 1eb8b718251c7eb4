#include "tests/model_pipe/random_steps.hpp"

#include <algorithm>
#include <array>

namespace ipcsim {

u64 any_len(Random& random) {
  constexpr std::array<u64, 13> kLens{1,    5,    100,  2000, 4000,  4095, 4096,
                                      4097, 5000, 8192, 8193, 20000, 70000};
  return random.one_in(3) ? 1 + random.below(9000) : random.one_of(kLens);
}

namespace {

/// `len` bytes in one to three segments; the stream's byte i is i mod 251.
Segments any_segments(Random& random, u64 len, u64 fault, u64& stream) {
  Segments segments;
  while (len > 0) {
    const u64 part = segments.size() == 2 || random.one_in(2) ? len : random.below(len + 1);
    const u64 mapped = std::min(fault, part);
    segments.push_back({.data = Payload::of_pattern(part, static_cast<u8>(stream % 251)),
                        .len = part,
                        .mapped = fault == kNoFault ? kNoFault : mapped});
    stream += part;
    len -= part;
    fault = fault == kNoFault ? kNoFault : fault - mapped;
  }
  return segments;
}

}  // namespace

std::vector<Step> any_program(Random& random, std::size_t steps) {
  std::vector<Step> program;
  u64 stream = 0;
  u64 unused = 0;
  while (program.size() < steps) {
    Step step;
    const u64 choice = random.below(20);
    if (choice < 16) {
      const bool write = choice % 2 == 0;
      const u64 len = any_len(random);
      step.kind = write ? Step::Kind::kWrite : Step::Kind::kRead;
      step.fault = random.one_in(8) ? random.below(len) : kNoFault;
      step.segments = any_segments(random, len, step.fault, write ? stream : unused);
    } else if (choice == 16) {
      step.kind = Step::Kind::kSetSize;
      step.size = u64{4096} << random.below(6);
    } else if (choice == 17) {
      step.kind = Step::Kind::kPoll;
    } else {
      step.kind = random.one_in(2) ? Step::Kind::kPacketsOn : Step::Kind::kPacketsOff;
    }
    program.push_back(std::move(step));
  }
  return program;
}

std::string run(TestPipe& p, const Step& step) {
  std::string result;
  switch (step.kind) {
    case Step::Kind::kWrite:
      result = step.segments.empty() ? "" : p.write(step.segments);
      break;
    case Step::Kind::kRead:
      result = p.read(step.segments);
      break;
    case Step::Kind::kPacketsOn:
    case Step::Kind::kPacketsOff:
      p.file(TestPipe::kWriteEnd).packets = step.kind == Step::Kind::kPacketsOn;
      return {};
    case Step::Kind::kSetSize:
      result = p.set_size(step.size);
      break;
    case Step::Kind::kPoll:
      return p.poll(TestPipe::kReadEnd) + " " + p.poll(TestPipe::kWriteEnd);
  }
  return result + " " + p.effects();
}

}  // namespace ipcsim
