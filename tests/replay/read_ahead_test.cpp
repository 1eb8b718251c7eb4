// Several writers whose order shows only where their bytes are read, much later.
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/replay/traces.hpp"

namespace ipcsim {
namespace {

using Verdict = Explanation::Verdict;

/// Three tasks write at the same time, round after round: 2 an a, 3 a b, 4 a c. Each round's order
/// is another. Nothing is read before all is written; `order` maps a round to what it came to.
template <class F>
Trace writers(u32 rounds, F order) {
  std::string lines = R"({"task":1,"call":"pipe2","ret":0,"out":{"pipefd":[3,4]}}
)";
  for (const u32 child : {2U, 3U, 4U}) {
    lines += fmt::format("{{\"task\":1,\"call\":\"fork\",\"child\":{0},\"ret\":{0}}}\n", child);
  }
  std::string all;
  for (u32 round = 0; round < rounds; ++round) {
    for (const u32 task : {2U, 3U, 4U}) {
      lines += fmt::format("{{\"task\":{},\"call\":\"write\",\"fd\":4,\"buf\":\"{}\"}}\n", task,
                           static_cast<char>('a' + task - 2));
    }
    for (const u32 task : {2U, 3U, 4U}) {
      lines += fmt::format("{{\"task\":{},\"return\":\"write\",\"ret\":1}}\n", task);
    }
    all += order(round);
  }
  for (u32 at = 0; at < all.size(); at += 2) {
    lines += fmt::format(
        "{{\"task\":1,\"call\":\"read\",\"fd\":3,\"count\":2,\"ret\":2,\"out\":{{\"buf\":\"{}\"}}"
        "}}\n",
        all.substr(at, 2));
  }
  return observed(lines);
}

std::string some_order(u32 round) {
  const std::vector<std::string> orders{"cba", "bca", "bac", "acb", "cab"};
  return orders[round % orders.size()];
}

// 6^14 orders, of which the reads tell one: no guess has to be taken back.
TEST(ReadAhead, TellsTheOrderOfWritersThatOverlap) {
  const auto found =
      explain(writers(14, some_order), newest_profile(), {.sections = 2000, .choices_kept = 1000});
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->verdict, Verdict::kExplained);
}

// The hint refutes nothing by itself, and makes nothing right: a byte too many of one writer.
TEST(ReadAhead, WhatNobodyWroteIsRefuted) {
  const auto wrong = [](u32 round) { return round == 1 ? std::string("aba") : some_order(round); };
  EXPECT_EQ(search(writers(4, wrong)).verdict, Verdict::kRefuted);
  EXPECT_EQ(search(writers(4, some_order)).verdict, Verdict::kExplained);
}

}  // namespace
}  // namespace ipcsim
