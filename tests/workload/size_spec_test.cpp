#include "sim/workload/size_spec.hpp"

#include <map>

#include <gtest/gtest.h>

#include "sim/workload/histogram.hpp"

namespace ipcsim {
namespace {

TEST(SizeSpec, ReadsSizesRangesAndWeights) {
  EXPECT_EQ(SizeSpec::parse("64K"), SizeSpec::fixed(65536));
  EXPECT_EQ(SizeSpec::parse("4..4"), SizeSpec::fixed(4));
  const auto mixed = SizeSpec::parse("64:9,1K..4K");
  ASSERT_TRUE(mixed.has_value());
  EXPECT_EQ(mixed->smallest(), 64);
  EXPECT_EQ(mixed->largest(), 4096);
  EXPECT_EQ(mixed->text(), "64:9,1024..4096");
  EXPECT_EQ(SizeSpec::parse(mixed->text()), *mixed);
}

TEST(SizeSpec, SaysWhatIsWrong) {
  for (const char* text : {"", "x", "0", "4K..1K", "1,", "5:0", "1T", "99999999999999999999", "-1",
                           "4096B", "1..", "..2", "3:x", "0..5"}) {
    const auto spec = SizeSpec::parse(text);
    ASSERT_FALSE(spec.has_value()) << text;
    EXPECT_NE(spec.error().find("expected"), std::string::npos) << text;
  }
}

TEST(SizeSpec, DrawsAllSizesOfARangeAndNoOther) {
  const SizeSpec spec = *SizeSpec::parse("3..6,100:2");
  Random random(7);
  std::map<u64, int> seen;
  for (int i = 0; i < 3000; ++i) {
    ++seen[spec.draw(random)];
  }
  EXPECT_EQ(seen.size(), 5);
  EXPECT_NEAR(seen[100], 2000, 150);
  EXPECT_NEAR(seen[3], 250, 80);
  EXPECT_GT(seen[6], 0);
}

TEST(SizeText, NamesWholeUnits) {
  EXPECT_EQ(bytes_text(65536), "64 KiB");
  EXPECT_EQ(bytes_text(2049), "2049 B");
  EXPECT_EQ(bytes_text(1U << 20U), "1 MiB");
}

TEST(Histogram, PercentilesAreExactToAnEighth) {
  Histogram histogram;
  for (u64 value = 1; value <= 100'000; ++value) {
    histogram.add(value);
  }
  EXPECT_EQ(histogram.count(), 100'000);
  EXPECT_EQ(histogram.most(), 100'000);
  for (const u64 permille : {1U, 100U, 500U, 900U, 990U, 1000U}) {
    const double exact = static_cast<double>(permille) * 100;
    const auto got = static_cast<double>(histogram.at_permille(permille));
    EXPECT_GE(got, exact);
    EXPECT_LE(got, exact * 1.126) << permille;
  }
  Histogram small;
  EXPECT_EQ(small.at_permille(500), 0);
  small.add(5);
  small.add(1'000'000);
  EXPECT_EQ(small.at_permille(500), 5);
  EXPECT_EQ(small.at_permille(1000), 1'000'000);
}

}  // namespace
}  // namespace ipcsim
