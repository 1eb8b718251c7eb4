// An explanation told: sleeps, who ended them, what held what, and who sleeps at the end.
#include "sim/replay/story.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/base/kernel_profile.hpp"
#include "tests/replay/traces.hpp"

namespace ipcsim {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kReaderSleeps =
    R"({"task":1,"call":"pipe2","ret":0,"out":{"pipefd":[3,4]},"time_ns":1000}
{"task":1,"call":"fork","child":2,"ret":2,"time_ns":2000}
{"task":2,"call":"read","fd":3,"count":5,"time_ns":10000}
{"task":1,"call":"write","fd":4,"buf":"hi","ret":2,"time_ns":3010000}
{"task":2,"return":"read","ret":2,"out":{"buf":"hi"},"time_ns":3020000}
)";

Story story_of(const Trace& trace) {
  const Explanation found = search(trace);
  EXPECT_EQ(found.verdict, Explanation::Verdict::kExplained) << told(found.report);
  return tell(trace, newest_profile(), found.schedule);
}

// The sleep ends where its waker's call begins.
TEST(Story, TellsWhoSleptAndWhoWokeIt) {
  const Story story = story_of(observed(std::string(kReaderSleeps)));
  ASSERT_EQ(story.calls.size(), 4U);
  const ToldCall& read = story.calls[2];
  EXPECT_TRUE(read.slept);
  EXPECT_EQ(read.where, "pipe:1");
  EXPECT_EQ(read.woken_by, 3U);
  EXPECT_EQ(read.asleep_ns, 3'000'000);
  EXPECT_FALSE(story.calls[3].slept);
  EXPECT_THAT(to_text(story, 20),
              HasSubstr("task 2: read(3, 5) on pipe:1 slept 3.000 ms, ended by task 1: write(4"));
}

// What the recorder saw of the sleep says how long it was, and whether its waker is the order's.
TEST(Story, TellsOfRecordedSleeps) {
  const auto with = [](std::string_view slept) {
    std::string lines(kReaderSleeps);
    lines.insert(lines.rfind("\"time_ns\""), std::string(slept) + ",");
    return story_of(observed(lines));
  };
  const Story story = with(R"("slept":{"times":2,"ns":1500000,"woken_by":1})");
  EXPECT_EQ(story.calls[2].asleep_ns, 1'500'000);
  EXPECT_THAT(to_text(story, 20),
              HasSubstr("as recorded 1 calls slept; 1 of them here too, 1 of 1 woken by the task"));
  EXPECT_THAT(to_text(story, 20), HasSubstr("slept 1.500 ms in 2 sleeps, ended by task 1: write("));
  const Story other = with(R"("slept":{"times":1,"ns":7,"woken_by":2})");
  EXPECT_EQ(recorded_sleeps(other).same_waker, 0U);
  EXPECT_THAT(to_text(other, 20), HasSubstr("2) (as recorded by task 2)\n"));
}

// A real program, recorded on a real kernel: who slept and who woke whom is what the model says.
TEST(Story, SleepsAndWakersAreThoseOfTheKernel) {
  const RecordedSleeps sleeps =
      recorded_sleeps(story_of(trace_from_file("traces/recorded/sleeps.jsonl")));
  EXPECT_EQ(sleeps.calls, 6U);
  EXPECT_EQ(sleeps.found, 6U);
  EXPECT_EQ(sleeps.wakers, 6U);
  EXPECT_EQ(sleeps.same_waker, 6U);
}

TEST(Story, TellsHowFullThingsWere) {
  const Story story = story_of(observed(std::string(kReaderSleeps)));
  ASSERT_EQ(story.objects.size(), 1U);
  EXPECT_EQ(story.objects[0].name, "pipe:1");
  EXPECT_EQ(story.objects[0].most_bytes, 2U);
  EXPECT_EQ(story.objects[0].most_slots, 1U);
  EXPECT_EQ(story.objects[0].levels.size(), 3U);  // empty, two bytes, empty
}

// A pipeline that hangs: each end says what it waits for, and who could give it.
TEST(Story, TellsWhatSleepersAtTheEndWaitFor) {
  const Story story = story_of(observed(R"({"task":1,"call":"pipe2","ret":0,"out":{"pipefd":[3,4]}}
{"task":1,"call":"fork","child":2,"ret":2}
{"task":1,"call":"close","fd":4,"ret":0}
{"task":2,"call":"close","fd":3,"ret":0}
{"task":2,"call":"mq_open","name":"q","oflag":["O_RDWR","O_CREAT"],"mode":"0600","ret":3}
{"task":2,"call":"mq_timedreceive","mqdes":3,"msg_len":8192}
{"task":1,"call":"read","fd":3,"count":5}
)"));
  ASSERT_EQ(story.sleepers.size(), 2U);
  EXPECT_EQ(story.sleepers[0].waits,
            "waits for bytes, or for the last write end to close; write ends: task 2 (4)");
  EXPECT_EQ(story.sleepers[1].where, "queue q");
  EXPECT_EQ(story.sleepers[1].waits,
            "waits for a message to be sent; the queue is open in task 2 (3)");
  const Trace settled_trace = settled(R"({"task":1,"call":"pipe2","ret":0,"out":{"pipefd":[3,4]}}
{"task":1,"call":"fork","child":2,"ret":2}
{"task":1,"call":"close","fd":4,"ret":0}
{"task":2,"call":"read","fd":3,"count":5}
{"task":2,"sleep":"read"}
)");
  const Story hung =
      tell(settled_trace, newest_profile(), settled_schedule(settled_trace, newest_profile()));
  ASSERT_EQ(hung.sleepers.size(), 1U);
  EXPECT_EQ(hung.sleepers[0].task, TaskId{2});
  EXPECT_EQ(hung.sleepers[0].waits,
            "waits for bytes, or for the last write end to close; write ends: task 2 (4)");
}

}  // namespace
}  // namespace ipcsim
