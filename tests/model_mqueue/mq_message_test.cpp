// Messages as values, and how many pieces the kernel stores one in.
#include "model/mqueue/mq_message.hpp"

#include <gtest/gtest.h>

#include "tests/model_mqueue/state_text.hpp"

namespace ipcsim {
namespace {

// The first block holds 4048 bytes of a 4 KiB page, each further one 4088; dumped from
// Linux 6.18.44.
TEST(MsgSegments, CountsTheBlocksBehindTheFirst) {
  for (const u64 len : {0U, 1U, 4047U, 4048U}) {
    EXPECT_EQ(msg_segments(Bytes{len}, 4096), 0U) << len;
  }
  for (const u64 len : {4049U, 8136U}) {
    EXPECT_EQ(msg_segments(Bytes{len}, 4096), 1U) << len;
  }
  for (const u64 len : {8137U, 8192U}) {
    EXPECT_EQ(msg_segments(Bytes{len}, 4096), 2U) << len;
  }
}

TEST(MsgSegments, FollowThePageSize) {
  EXPECT_EQ(msg_segments(Bytes{65536 - 48}, 65536), 0U);
  EXPECT_EQ(msg_segments(Bytes{65536 - 47}, 65536), 1U);
}

// Equal values have equal hashes, however the bytes are written down.
TEST(MqMessageHash, FollowsTheBytes) {
  const MqMessage generated = message(3, 1000);
  const MqMessage spelled{.prio = 3, .text = Payload::of_bytes(generated.text.to_string())};
  EXPECT_EQ(generated, spelled);
  EXPECT_EQ(hash_of(generated), hash_of(spelled));
}

TEST(MqMessageHash, SeesPriorityLengthAndBytes) {
  const u64 hash = hash_of(message(3, 1000));
  EXPECT_NE(hash, hash_of(message(4, 1000)));
  EXPECT_NE(hash, hash_of(message(3, 1001)));
  EXPECT_NE(hash, hash_of(MqMessage{.prio = 3, .text = Payload::of_pattern(1000, 8)}));
  EXPECT_NE(hash, hash_of(MqMessage{.prio = 3, .text = Payload::of_unknown(1000)}));
}

}  // namespace
}  // namespace ipcsim
