// Random programs on a pipe, made without a look at it.
#pragma once

#include <string>
#include <vector>

#include "model/base/random.hpp"
#include "tests/model_pipe/test_pipe.hpp"

namespace ipcsim {

inline constexpr u64 kNoFault = UserSegment::kAllMapped;

/// One step of a program.
struct Step {
  enum class Kind : u8 { kWrite, kRead, kPacketsOn, kPacketsOff, kSetSize, kPoll };
  Kind kind = Kind::kWrite;
  Segments segments;
  u64 fault = kNoFault;  ///< bytes of the segments that can be touched
  u64 size = 0;
};

/// A length as programs have them, and as they sit around the edges of a page.
u64 any_len(Random& random);
/// A program of so many steps; what is written counts modulo 251 through the whole program.
std::vector<Step> any_program(Random& random, std::size_t steps);
/// Runs one step; says everything that came of it.
std::string run(TestPipe& p, const Step& step);

}  // namespace ipcsim
