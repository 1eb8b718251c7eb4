// Through what a program makes a call of message queues: the C library's functions, held against
// those of this machine, and the entry of 32-bit programs. The names in brackets are those of the
// measurements on linux 6.18.44.
#include <fcntl.h>
#include <mqueue.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/base/errno.hpp"
#include "sim/kernel/sys_mqueue.hpp"
#include "tests/sim_kernel/calls.hpp"
#include "tests/sim_kernel/test_kernel.hpp"

namespace ipcsim {
namespace {

using namespace calls;

constexpr u32 kCreate = kOCreat | kORdwr;

MqOpenCall open_call(std::string_view name, u32 flags, MqEntry entry) {
  MqOpenCall call = get<MqOpenCall>(mq_open(name, flags));
  call.entry = entry;
  return call;
}

MqUnlinkCall unlink_call(std::string_view name, MqEntry entry) {
  MqUnlinkCall call = get<MqUnlinkCall>(mq_unlink(name));
  call.entry = entry;
  return call;
}

/// The error of a function of the real C library as the model writes it.
std::string real_error() { return fmt::format("-1 {}", errno_name(*errno_from_number(errno))); }

std::string real_open(const std::string& name) {
  const mqd_t queue = ::mq_open(name.c_str(), O_CREAT | O_RDWR, 0600, nullptr);
  if (queue == -1) {
    return real_error();
  }
  mq_close(queue);
  return "opened";
}

std::string real_unlink(const std::string& name) {
  return ::mq_unlink(name.c_str()) == 0 ? "0" : real_error();
}

// A queue that is made is taken away again by the second of the two. [A09]
TEST(MqEntry, NamesOfTheLibraryAreAsThisMachinesLibraryHasThem) {
  const std::string own = fmt::format("/ipcsim-test-{}", getpid());
  TestKernel k;
  for (const std::string& name :
       {std::string("x"), std::string(), std::string("/"), std::string("//x"), std::string("/a/b"),
        std::string("/."), "/" + std::string(256, 'x'), own}) {
    const std::string opened = k.run(1, open_call(name, kCreate, MqEntry::kLibc));
    EXPECT_EQ(opened.starts_with('-') ? opened : "opened", real_open(name)) << name;
    EXPECT_EQ(k.run(1, unlink_call(name, MqEntry::kLibc)), real_unlink(name)) << name;
  }
}

// Without O_CREAT the library does not look for what may stand behind the flags.
TEST(MqEntry, LibraryPassesAttributesOnWithOCreatOnly) {
  TestKernel k;
  k.run(1, mq_open("q", kCreate));
  MqOpenCall call = open_call("/q", kORdwr, MqEntry::kLibc);
  call.attr = UserPtr<MqAttr>::bad();
  EXPECT_EQ(k.run(1, call), "4");
  call.oflag.v = kCreate;
  EXPECT_EQ(k.run(1, call), "-1 EFAULT");
}

// The library says EACCES whatever the reason.
TEST(MqEntry, LibraryHasOneErrorForQueuesOfOthers) {
  EXPECT_EQ(libc_unlink_error(Errno::kEPERM), Errno::kEACCES);
  EXPECT_EQ(libc_unlink_error(Errno::kENOENT), Errno::kENOENT);
}

// It reads the name before any call is made.
TEST(MqEntry, NamesThatTheLibraryDiesOfAreNotModelled) {
  TestKernel k;
  MqOpenCall call = open_call("/q", kCreate, MqEntry::kLibc);
  call.name = UserPtr<std::string>::bad();
  EXPECT_THAT(k.run(1, call), testing::StartsWith("not modelled"));
}

// [F07]
TEST(MqEntry, ThirtyTwoBitsReadAttributesWithOCreatOnly) {
  TestKernel k;
  MqOpenCall call = open_call("q", kCreate, MqEntry::kIa32);
  EXPECT_EQ(k.run(1, call), "3");
  call.attr = UserPtr<MqAttr>::bad();
  EXPECT_EQ(k.run(1, call), "-1 EFAULT");
  call.oflag.v = kORdwr;
  EXPECT_EQ(k.run(1, call), "4");
}

// No 32-bit program has such numbers.
TEST(MqEntry, NumbersBeyondThirtyTwoBitsAreNotModelled) {
  TestKernel k;
  MqOpenCall call = open_call("q", kCreate, MqEntry::kIa32);
  call.attr = UserPtr<MqAttr>::of({.mq_maxmsg = i64{1} << 31U, .mq_msgsize = 8});
  EXPECT_THAT(k.run(1, call), testing::StartsWith("not modelled"));
  k.run(1, mq_open("q", kCreate));
  MqTimedsendCall send{.mqdes = Fd{3}, .msg = {.data = {}, .len = u64{1} << 32U}};
  EXPECT_EQ(k.run(1, send), "-1 EMSGSIZE");
  send.entry = MqEntry::kIa32;
  EXPECT_THAT(k.run(1, send), testing::StartsWith("not modelled"));
  MqNotifyCall notify{.mqdes = Fd{3},
                      .sevp = UserPtr<SigEvent>::of({.sigev_value = u64{1} << 32U})};
  notify.entry = MqEntry::kIa32;
  EXPECT_THAT(k.run(1, notify), testing::StartsWith("not modelled"));
}

}  // namespace
}  // namespace ipcsim
