// Versions are data.
#include "model/base/kernel_profile.hpp"

#include <set>

#include <gtest/gtest.h>

namespace ipcsim {
namespace {

// A trace names its profile.
TEST(KernelProfile, IsFoundByName) {
  const KernelProfile* profile = find_profile("linux-6.18");
  ASSERT_NE(profile, nullptr);
  EXPECT_EQ(profile->name, "linux-6.18");
  EXPECT_EQ(profile->tmp_pages, 2);
}

// A profile that is not there is not replaced by a similar one.
TEST(KernelProfile, IsNotFoundByAnotherName) {
  EXPECT_EQ(find_profile("linux-2.4"), nullptr);
  EXPECT_EQ(find_profile("linux-6.180"), nullptr);
  EXPECT_EQ(find_profile(""), nullptr);
}

// Without a name the newest is meant: it stands last.
TEST(KernelProfile, NewestStandsLast) {
  ASSERT_FALSE(kernel_profiles().empty());
  EXPECT_EQ(&newest_profile(), &kernel_profiles().back());
}

// A name means one profile.
TEST(KernelProfile, NamesDiffer) {
  std::set<std::string_view> names;
  for (const KernelProfile& profile : kernel_profiles()) {
    EXPECT_TRUE(names.insert(profile.name).second) << profile.name;
    EXPECT_TRUE(profile.name.starts_with("linux-"));
  }
}

// tmp_page[] has two cells in the model: no profile may ask for more, or for none.
TEST(KernelProfile, KeepsOneOrTwoPages) {
  for (const KernelProfile& profile : kernel_profiles()) {
    EXPECT_TRUE(profile.tmp_pages == 1 || profile.tmp_pages == 2) << profile.name;
  }
}

}  // namespace
}  // namespace ipcsim
