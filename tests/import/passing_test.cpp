// Descriptors that go from one process to another: over sockets, and by pidfd_getfd().
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/import/explained.hpp"

namespace ipcsim {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string rights(std::string_view fds) {
  return "msg_iov=[{iov_base=\"x\", iov_len=1}], msg_iovlen=1, msg_control=[{cmsg_len=20, "
         "cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[" +
         std::string(fds) + "]}], msg_controllen=24, msg_flags=0}, 0) = 1\n";
}

// A descriptor in a message keeps its pipe open until it arrives, as the lowest free number.
TEST(Passing, AMessageHoldsItsDescriptorsUntilTheyArrive) {
  const std::string log =
      "1 socketpair(AF_UNIX, SOCK_STREAM, 0, [3, 4]) = 0\n"
      "1 clone(child_stack=NULL, flags=SIGCHLD) = 2\n"
      "1 pipe2([5, 6], 0) = 0\n"
      "1 sendmsg(3, {" +
      rights("6") +
      "1 close(6) = 0\n"
      "2 recvmsg(4, {" +
      rights("5") +
      "2 write(5, \"across\", 6) = 6\n"
      "2 close(5) = 0\n"
      "1 read(5, \"across\", 99) = 6\n"
      "1 read(5, \"\", 99) = 0\n";
  const auto [trace, report] = imported(log);
  EXPECT_EQ(verdict_on(trace), "explained");
  EXPECT_EQ(report.passed_descriptors, 1U);
  EXPECT_THAT(report.not_understood, IsEmpty());
  EXPECT_THAT(event_lines(trace), Contains(HasSubstr(R"("call":"sendmsg","fd":7)")));
  EXPECT_THAT(event_lines(trace), Contains(HasSubstr(R"("call":"recvmsg","fd":8)")));
}

// With other files in the same message, numbers as -X raw has them, and MSG_CMSG_CLOEXEC.
TEST(Passing, OtherFilesInTheMessageTakeTheirNumbers) {
  const auto [trace, report] = imported(
      "1 socketpair(0x1, 0x1, 0, [3, 4]) = 0\n"
      "1 clone(child_stack=0, flags=0x11) = 0x2\n"
      "1 pipe2([5, 6], 0) = 0\n"
      "1 sendmsg(0x3, {msg_name=0, msg_control=[{cmsg_len=0x18, cmsg_level=0x1, cmsg_type=0x1, "
      "cmsg_data=[6, 2]}], msg_flags=0}, 0) = 0x1\n"
      "2 recvmsg(0x4, {msg_name=0, msg_control=[{cmsg_len=0x18, cmsg_level=0x1, cmsg_type=0x1, "
      "cmsg_data=[5, 6]}], msg_flags=0x40000000}, 0x40000000) = 0x1\n"
      "2 write(5, \"a\", 1) = 1\n"
      "1 read(5, \"a\", 1) = 1\n");
  EXPECT_EQ(verdict_on(trace), "explained");
  EXPECT_THAT(event_lines(trace), Contains(HasSubstr("MSG_CMSG_CLOEXEC")));
  EXPECT_EQ(report.passed_descriptors, 1U);
}

// Where two messages are on their way between unknown sockets, -y tells which is which.
TEST(Passing, NamesTellMessagesApart) {
  EXPECT_EQ(
      verdict_of("1 pipe2([3<pipe:[70]>, 4<pipe:[70]>], 0) = 0\n"
                 "1 pipe2([5<pipe:[71]>, 6<pipe:[71]>], 0) = 0\n"
                 "1 clone(child_stack=NULL, flags=SIGCHLD) = 2\n"
                 "1 accept4(9<socket:[10]>, NULL, NULL, 0) = 7<socket:[12]>\n"
                 "1 sendmsg(7<socket:[12]>, {" +
                 rights("4<pipe:[70]>") + "1 sendmsg(7<socket:[12]>, {" + rights("6<pipe:[71]>") +
                 "2 close(6<pipe:[71]>) = 0\n"
                 "2 recvmsg(8<socket:[13]>, {" +
                 rights("6<pipe:[71]>") +
                 "2 write(6<pipe:[71]>, \"second\", 6) = 6\n"
                 "1 read(5<pipe:[71]>, \"second\", 9) = 6\n"),
      "explained");
}

// Without names nothing decides, and both pipes are left out.
TEST(Passing, WhatCannotBeToldApartIsLeftOut) {
  const auto [trace, report] = imported(
      "1 pipe2([3, 4], 0) = 0\n"
      "1 pipe2([5, 6], 0) = 0\n"
      "1 clone(child_stack=NULL, flags=SIGCHLD) = 2\n"
      "1 sendmsg(7, {" +
      rights("4") + "1 sendmsg(7, {" + rights("6") + "2 recvmsg(8, {" + rights("9") +
      "2 write(9, \"second\", 6) = 6\n"
      "1 read(5, \"second\", 9) = 6\n");
  EXPECT_THAT(event_lines(trace), Not(Contains(HasSubstr(R"("call":"read")"))));
  EXPECT_EQ(verdict_on(trace), "explained");
}

// A log without sendmsg() and recvmsg(), in which a pipe's number turns up elsewhere.
TEST(Passing, APipeThatArrivesUnseenIsLeftOut) {
  const auto [trace, report] = imported(
      "1 pipe2([3<pipe:[70]>, 4<pipe:[70]>], 0) = 0\n"
      "1 close(4<pipe:[70]>) = 0\n"
      "2 write(5<pipe:[70]>, \"abc\", 3) = 3\n"
      "1 read(3<pipe:[70]>, \"abc\", 9) = 3\n");
  EXPECT_THAT(event_lines(trace), Not(Contains(HasSubstr(R"("call":"read")"))));
  EXPECT_EQ(verdict_on(trace), "explained");
  EXPECT_THAT(report.inherited_pipe_by_call, Contains(std::pair<std::string, u64>{"read", 1}));
  EXPECT_THAT(report.no_effect_by_call, Contains(std::pair<std::string, u64>{"write", 1}));
}

// pidfd_getfd() takes a descriptor of another process, which need do nothing for it.
TEST(Passing, WhatPidfdGetfdFetches) {
  const auto [trace, report] = imported(
      "1 pipe2([3, 4], 0) = 0\n"
      "1 clone(child_stack=NULL, flags=SIGCHLD) = 2\n"
      "1 pidfd_open(2, 0) = 5\n"
      "1 close(3) = 0\n"
      "1 pidfd_getfd(5, 3, 0) = 3\n"
      "1 write(4, \"hello\", 5) = 5\n"
      "1 read(3, \"hel\", 3) = 3\n"
      "2 read(3, \"lo\", 9) = 2\n"
      "1 fcntl(3, F_GETFD) = 0x1 (flags FD_CLOEXEC)\n"
      "2 close(4) = 0\n"
      "1 close(4) = 0\n"
      "2 close(3) = 0\n"
      "1 read(3, \"\", 9) = 0\n");
  EXPECT_EQ(verdict_on(trace), "explained");
  EXPECT_EQ(report.passed_descriptors, 1U);
  EXPECT_THAT(report.not_understood, IsEmpty());
  EXPECT_THAT(report.inherited_pipe_by_call, IsEmpty());
  EXPECT_THAT(event_lines(trace), Contains(HasSubstr(R"("task":2,"call":"sendmsg")")));
}

// A process cannot be said to hand a descriptor over while it is in a call: its pipe is left out.
TEST(Passing, WhatPidfdGetfdFetchesOfABusyTaskIsLeftOut) {
  const auto [trace, report] = imported(
      "1 pipe2([3, 4], 0) = 0\n"
      "1 clone(child_stack=NULL, flags=SIGCHLD) = 2\n"
      "2 read(3 <unfinished ...>\n"
      "1 pidfd_open(2, 0) = 5\n"
      "1 pidfd_getfd(5, 3, 0) = 6\n"
      "1 write(4, \"hello\", 5) = 5\n"
      "1 read(6, \"hel\", 3) = 3\n"
      "2 <... read resumed>, \"lo\", 9) = 2\n");
  EXPECT_THAT(event_lines(trace), Not(Contains(HasSubstr("\"read\""))));
  EXPECT_THAT(event_lines(trace), Not(Contains(HasSubstr("\"write\""))));
  EXPECT_THAT(report.inherited_pipe_by_call, Contains(std::pair<std::string, u64>{"read", 2}));
}

}  // namespace
}  // namespace ipcsim
