// Capabilities against the host's own.
#include "model/base/caps.hpp"

#include <linux/capability.h>

#include <array>

#include <gtest/gtest.h>

namespace ipcsim {
namespace {

struct Row {
  Cap ours;
  int hosts;
  const char* name;
};

constexpr std::array kAll{
    Row{Cap::kDacOverride, CAP_DAC_OVERRIDE, "CAP_DAC_OVERRIDE"},
    Row{Cap::kFowner, CAP_FOWNER, "CAP_FOWNER"},
    Row{Cap::kKill, CAP_KILL, "CAP_KILL"},
    Row{Cap::kSysAdmin, CAP_SYS_ADMIN, "CAP_SYS_ADMIN"},
    Row{Cap::kSysNice, CAP_SYS_NICE, "CAP_SYS_NICE"},
    Row{Cap::kSysResource, CAP_SYS_RESOURCE, "CAP_SYS_RESOURCE"},
};

// CapEff of /proc/PID/status can be taken over bit by bit.
TEST(Cap, HasTheHostsNumberAndName) {
  for (const Row& row : kAll) {
    EXPECT_EQ(static_cast<int>(row.ours), row.hosts) << row.name;
    EXPECT_EQ(cap_name(row.ours), row.name);
    EXPECT_EQ(cap_from_name(row.name), row.ours);
  }
}

// A trace may name any capability; only those that matter are known.
TEST(Cap, IsNotFoundByAnotherName) {
  EXPECT_EQ(cap_from_name("CAP_NET_ADMIN"), std::nullopt);
  EXPECT_EQ(cap_from_name(""), std::nullopt);
}

// Root is not one right: each is asked for by itself.
TEST(Caps, HasWhatWasAdded) {
  Caps caps;
  EXPECT_FALSE(caps.has(Cap::kSysResource));
  caps.add(Cap::kSysResource).add(Cap::kKill);
  EXPECT_TRUE(caps.has(Cap::kSysResource));
  EXPECT_TRUE(caps.has(Cap::kKill));
  EXPECT_FALSE(caps.has(Cap::kSysAdmin));
  EXPECT_EQ(caps.bits, u64{1} << CAP_SYS_RESOURCE | u64{1} << CAP_KILL);
}

}  // namespace
}  // namespace ipcsim
