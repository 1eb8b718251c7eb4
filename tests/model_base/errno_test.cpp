// Error numbers against the host's own.
#include "model/base/errno.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include <gtest/gtest.h>

namespace ipcsim {
namespace {

struct Row {
  Errno ours;
  int hosts;
  const char* name;
};

constexpr std::array kAll{
#define IPCSIM_TEST_ROW(name, number) Row{Errno::k##name, name, #name},
    IPCSIM_ERRNO_LIST(IPCSIM_TEST_ROW)
#undef IPCSIM_TEST_ROW
};

// A result is compared with a real kernel's by its number.
TEST(Errno, HasTheHostsNumber) {
  for (const Row& row : kAll) {
    EXPECT_EQ(static_cast<int>(row.ours), row.hosts) << row.name;
  }
}

// Traces and reports say errors by name, as strace and the manual pages do.
TEST(Errno, HasTheHostsName) {
  for (const Row& row : kAll) {
    EXPECT_EQ(errno_name(row.ours), row.name);
    EXPECT_STREQ(strerrorname_np(row.hosts), row.name);
  }
}

// What one trace writes another reads.
TEST(Errno, IsFoundByNameAndByNumber) {
  for (const Row& row : kAll) {
    EXPECT_EQ(errno_from_name(row.name), row.ours);
    EXPECT_EQ(errno_from_number(row.hosts), row.ours) << row.name;
  }
}

// A name or number out of a stranger's file may be anything.
TEST(Errno, IsNotFoundByWhatIsNone) {
  EXPECT_EQ(errno_from_name("EWHATEVER"), std::nullopt);
  EXPECT_EQ(errno_from_name(""), std::nullopt);
  EXPECT_EQ(errno_from_number(0), std::nullopt);
  EXPECT_EQ(errno_from_number(-11), std::nullopt);
  EXPECT_EQ(errno_from_number(65536 + 11), std::nullopt);
}

// The two that a program never sees still have names, for messages.
TEST(Errno, NamesTheInternalOnes) {
  EXPECT_EQ(errno_name(Errno::kERESTARTSYS), "ERESTARTSYS");
  EXPECT_EQ(errno_name(Errno::kERESTARTNOHAND), "ERESTARTNOHAND");
  EXPECT_EQ(errno_name(Errno::kOk), "OK");
}

}  // namespace
}  // namespace ipcsim
