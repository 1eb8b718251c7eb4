// Lines and arguments by themselves.
#include <gtest/gtest.h>

#include "tools/import/argument.hpp"
#include "tools/import/call_result.hpp"
#include "tools/import/strace_line.hpp"

namespace ipcsim::strace {
namespace {

Node value(std::string_view text) {
  auto node = parse_value(text);
  EXPECT_TRUE(node.has_value()) << text << ": " << (node ? "" : node.error());
  return node ? *node : Node{};
}

TEST(Lexer, StringsHaveOctalHexAndCutForms) {
  EXPECT_EQ(value(R"("\0011")").bytes, std::string("\x01") + "1");
  EXPECT_EQ(value(R"("\1a")").bytes, std::string("\x01") + "a");
  EXPECT_EQ(value(R"("\x68\x69\n\"\\")").bytes, "hi\n\"\\");
  EXPECT_TRUE(value(R"("abc"...)").cut);
  EXPECT_FALSE(parse_value(R"("abc)").has_value());
}

TEST(Lexer, AnnotationsNestAndMayBeDeleted) {
  EXPECT_EQ(value("3<pipe:[7]>").annotation, "pipe:[7]");
  EXPECT_EQ(value("0</dev/null<char 1:3>>").annotation, "/dev/null<char 1:3>");
  EXPECT_EQ(value("10</tmp/f>(deleted)").annotation, "/tmp/f");
  EXPECT_EQ(value("3<TCP:[127.0.0.1:1->127.0.0.1:2]>").annotation,
            "TCP:[127.0.0.1:1->127.0.0.1:2]");
  EXPECT_FALSE(value("1<<12").annotation.has_value());
}

TEST(Arguments, StructuresListsFlagsAndComments) {
  const Node node =
      value("{a=[1, 2], b=O_RDWR|0x10 /* why */, c={d=-1}, e=~[INT TERM]} => {f=[5]}");
  ASSERT_EQ(node.items.size(), 4U);
  EXPECT_EQ(node.member("a")->items[1].number, 2U);
  EXPECT_EQ(node.member("b")->text, "O_RDWR|0x10");
  EXPECT_EQ(static_cast<i64>(node.member("c")->member("d")->number), -1);
  EXPECT_TRUE(node.member("e")->complement);
  EXPECT_EQ(node.member("e")->items.size(), 2U);
  EXPECT_EQ(node.after[0].member("f")->items[0].number, 5U);
}

TEST(Arguments, DeepNestingIsRefused) {
  EXPECT_FALSE(parse_value(std::string(100'000, '[')).has_value());
  EXPECT_FALSE(parse_value(std::string(100'000, '(')).has_value());
}

TEST(Results, AllForms) {
  EXPECT_EQ(parse_result(" = 3<pipe:[7]> <0.000012>")->value, 3);
  EXPECT_EQ(parse_result(" = 3 <0.000012>")->duration_ns, 12'000);
  EXPECT_EQ(parse_result(" = -1 EAGAIN (Resource temporarily unavailable)")->error, "EAGAIN");
  EXPECT_EQ(parse_result(" = ? ERESTARTSYS (To be restarted)")->kind, CallResult::Kind::kRestart);
  EXPECT_EQ(parse_result(" = ?")->kind, CallResult::Kind::kNone);
  EXPECT_EQ(parse_result(" = 0x8001 (flags O_WRONLY|O_LARGEFILE)")->value, 0x8001);
  EXPECT_EQ(parse_result(" = 0 (Timeout)")->details, "Timeout");
  EXPECT_TRUE(parse_result(" = -1 EINTR (Interrupted system call) (INJECTED)")->injected);
}

TEST(Lines, PidsAndTimes) {
  const StraceLine unix_time = parse_line("14188 1795351570.789071 read(3, \"\", 1) = 0");
  EXPECT_EQ(unix_time.pid, 14188);
  EXPECT_EQ(unix_time.clock, Clock::kUnix);
  EXPECT_EQ(unix_time.time_ns, 1'795'351'570'789'071'000);
  EXPECT_EQ(unix_time.name, "read");
  EXPECT_EQ(parse_line("[pid   12] read(3, \"\", 1) = 0").pid, 12);
  EXPECT_EQ(parse_line("1403<sh x> 12:46:11.853 close(3) = 0").clock, Clock::kDay);
  EXPECT_EQ(parse_line("     0.000123 close(3) = 0").clock, Clock::kPrevious);
  EXPECT_EQ(parse_line("close(3) = 0").pid, std::nullopt);
  EXPECT_EQ(parse_line("7 [00007f51ab3e0e9a] close(3) = 0").name, "close");
}

// What our own recorder adds to a line of strace.
TEST(StraceLine, TheNoteOfACallsSleeps) {
  StraceLine line = parse_line("1 read(3, \"\", 1) = 0 <0.1> {slept 2 times, <0.05>, woken by 7}");
  EXPECT_EQ(line.kind, StraceLine::Kind::kCall);
  EXPECT_EQ(line.text, "3, \"\", 1) = 0 <0.1>");
  ASSERT_TRUE(line.slept);
  EXPECT_EQ(line.slept->times, 2);
  EXPECT_EQ(line.slept->ns, 50'000'000);
  EXPECT_EQ(line.slept->woken_by, 7);
  line = parse_line("1 <... read resumed>\"\", 1) = 0 {slept 1 times, <3>}");
  EXPECT_EQ(line.kind, StraceLine::Kind::kResumed);
  ASSERT_TRUE(line.slept);
  EXPECT_EQ(line.slept->woken_by, 0);
  for (const std::string_view other :
       {"1 f() = 0 {slept 0 times, <3>}", "1 f() = 0 {slept 1 times, <3>, woken by }",
        "1 f() = 0 {slept 1 times, 3}", "1 f() = 0 {slept 1 times, <3> }", "1 f() = 0 {slept }"}) {
    EXPECT_FALSE(parse_line(other).slept) << other;
  }
}

TEST(Lines, Kinds) {
  using Kind = StraceLine::Kind;
  EXPECT_EQ(parse_line("1 read(3,  <unfinished ...>").kind, Kind::kUnfinished);
  EXPECT_EQ(parse_line("1 <... read resumed>\"\", 1) = 0").kind, Kind::kResumed);
  EXPECT_EQ(parse_line("1 read(3,  <unfinished ...>) = ?").kind, Kind::kCall);
  EXPECT_EQ(parse_line("1 --- SIGPIPE {si_signo=SIGPIPE} ---").name, "SIGPIPE");
  EXPECT_EQ(parse_line("1 +++ exited with 7 +++").number, 7);
  EXPECT_EQ(parse_line("1 +++ killed by SIGABRT (core dumped) +++").name, "SIGABRT");
  EXPECT_EQ(parse_line("1 +++ superseded by execve in pid 9 +++").number, 9);
  EXPECT_EQ(parse_line("clone(a=1strace: Process 5 attached").kind, Kind::kAttached);
  EXPECT_EQ(parse_line("what a program prints (perhaps)").kind, Kind::kUnknown);
}

}  // namespace
}  // namespace ipcsim::strace
