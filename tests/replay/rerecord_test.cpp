// rerecord_settled(): a program becomes a trace with the results of a machine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/replay/traces.hpp"

namespace ipcsim {
namespace {

constexpr std::string_view kProgram =
    R"({"task":1,"call":"pipe2"}
{"task":1,"call":"fork","child":2}
{"task":2,"call":"read","fd":3,"count":5}
{"note":"it sleeps"}
{"task":1,"call":"write","fd":4,"buf":"hi"}
{"task":2,"call":"close","fd":4}
{"task":1,"call":"close","fd":3}
{"task":2,"call":"close","fd":3}
{"task":2,"call":"pipe2"}
{"task":2,"call":"read","fd":3,"count":5}
{"task":2,"signal":"SIGTERM"}
)";

Trace rerecorded(const Trace& trace) {
  ModelMachine model = model_for(trace);
  auto recorded = rerecord_settled(trace, model);
  if (!recorded) {
    ADD_FAILURE() << recorded.error().message;
    return {};
  }
  return *std::move(recorded);
}

// Each action gets what followed it: its own end on its line, then the others', then who sleeps.
TEST(Rerecord, WritesDownWhatHappened) {
  const std::string text = format_trace(rerecorded(settled(kProgram)));
  EXPECT_EQ(text.substr(text.find('\n') + 1),
            R"({"task":1,"call":"pipe2","ret":0,"out":{"pipefd":[3,4]}}
{"task":1,"call":"fork","child":2,"ret":2}
{"task":2,"call":"read","fd":3,"count":5}
{"task":2,"sleep":"read"}
{"note":"it sleeps"}
{"task":1,"call":"write","fd":4,"buf":"hi","ret":2}
{"task":2,"return":"read","ret":2,"out":{"buf":"hi"}}
{"task":2,"call":"close","fd":4,"ret":0}
{"task":1,"call":"close","fd":3,"ret":0}
{"task":2,"call":"close","fd":3,"ret":0}
{"task":2,"call":"pipe2","ret":0,"out":{"pipefd":[3,4]}}
{"task":2,"call":"read","fd":3,"count":5}
{"task":2,"sleep":"read"}
{"task":2,"signal":"SIGTERM"}
{"task":2,"died":"SIGTERM"}
)");
}

// What was recorded agrees with the machine that gave it, and is recorded the same again.
TEST(Rerecord, GoesRound) {
  const Trace once = rerecorded(settled(kProgram));
  EXPECT_EQ(replay(once).differences.size(), 0U);
  EXPECT_EQ(rerecorded(once), once);
}

// Wrong results are replaced, not kept.
TEST(Rerecord, ReplacesWhatWasThere) {
  const Trace trace = settled(R"({"task":1,"call":"pipe2","ret":-1,"errno":"EMFILE"}
)");
  EXPECT_EQ(replay(rerecorded(trace)).differences.size(), 0U);
}

// A result that the machine does not have cannot be written down.
TEST(Rerecord, RefusesWhatIsNotModelled) {
  const Trace trace = settled(R"({"task":1,"call":"read","fd":0,"count":1}
)");
  ModelMachine model = model_for(trace);
  const auto recorded = rerecord_settled(trace, model);
  ASSERT_FALSE(recorded);
  EXPECT_TRUE(recorded.error().unsupported);
  EXPECT_THAT(recorded.error().message, ::testing::StartsWith("t:2: "));
}

// Nor can a call of a task that sleeps.
TEST(Rerecord, RefusesACallOfATaskThatSleeps) {
  const Trace trace = settled(R"({"task":1,"call":"pipe2"}
{"task":1,"call":"read","fd":3,"count":1}
{"task":1,"call":"close","fd":3}
)");
  ModelMachine model = model_for(trace);
  const auto recorded = rerecord_settled(trace, model);
  ASSERT_FALSE(recorded);
  EXPECT_EQ(recorded.error().message, "t:4: the task is still in its call");
}

}  // namespace
}  // namespace ipcsim
