// The workload that a trace shows.
#include "sim/workload/trace_workload.hpp"

#include <gtest/gtest.h>

#include "tests/workload/streams.hpp"

namespace ipcsim {
namespace {

using testing::run;

Trace parse(const std::string& events) {
  auto trace = parse_trace("{\"ipcsim_trace\":1,\"order\":\"observed\"}\n" + events, "test");
  EXPECT_TRUE(trace.has_value()) << trace.error().text();
  return trace ? *trace : Trace{};
}

constexpr const char* kPipeline = R"({"task":1,"call":"pipe2","ret":0,"out":{"pipefd":[3,4]}}
{"task":1,"call":"fork","child":2,"ret":2}
{"task":1,"call":"close","fd":4,"ret":0}
{"task":2,"call":"close","fd":3,"ret":0}
{"task":2,"call":"write","fd":4,"buf":{"len":100000,"pattern":1},"ret":100000}
{"task":2,"call":"exit_group"}
{"task":1,"call":"read","fd":3,"count":65536,"ret":65536}
{"task":1,"call":"read","fd":3,"count":65536,"ret":34464}
{"task":1,"call":"read","fd":3,"count":65536,"ret":0}
{"task":1,"call":"exit_group"}
)";

TEST(TraceWorkload, HasEachTasksTransfersInTheirOrder) {
  const Workload workload = trace_workload(parse(kPipeline));
  ASSERT_EQ(workload.tasks.size(), 2);
  EXPECT_TRUE(workload.tasks[0].starts);
  EXPECT_FALSE(workload.tasks[1].starts);
  EXPECT_EQ(amounts_into(workload), std::vector<u64>{100'000});
  u64 reads = 0;
  for (const Step& step : workload.tasks[0].steps) {
    reads += step.kind == Step::Kind::kRead ? 1 : 0;
  }
  EXPECT_EQ(reads, 2) << "two reads of the same room are one step, the end of the data another";
}

TEST(TraceWorkload, RunsAtOtherSizesAndMovesTheSameBytes) {
  const Workload workload = trace_workload(parse(kPipeline));
  u64 least_sleeps = ~u64{0};
  for (const u64 size : {4096U, 65536U, 262144U}) {
    const RunResult result = run(resized(workload, 0, size), 2);
    EXPECT_TRUE(result.stuck.empty()) << size;
    EXPECT_EQ(result.all.bytes_in, 100'000);
    EXPECT_EQ(result.all.bytes_out, 100'000);
    EXPECT_LE(result.all.sleeps, least_sleeps);
    least_sleeps = result.all.sleeps;
  }
}

// A descriptor that a child still holds keeps the end of the data away, as in the kernel.
TEST(TraceWorkload, AnEndThatSomebodyHoldsIsNotClosed) {
  const Workload workload = trace_workload(parse(
      R"({"task":1,"call":"pipe2","ret":0,"out":{"pipefd":[3,4]}}
{"task":1,"call":"fork","child":2,"ret":2}
{"task":1,"call":"close","fd":4,"ret":0}
{"task":1,"call":"read","fd":3,"count":10,"ret":0}
)"));
  const RunResult result = run(workload, 2);
  ASSERT_EQ(result.stuck.size(), 1);
  EXPECT_EQ(result.stuck[0].call, "read(10 bytes)");
}

TEST(TraceWorkload, QueuesAreFoundByName) {
  const Workload workload = trace_workload(parse(
      R"({"task":1,"call":"mq_open","name":"q","oflag":["O_RDWR","O_CREAT"],"mode":"0600","attr":{"mq_maxmsg":2,"mq_msgsize":16},"ret":3}
{"task":1,"call":"mq_timedsend","mqdes":3,"msg_ptr":"ab","msg_prio":5,"ret":0}
{"task":1,"call":"mq_timedsend","mqdes":3,"msg_ptr":"cd","msg_prio":5,"ret":0}
{"task":1,"call":"mq_timedreceive","mqdes":3,"msg_len":16,"ret":2}
)"));
  ASSERT_EQ(workload.objects.size(), 1);
  EXPECT_EQ(workload.objects[0].mq, (MqSize{2, 16}));
  EXPECT_TRUE(run(workload, 1).stuck.empty());
  EXPECT_EQ(run(resized(workload, 0, 1), 1).stuck.size(), 1) << "the second message does not fit";
}

}  // namespace
}  // namespace ipcsim
