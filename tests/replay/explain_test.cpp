// explain(): is there an interleaving that gives what was recorded?
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/replay/traces.hpp"

namespace ipcsim {
namespace {

using Verdict = Explanation::Verdict;

// A pipe, 3 and 4, shared by tasks 1, 2 and 3.
constexpr std::string_view kThree =
    R"({"task":1,"call":"pipe2","ret":0,"out":{"pipefd":[3,4]}}
{"task":1,"call":"fork","child":2,"ret":2}
{"task":1,"call":"fork","child":3,"ret":3}
)";

Trace of_three(std::string_view lines) {
  return observed(std::string(kThree) + std::string(lines));
}

// Calls that overlap: the read slept until the write.
TEST(Explain, FindsTheOrderOfOverlappingCalls) {
  const Explanation found = search(of_three(R"({"task":2,"call":"read","fd":3,"count":5}
{"task":1,"call":"write","fd":4,"buf":"hi"}
{"task":2,"return":"read","ret":2,"out":{"buf":"hi"}}
{"task":1,"return":"write","ret":2}
)"));
  EXPECT_EQ(found.verdict, Verdict::kExplained);
  EXPECT_EQ(told(found.report), "5 steps, 5 compared, 0 differences, 0 not modelled");
}

// The log has one write first, the bytes say that the other was.
TEST(Explain, TakesAnotherOrderThanTheLogs) {
  const Explanation found = search(of_three(R"({"task":1,"call":"write","fd":4,"buf":"first "}
{"task":2,"call":"write","fd":4,"buf":"second "}
{"task":1,"return":"write","ret":6}
{"task":2,"return":"write","ret":7}
{"task":3,"call":"read","fd":3,"count":50,"ret":13,"out":{"buf":"second first "}}
)"));
  EXPECT_EQ(found.verdict, Verdict::kExplained);
  // The schedule runs task 2's write before task 1's.
  std::vector<u32> sections;
  for (const ScheduleEntry& entry : found.schedule) {
    if (!entry.is_event) {
      sections.push_back(entry.task.v);
    }
  }
  EXPECT_EQ(sections, (std::vector<u32>{1, 1, 1, 2, 1, 3}));
}

// To a traced task ignored signals come as well, and interrupt. Linux kernel/signal.c:
// sig_ignored().
TEST(Explain, AnIgnoredSignalInterruptsWhereATracerLooksOn) {
  constexpr std::string_view kWaits = R"({"task":1,"call":"epoll_create1","ret":5}
{"task":1,"call":"epoll_ctl","epfd":5,"op":"EPOLL_CTL_ADD","fd":3,"event":{"events":["EPOLLIN"]},"ret":0}
{"task":1,"call":"epoll_wait","epfd":5,"maxevents":4,"timeout":-1}
)";
  constexpr std::string_view kFails = R"({"task":1,"return":"epoll_wait","ret":-1,"errno":"EINTR"}
)";
  const std::string signal = "{\"task\":1,\"signal\":\"SIGCHLD\"}\n";
  EXPECT_EQ(search(of_three(std::string(kWaits) + signal + std::string(kFails))).verdict,
            Verdict::kExplained);
  EXPECT_EQ(search(of_three(std::string(kWaits) + std::string(kFails))).verdict, Verdict::kRefuted);
}

// Two pipes that one epoll instance watches: who wrote first shows in its list.
TEST(Explain, WritersToPipesOfOneEpollInstanceTakeAnyOrder) {
  const Explanation found =
      search(of_three(R"({"task":1,"call":"pipe2","ret":0,"out":{"pipefd":[5,6]}}
{"task":1,"call":"epoll_create1","ret":7}
{"task":1,"call":"epoll_ctl","epfd":7,"op":"EPOLL_CTL_ADD","fd":3,"event":{"events":["EPOLLIN"],"data":1},"ret":0}
{"task":1,"call":"epoll_ctl","epfd":7,"op":"EPOLL_CTL_ADD","fd":5,"event":{"events":["EPOLLIN"],"data":2},"ret":0}
{"task":1,"call":"fork","child":4,"ret":4}
{"task":2,"call":"write","fd":4,"buf":"a"}
{"task":4,"call":"write","fd":6,"buf":"b"}
{"task":2,"return":"write","ret":1}
{"task":4,"return":"write","ret":1}
{"task":1,"call":"epoll_wait","epfd":7,"maxevents":4,"timeout":-1,"ret":2,"out":{"events":[{"events":["EPOLLIN"],"data":2},{"events":["EPOLLIN"],"data":1}]}}
)"));
  EXPECT_EQ(found.verdict, Verdict::kExplained);
}

// A tracer sees a call return before the signal that it sent stops the task.
TEST(Explain, ACallReturnsBeforeItStopsItsTask) {
  const auto stops = [](std::string_view result) {
    return search(of_three("{\"task\":2,\"call\":\"kill\",\"pid\":2,\"sig\":\"SIGSTOP\"," +
                           std::string(result) + R"(}
{"task":1,"call":"write","fd":4,"buf":"x","ret":1}
{"task":1,"call":"kill","pid":2,"sig":"SIGCONT","ret":0}
{"task":2,"call":"read","fd":3,"count":5,"ret":1,"out":{"buf":"x"}}
)"))
        .verdict;
  };
  EXPECT_EQ(stops(R"("ret":0)"), Verdict::kExplained);
  EXPECT_EQ(stops(R"("ret":-1,"errno":"EPERM")"), Verdict::kRefuted);
}

// A call that returned before another was made came before it: that order is fixed.
TEST(Explain, KeepsTheOrderOfCallsThatDoNotOverlap) {
  const Explanation found =
      search(of_three(R"({"task":1,"call":"write","fd":4,"buf":"first ","ret":6}
{"task":2,"call":"write","fd":4,"buf":"second ","ret":7}
{"task":3,"call":"read","fd":3,"count":50,"ret":13,"out":{"buf":"second first "}}
)"));
  EXPECT_EQ(found.verdict, Verdict::kRefuted);
}

// A refutation points at the result that no interleaving gives, and shows what was there before.
TEST(Explain, NamesTheEventThatCannotBe) {
  const Explanation found = search(of_three(R"({"task":1,"call":"write","fd":4,"buf":"abc"}
{"task":2,"call":"write","fd":4,"buf":"de"}
{"task":1,"return":"write","ret":3}
{"task":2,"return":"write","ret":2}
{"task":3,"call":"read","fd":3,"count":50}
{"task":3,"return":"read","ret":5,"out":{"buf":"abcxy"}}
)"));
  EXPECT_EQ(found.verdict, Verdict::kRefuted);
  ASSERT_EQ(found.report.differences.size(), 1U);
  const Difference& difference = found.report.differences[0];
  EXPECT_EQ(difference.where, "t:10");
  EXPECT_EQ(difference.task, TaskId{3});
  EXPECT_EQ(difference.call, "read(3, 50)");
  EXPECT_EQ(difference.expected, "5 \"abcxy\"");
  EXPECT_EQ(difference.actual, "5 \"abcde\"; or 5 \"deabc\", in every interleaving tried");
  EXPECT_THAT(difference.state_before, ::testing::HasSubstr("offset 0     len 5     M anon"));
  EXPECT_TRUE(found.schedule.empty());
}

// A call that is said to return, and can only sleep.
TEST(Explain, RefutesAReturnThatNothingBrings) {
  const Explanation found = search(of_three(R"({"task":2,"call":"read","fd":3,"count":5}
{"task":2,"return":"read","ret":2}
)"));
  EXPECT_EQ(found.verdict, Verdict::kRefuted);
  EXPECT_EQ(told(found.report),
            "4 steps, 4 compared, 1 differences, 0 not modelled\n"
            "t:6 step 4 task 2: the call ends | every task that could bring that about sleeps, in "
            "every interleaving tried");
}

// Of two tasks at odds it is the one whose result is wrong that is named, at its own line.
TEST(Explain, NamesTheTaskWhoseResultIsWrong) {
  const Explanation found = search(of_three(R"({"task":2,"call":"read","fd":3,"count":5}
{"task":3,"call":"write","fd":4,"buf":"hi"}
{"task":2,"return":"read","ret":2}
{"task":3,"return":"write","ret":1}
)"));
  EXPECT_EQ(found.verdict, Verdict::kRefuted);
  ASSERT_EQ(found.report.differences.size(), 1U);
  EXPECT_EQ(found.report.differences[0].where, "t:8");
  EXPECT_EQ(found.report.differences[0].task, TaskId{3});
  EXPECT_EQ(found.report.differences[0].call, "write(4, \"hi\", 2)");
}

// Which reader was faster is found by what each got.
TEST(Explain, FindsWhichReaderWasFaster) {
  for (const std::string_view winner : {"2", "3"}) {
    const std::string_view loser = winner == "2" ? "3" : "2";
    std::string lines = R"({"task":2,"call":"read","fd":3,"count":1}
{"task":3,"call":"read","fd":3,"count":1}
{"task":1,"call":"write","fd":4,"buf":"ab","ret":2}
{"task":W,"return":"read","ret":1,"out":{"buf":"a"}}
{"task":L,"return":"read","ret":1,"out":{"buf":"b"}}
)";
    lines.replace(lines.find("W,"), 1, winner);
    lines.replace(lines.find("L,"), 1, loser);
    EXPECT_EQ(search(of_three(lines)).verdict, Verdict::kExplained) << winner;
  }
}

// A child's first call may be logged before its parent's fork() returns.
TEST(Explain, RunsAForkWhenItsChildNeedsIt) {
  const Explanation found = search(observed(R"({"task":1,"call":"pipe2","ret":0}
{"task":1,"call":"fork","child":2}
{"task":2,"call":"write","fd":4,"buf":"x","ret":1}
{"task":1,"return":"fork","ret":2}
)"));
  EXPECT_EQ(found.verdict, Verdict::kExplained);
}

// A signal may come to a child before its parent's fork() returns, and kill it.
TEST(Explain, RunsAForkWhenASignalNeedsItsChild) {
  const Explanation found = search(observed(R"({"task":1,"call":"pipe2","ret":0}
{"task":1,"call":"fork","child":2}
{"task":2,"signal":"SIGSEGV"}
{"task":1,"return":"fork","ret":2}
{"task":2,"died":"SIGSEGV"}
)"));
  EXPECT_EQ(found.verdict, Verdict::kExplained);
}

// Bytes that the log cut off match any; where written bytes are unknown only lengths are compared.
TEST(Explain, TakesCutStringsAsFarAsTheyGo) {
  const std::string lines = R"({"task":1,"call":"write","fd":4,"buf":"abcdef","ret":6}
{"task":3,"call":"read","fd":3,"count":50,"ret":6,"out":{"buf":{"text":"abc","len":6}}}
)";
  const Explanation found = search(of_three(lines));
  EXPECT_EQ(found.verdict, Verdict::kExplained);
  EXPECT_TRUE(found.report.remarks.empty());
  std::string wrong = lines;
  wrong.replace(wrong.rfind("abc"), 3, "abx");
  EXPECT_EQ(search(of_three(wrong)).verdict, Verdict::kRefuted);
}

// Bytes that were cut off where they were written: what is known of them is still compared.
TEST(Explain, ComparesWhatIsKnownOfCutWrites) {
  const std::string lines = R"({"task":1,"call":"write","fd":4,"buf":{"text":"abc","len":6},"ret":6}
{"task":1,"call":"write","fd":4,"buf":"def","ret":3}
{"task":3,"call":"read","fd":3,"count":50,"ret":9,"out":{"buf":"abc???def"}}
)";
  EXPECT_EQ(search(of_three(lines)).verdict, Verdict::kExplained);
  for (const std::string_view known : {"abc?", "?def"}) {
    std::string wrong = lines;
    wrong[wrong.rfind(known) + (known.front() == '?' ? 1 : 0)] = 'x';
    EXPECT_EQ(search(of_three(wrong)).verdict, Verdict::kRefuted) << wrong;
  }
}

// A timeout counts from the call's beginning, whenever its first section is run.
TEST(Explain, CountsTimeoutsFromTheCallsBeginning) {
  const Trace trace =
      of_three(R"({"task":1,"call":"poll","fds":[{"fd":3,"events":["POLLIN"]}],"timeout":100}
{"advance_ns":100000000}
{"task":1,"return":"poll","ret":0,"out":{"revents":[[]]}}
)");
  EXPECT_EQ(search(trace).verdict, Verdict::kExplained);
}

// Calls on other pipes are no choices: fifty of them at once are explained and refuted at once.
TEST(Explain, KeepsIndependentObjectsApart) {
  std::string lines;
  constexpr int kPairs = 50;
  for (int i = 0; i < kPairs; ++i) {
    lines += fmt::format(R"({{"task":1,"call":"pipe2","ret":0,"out":{{"pipefd":[{},{}]}}}})"
                         "\n",
                         5 + 2 * i, 6 + 2 * i);
  }
  for (int i = 0; i < kPairs; ++i) {
    lines += fmt::format(R"({{"task":1,"call":"fork","child":{0},"ret":{0}}})"
                         "\n",
                         10 + i);
  }
  for (int i = 0; i < kPairs; ++i) {
    lines += fmt::format(R"({{"task":{},"call":"write","fd":{},"buf":"x"}})"
                         "\n",
                         10 + i, 6 + 2 * i);
  }
  for (int i = 0; i < kPairs; ++i) {
    lines += fmt::format(R"({{"task":{},"return":"write","ret":1}})"
                         "\n",
                         10 + i);
  }
  const std::string good =
      lines + R"({"task":1,"call":"read","fd":5,"count":9,"ret":1,"out":{"buf":"x"}})";
  const std::string bad =
      lines + R"({"task":1,"call":"read","fd":5,"count":9,"ret":1,"out":{"buf":"y"}})";
  EXPECT_EQ(search(of_three(good + "\n"), {.sections = 1000}).verdict, Verdict::kExplained);
  EXPECT_EQ(search(of_three(bad + "\n"), {.sections = 1000}).verdict, Verdict::kRefuted);
}

// A refutation says what each state that was possible would have given.
TEST(Explain, TellsWhatEachPossibleStateGives) {
  const Explanation found = search(of_three(R"({"task":1,"call":"write","fd":4,"buf":"a"}
{"task":2,"call":"write","fd":4,"buf":"b"}
{"task":1,"return":"write","ret":1}
{"task":2,"return":"write","ret":1}
{"task":3,"call":"read","fd":3,"count":9,"ret":2,"out":{"buf":"xx"}}
)"));
  ASSERT_EQ(found.report.differences.size(), 1U);
  EXPECT_THAT(found.report.differences[0].actual, ::testing::HasSubstr("2 \"ab\""));
  EXPECT_THAT(found.report.differences[0].actual, ::testing::HasSubstr("2 \"ba\""));
}

// Deaths, too, need their time.
TEST(Explain, ExplainsADeath) {
  const Explanation found = search(of_three(R"({"task":2,"call":"read","fd":3,"count":5}
{"task":1,"call":"kill","pid":2,"sig":"SIGTERM","ret":0}
{"task":2,"died":"SIGTERM"}
)"));
  EXPECT_EQ(found.verdict, Verdict::kExplained);
}

// A search that may not go on says so; it neither explains nor refutes.
TEST(Explain, IsUndecidedWhenItsLimitIsSmall) {
  const Trace trace = of_three(R"({"task":1,"call":"write","fd":4,"buf":"x","ret":1}
{"task":1,"call":"write","fd":4,"buf":"x","ret":1}
{"task":1,"call":"write","fd":4,"buf":"x","ret":1}
)");
  const Explanation found = search(trace, {.sections = 3});
  EXPECT_EQ(found.verdict, Verdict::kUndecided);
  EXPECT_EQ(found.report.undecided, 1U);
  EXPECT_EQ(found.report.differences.size(), 0U);
  ASSERT_EQ(found.report.remarks.size(), 1U);
  EXPECT_THAT(found.report.remarks[0], ::testing::StartsWith("t: undecided: "));
  EXPECT_EQ(search(trace).verdict, Verdict::kExplained);
}

// When choices had to be forgotten the answer "no" cannot be given.
TEST(Explain, IsUndecidedWhenChoicesWereForgotten) {
  const Trace trace = of_three(R"({"task":1,"call":"write","fd":4,"buf":"a"}
{"task":2,"call":"write","fd":4,"buf":"b"}
{"task":3,"call":"write","fd":4,"buf":"c"}
{"task":1,"return":"write","ret":1}
{"task":2,"return":"write","ret":1}
{"task":3,"return":"write","ret":1}
{"task":1,"call":"read","fd":3,"count":9,"ret":3,"out":{"buf":"xyz"}}
)");
  EXPECT_EQ(search(trace).verdict, Verdict::kRefuted);
  EXPECT_EQ(search(trace, {.choices_kept = 1}).verdict, Verdict::kUndecided);
}

// All six orders of three writes are found, and nothing else.
TEST(Explain, FindsEveryOrderThatThereIs) {
  const auto lines = [](std::string_view got) {
    return R"({"task":1,"call":"write","fd":4,"buf":"a"}
{"task":2,"call":"write","fd":4,"buf":"b"}
{"task":3,"call":"write","fd":4,"buf":"c"}
{"task":1,"return":"write","ret":1}
{"task":2,"return":"write","ret":1}
{"task":3,"return":"write","ret":1}
{"task":1,"call":"read","fd":3,"count":9,"ret":3,"out":{"buf":")" +
           std::string(got) + "\"}}\n";
  };
  for (const std::string_view got : {"abc", "acb", "bac", "bca", "cab", "cba"}) {
    EXPECT_EQ(search(of_three(lines(got))).verdict, Verdict::kExplained) << got;
  }
  EXPECT_EQ(search(of_three(lines("aab"))).verdict, Verdict::kRefuted);
}

// A call whose end was not seen may have happened or not.
TEST(Explain, LeavesACallWithoutAnEndOpen) {
  for (const std::string_view got :
       {R"("ret":1,"out":{"buf":"a"})", R"("ret":-1,"errno":"EAGAIN")"}) {
    const Trace trace = observed(
        R"({"task":1,"call":"pipe2","flags":["O_NONBLOCK"],"ret":0}
{"task":1,"call":"fork","child":2,"ret":2}
{"task":2,"call":"write","fd":4,"buf":"a"}
{"task":1,"call":"read","fd":3,"count":9,)" +
        std::string(got) + "}\n");
    EXPECT_EQ(search(trace).verdict, Verdict::kExplained) << got;
  }
}

// Nobody knows what a file holds that is not under study.
TEST(Explain, TakesAnyBytesThatAreSplicedFromAFile) {
  const Explanation found =
      search(observed(R"({"task":1,"call":"pipe2","ret":0,"out":{"pipefd":[3,4]}}
{"task":1,"other_fd":5}
{"task":1,"call":"write","fd":4,"buf":"ab","ret":2}
{"task":1,"call":"splice","fd_in":5,"fd_out":4,"len":3,"ret":3}
{"task":1,"call":"read","fd":3,"count":9,"ret":5,"out":{"buf":"abxyz"}}
)"));
  EXPECT_EQ(found.verdict, Verdict::kExplained);
}

// A tracer sees dup2() return before the file is released that was there.
TEST(Explain, LetsDup2ReleaseAfterItsReturn) {
  for (const std::string_view told : {R"("ret":0)", R"("ret":1,"out":{"revents":[["POLLHUP"]]})"}) {
    const Explanation found =
        search(observed(fmt::format(R"({{"task":1,"call":"pipe2","ret":0,"out":{{"pipefd":[3,4]}}}}
{{"task":1,"call":"fork","child":2,"ret":2}}
{{"task":1,"call":"close","fd":4,"ret":0}}
{{"task":2,"call":"dup2","oldfd":3,"newfd":4,"ret":4}}
{{"task":1,"call":"poll","fds":[{{"fd":3,"events":["POLLIN"]}}],"timeout":0,{}}}
{{"task":2,"call":"close","fd":4,"ret":0}}
{{"task":1,"call":"read","fd":3,"count":1,"ret":0}}
)",
                                    told)));
    EXPECT_EQ(found.verdict, Verdict::kExplained) << told;
  }
}

// kill() finds a process that has ended until its parent has waited for it: a trace does not say
// whether it has.
TEST(Explain, TakesBothAnswersToASignalForAProcessThatHasEnded) {
  for (const std::string_view answer : {R"("ret":0)", R"("ret":-1,"errno":"ESRCH")"}) {
    const Explanation found = search(of_three(fmt::format(R"({{"task":2,"call":"exit_group"}}
{{"task":2,"died":"exit"}}
{{"task":1,"call":"kill","pid":2,"sig":"SIGTERM",{}}}
)",
                                                          answer)));
    EXPECT_EQ(found.verdict, Verdict::kExplained) << answer;
    EXPECT_EQ(told(found.report), "5 steps, 5 compared, 0 differences, 0 not modelled") << answer;
  }
}

// What is not modelled is counted; the rest is still searched.
TEST(Explain, CountsWhatIsNotModelled) {
  const Explanation found = search(of_three(R"({"task":1,"call":"read","fd":0,"count":5,"ret":5}
{"task":1,"call":"write","fd":4,"buf":"x","ret":1}
)"));
  EXPECT_EQ(found.verdict, Verdict::kExplained);
  EXPECT_EQ(told(found.report), "5 steps, 4 compared, 0 differences, 1 not modelled");
}

// A signal that came before a call does not put off when its time begins.
TEST(Explain, ATimeBeginsWhereTheCallDoes) {
  const Explanation found =
      search(observed(R"({"task":1,"call":"pipe2","ret":0,"out":{"pipefd":[3,4]}}
{"task":1,"signal":"SIGCHLD"}
{"task":1,"call":"poll","fds":[{"fd":3,"events":["POLLIN"]}],"timeout":500}
{"advance_ns":502000000}
{"task":1,"return":"poll","ret":0,"out":{"revents":[[]]}}
)"));
  EXPECT_EQ(found.verdict, Verdict::kExplained);
}

// A thread closes a number that another thread's open() is given before the close() was seen to
// return.
TEST(Explain, ANumberThatComesAgainWasClosedBefore) {
  const Explanation found =
      search(observed(R"({"task":1,"call":"pipe2","ret":0,"out":{"pipefd":[3,4]}}
{"task":1,"call":"clone","flags":["CLONE_VM","CLONE_FILES","CLONE_SIGHAND","CLONE_THREAD"],"child":2,"ret":2}
{"task":1,"other_fd":5,"what":"a"}
{"task":1,"call":"close","fd":5}
{"task":2,"other_fd":5,"what":"b"}
{"task":1,"return":"close","ret":0}
{"task":2,"call":"close","fd":5,"ret":0}
{"task":2,"call":"pipe2","ret":0,"out":{"pipefd":[5,6]}}
)"));
  EXPECT_EQ(found.verdict, Verdict::kExplained);
}

// A process that a signal ends closes its files one after the other: who waits for the ends of two
// pipes may see one of them alone.
TEST(Explain, WhoIsKilledClosesItsPipesOneAfterTheOther) {
  constexpr std::string_view kBegin = R"({"task":1,"call":"pipe2","ret":0,"out":{"pipefd":[3,4]}}
{"task":1,"call":"pipe2","ret":0,"out":{"pipefd":[5,6]}}
{"task":1,"call":"fork","child":2,"ret":2}
{"task":1,"call":"close","fd":4,"ret":0}
{"task":1,"call":"close","fd":6,"ret":0}
{"task":1,"call":"epoll_create1","ret":4}
{"task":1,"call":"epoll_ctl","epfd":4,"op":"EPOLL_CTL_ADD","fd":3,"event":{"events":["EPOLLIN"],"data":3},"ret":0}
{"task":1,"call":"epoll_ctl","epfd":4,"op":"EPOLL_CTL_ADD","fd":5,"event":{"events":["EPOLLIN"],"data":5},"ret":0}
{"task":1,"call":"kill","pid":2,"sig":"SIGKILL","ret":0}
{"task":1,"call":"epoll_wait","epfd":4,"maxevents":4,"timeout":-1}
)";
  for (const std::string_view seen :
       {R"({"events":["EPOLLHUP"],"data":5})",
        R"({"events":["EPOLLHUP"],"data":5},{"events":["EPOLLHUP"],"data":3})"}) {
    const Explanation found = search(observed(fmt::format(
        R"({}{{"task":1,"return":"epoll_wait","ret":{},"out":{{"events":[{}]}}}}
)",
        kBegin, seen.ends_with("3}") ? 2 : 1, seen)));
    EXPECT_EQ(found.verdict, Verdict::kExplained) << seen;
  }
}

// The thread that killed its process by a signal is seen to return from the call before the others
// have ended.
TEST(Explain, AThreadThatKillsItsProcessReturnsBeforeTheOthersEnd) {
  const Explanation found =
      search(observed(R"({"task":1,"call":"pipe2","ret":0,"out":{"pipefd":[3,4]}}
{"task":1,"call":"fork","child":2,"ret":2}
{"task":2,"call":"clone","flags":["CLONE_VM","CLONE_FILES","CLONE_SIGHAND","CLONE_THREAD"],"child":3,"ret":3}
{"task":2,"call":"tgkill","tgid":2,"tid":2,"sig":"SIGPIPE"}
{"task":2,"return":"tgkill","ret":0}
{"task":3,"died":"SIGPIPE"}
{"task":2,"died":"SIGPIPE"}
)"));
  EXPECT_EQ(found.verdict, Verdict::kExplained);
}

}  // namespace
}  // namespace ipcsim
