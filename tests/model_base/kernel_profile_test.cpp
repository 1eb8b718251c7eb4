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

// A switch's row names it, and says what the profile has.
TEST(KernelProfile, EverySwitchIsToldOnce) {
  std::set<std::string_view> names;
  for (const ProfileSwitch& row : profile_switches()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_FALSE(row.about.empty() || row.since.empty() || row.known.empty()) << row.name;
  }
}

// A switch that no two profiles have apart decides nothing, but for the one of a configuration.
TEST(KernelProfile, EverySwitchTellsTwoProfilesApart) {
  for (const ProfileSwitch& row : profile_switches()) {
    std::set<std::string> values;
    for (const KernelProfile& profile : kernel_profiles()) {
      values.insert(row.value(profile));
    }
    EXPECT_EQ(values.size() > 1, row.name != "watch_queue") << row.name;
  }
}

// The changes from version to version lead to what the defaults say of 6.18.
TEST(KernelProfile, DefaultsAreThoseOf618) {
  KernelProfile defaults;
  for (const ProfileSwitch& row : profile_switches()) {
    EXPECT_EQ(row.value(defaults), row.value(*find_profile("linux-6.18"))) << row.name;
  }
}

}  // namespace
}  // namespace ipcsim
