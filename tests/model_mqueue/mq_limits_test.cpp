// What an IPC namespace allows, and what a queue costs. Results are those of Linux 6.18.44.
#include "model/mqueue/mq_limits.hpp"

#include <string>

#include <gtest/gtest.h>

namespace ipcsim {
namespace {

const Caps kNobody;
const Caps kResource = Caps{}.add(Cap::kSysResource);

Errno error_of(i64 mq_maxmsg, i64 mq_msgsize, Caps caps = kNobody, const MqLimits& limits = {}) {
  const auto size = mq_new_size(MqSize{mq_maxmsg, mq_msgsize}, limits, caps);
  return size ? Errno::kOk : size.error();
}

// Without attributes a queue gets the defaults.
TEST(MqNewSize, DefaultsWithoutAttributes) {
  EXPECT_EQ(mq_new_size(std::nullopt, {}, kNobody), (MqSize{10, 8192}));
}

// A default above the maximum counts as the maximum, also for CAP_SYS_RESOURCE.
TEST(MqNewSize, MaximaCapTheDefaults) {
  const MqLimits limits{.mq_msg_max = 5, .mq_msgsize_max = 128, .mq_msg_default = 20};
  EXPECT_EQ(mq_new_size(std::nullopt, limits, kNobody), (MqSize{5, 128}));
  EXPECT_EQ(mq_new_size(std::nullopt, limits, kResource), (MqSize{5, 128}));
}

TEST(MqNewSize, RefusesWhatIsNotPositive) {
  for (const Caps caps : {kNobody, kResource}) {
    EXPECT_EQ(error_of(0, 10, caps), Errno::kEINVAL);
    EXPECT_EQ(error_of(-1, 10, caps), Errno::kEINVAL);
    EXPECT_EQ(error_of(10, 0, caps), Errno::kEINVAL);
    EXPECT_EQ(error_of(10, -5, caps), Errno::kEINVAL);
    EXPECT_EQ(error_of(1, 1, caps), Errno::kOk);
  }
}

TEST(MqNewSize, MaximaBindWithoutCapability) {
  EXPECT_EQ(error_of(11, 10), Errno::kEINVAL);
  EXPECT_EQ(error_of(10, 8193), Errno::kEINVAL);
  EXPECT_EQ(error_of(10, 8192), Errno::kOk);
}

// The hard limits bind whoever the maxima do not, and the maxima can be raised up to them.
TEST(MqNewSize, HardLimitsBindCapSysResource) {
  EXPECT_EQ(error_of(65536, 16777216, kResource), Errno::kOk);
  EXPECT_EQ(error_of(65537, 1, kResource), Errno::kEINVAL);
  EXPECT_EQ(error_of(1, 16777217, kResource), Errno::kEINVAL);
  const MqLimits raised{.mq_msg_max = 65536, .mq_msgsize_max = 16777216};
  EXPECT_EQ(error_of(65536, 16777216, kNobody, raised), Errno::kOk);
  EXPECT_EQ(error_of(65537, 1, kNobody, raised), Errno::kEINVAL);
}

TEST(MqCheckCount, QueuesMaxBindsWithoutCapability) {
  const MqLimits limits{.mq_queues_max = 2};
  EXPECT_EQ(mq_check_count(1, limits, kNobody), Errno::kOk);
  EXPECT_EQ(mq_check_count(2, limits, kNobody), Errno::kENOSPC);
  EXPECT_EQ(mq_check_count(2, limits, kResource), Errno::kOk);
}

TEST(MqCheckCount, ZeroForbidsAndMinusOneAllowsAll) {
  EXPECT_EQ(mq_check_count(0, {.mq_queues_max = 0}, kNobody), Errno::kENOSPC);
  EXPECT_EQ(mq_check_count(1000000, {.mq_queues_max = static_cast<u32>(-1)}, kNobody), Errno::kOk);
}

// Nine default queues fit into the default RLIMIT_MSGQUEUE of 819200 bytes, ten do not.
TEST(MqBytes, CountsTextsRecordsAndNodes) {
  EXPECT_EQ(mq_bytes({10, 8192}), 82880U);
  EXPECT_EQ(mq_bytes({1, 1}), 97U);
  EXPECT_EQ(mq_bytes({2, 64}), 320U);  // the recorded runs have uc=320
  EXPECT_EQ(mq_bytes({20, 4200}), 85920U);
  EXPECT_LE(mq_bytes({8445, 1}), 819200U);
  EXPECT_GT(mq_bytes({8446, 1}), 819200U);
}

// There are no more nodes than priorities.
TEST(MqBytes, NodesStopAtThePriorities) {
  EXPECT_EQ(mq_bytes({32768, 1}) - mq_bytes({32767, 1}), 97U);
  EXPECT_EQ(mq_bytes({32769, 1}) - mq_bytes({32768, 1}), 49U);
  EXPECT_EQ(mq_bytes({65536, 16777216}), 65536ULL * 16777216 + 65536 * 48 + 32768 * 48);
}

// As a name is copied in, before anything else about it.
TEST(MqCheckPath, EmptyAndTooLong) {
  EXPECT_EQ(mq_check_path(""), Errno::kENOENT);
  EXPECT_EQ(mq_check_path(std::string(4095, 'n')), Errno::kOk);
  EXPECT_EQ(mq_check_path(std::string(4096, 'n')), Errno::kENAMETOOLONG);
  EXPECT_EQ(mq_check_path("a/b"), Errno::kOk);
}

TEST(MqCheckName, RefusesWhatIsNoPlainName) {
  for (const char* name : {".", "..", "a/b", "/a", "a/", "/"}) {
    EXPECT_EQ(mq_check_name(name), Errno::kEACCES) << name;
  }
  for (const char* name : {"...", "a", "a b\n\xff", ".a"}) {
    EXPECT_EQ(mq_check_name(name), Errno::kOk) << name;
  }
}

TEST(MqCheckName, AtMost255Bytes) {
  EXPECT_EQ(mq_check_name(std::string(255, 'n')), Errno::kOk);
  EXPECT_EQ(mq_check_name(std::string(256, 'n')), Errno::kENAMETOOLONG);
}

// A slash is seen before the length.
TEST(MqCheckName, SlashBeforeLength) {
  EXPECT_EQ(mq_check_name(std::string(300, 'n') + "/"), Errno::kEACCES);
}

}  // namespace
}  // namespace ipcsim
