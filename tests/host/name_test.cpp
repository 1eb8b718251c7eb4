// Names that a trace gives to FIFOs and queues.
#include "tests/host/support.hpp"
#include "tools/host/names.hpp"

namespace ipcsim {
namespace {

using host::name_in_folder;
using host::QueueNames;

TEST(Names, ARelativePathIsWalkedInTheFolder) {
  EXPECT_EQ(name_in_folder("fifo"), "nfifo");
  EXPECT_EQ(name_in_folder("a/b"), "na/nb");
  EXPECT_EQ(name_in_folder("a//./b/"), "na//./nb/");
  EXPECT_EQ(name_in_folder("a/../b"), "na/../nb");
  EXPECT_EQ(name_in_folder("../../etc/passwd"), "././netc/npasswd");
  EXPECT_EQ(name_in_folder("a/../../etc"), "na/.././netc");
  EXPECT_EQ(name_in_folder("a/" + std::string(256, 'x')).size(), 259U);
}

TEST(Names, AnAbsolutePathIsOneFlatName) {
  EXPECT_EQ(name_in_folder("/tmp/x/fifo"), "n%2ftmp%2fx%2ffifo");
  EXPECT_EQ(name_in_folder("/../../etc/passwd"), "n%2f..%2f..%2fetc%2fpasswd");
  EXPECT_EQ(name_in_folder("/dev/null"), "/dev/null");
  EXPECT_EQ(name_in_folder("/dev//full"), "/dev/full");
  EXPECT_EQ(name_in_folder("/dev/sda"), "n%2fdev%2fsda");
  EXPECT_EQ(name_in_folder("%2ftmp"), "n%252ftmp");
  EXPECT_EQ(name_in_folder("/tmp//x/./fifo"), name_in_folder("/tmp/x/fifo"));
  EXPECT_NE(name_in_folder("tmp/x"), name_in_folder("/tmp/x"));
}

TEST(Names, QueuesKeepTheirNamesWhereTheyAreMounted) {
  EXPECT_EQ(host::name_in_run("m/a%", {"m"}), "nm/a%");
  EXPECT_EQ(host::name_in_run("m/...", {"m"}), "nm/...");
  EXPECT_EQ(host::name_in_run("m/..", {"m"}), "nm/..");
  EXPECT_EQ(host::name_in_run("m", {"m"}), "nm");
  EXPECT_EQ(host::name_in_run("m/a", {}), "nm/na");
  EXPECT_EQ(host::name_in_run("other/a", {"m"}), "nother/na");
  EXPECT_EQ(host::name_in_run("m/../../etc", {"m"}), name_in_folder("m/../../etc"));
}

TEST(Names, LongPathsStayDifferent) {
  const std::string folder = "/" + std::string(3000, 'd');
  const std::string a = name_in_folder(folder + "/a");
  const std::string b = name_in_folder(folder + "/b");
  EXPECT_NE(a, b);
  EXPECT_LT(a.size(), 255U);
  EXPECT_EQ(a.find('/'), std::string::npos);
}

TEST(Names, WhatTheKernelRefusesStaysRefused) {
  EXPECT_EQ(name_in_folder(""), "");
  EXPECT_EQ(name_in_folder("."), ".");
  EXPECT_EQ(name_in_folder("/"), ".");
  EXPECT_EQ(name_in_folder("/tmp/.."), "..");
  EXPECT_EQ(name_in_folder("fifo/"), "nfifo/");
  EXPECT_EQ(name_in_folder("/tmp/" + std::string(256, 'x')).size(), 256U);
  EXPECT_EQ(name_in_folder(std::string(5000, 'x')).size(), 5000U);
  EXPECT_EQ(name_in_folder(std::string("a\0/../b", 7)), "na");
}

TEST(Names, DescriptorsAreTheTasksOwn) {
  EXPECT_EQ(name_in_folder("/proc/self/fd/12"), "/proc/self/fd/12");
  EXPECT_EQ(name_in_folder("/dev/fd/0"), "/proc/self/fd/0");
  EXPECT_EQ(name_in_folder("/proc/self/fd/../../1/fd/0"),
            "n%2fproc%2fself%2ffd%2f..%2f..%2f1%2ffd%2f0");
  EXPECT_EQ(name_in_folder("/proc/self/fd/1/x"), "n%2fproc%2fself%2ffd%2f1%2fx");
  EXPECT_EQ(name_in_folder("/proc/self/fd/99999999999"), "n%2fproc%2fself%2ffd%2f99999999999");
}

TEST(Names, QueuesGetNumbers) {
  QueueNames names("run-");
  EXPECT_EQ(names.unique("q"), "run-0");
  EXPECT_EQ(names.unique("other"), "run-1");
  EXPECT_EQ(names.unique("q"), "run-0");
  EXPECT_EQ(names.count(), 2U);
  for (const std::string refused : {"", ".", "..", "a/b", "/q"}) {
    EXPECT_EQ(names.unique(refused), refused);
  }
  EXPECT_EQ(names.unique(std::string(256, 'q')).size(), 256U);
}

class HostName : public EveryMode {};

TEST_P(HostName, AFifoIsMadeOpenedAndUnlinked) {
  EXPECT_EQ(run_->step(kT1, MkfifoCall{"/var/spool/f", 0600}), "t1=0");
  EXPECT_EQ(run_->step(kT1, MkfifoCall{"/var/spool/f", 0600}), "t1=-EEXIST");
  run_->step(kT1, ForkCall{kT2});
  EXPECT_EQ(run_->step(kT1, open_call("/var/spool/f", kORdonly)), "~t1");
  EXPECT_EQ(sorted(run_->step(kT2, open_call("/var/spool/f", kOWronly))), "t1=0 t2=0");
  EXPECT_EQ(run_->step(kT1, UnlinkCall{"/var/spool/f"}), "t1=0");
  EXPECT_EQ(run_->step(kT1, open_call("/var/spool/f", kORdonly)), "t1=-ENOENT");
  EXPECT_EQ(run_->step(kT2, write_call(0, "x")), "t2=1");
  EXPECT_EQ(run_->step(kT1, read_call(0, 9)), "t1='x'");
}

TEST_P(HostName, OddPathsGetTheKernelsAnswers) {
  EXPECT_EQ(run_->step(kT1, MkfifoCall{""}), "t1=-ENOENT");
  EXPECT_EQ(run_->step(kT1, MkfifoCall{"."}), "t1=-EEXIST");
  EXPECT_EQ(run_->step(kT1, MkfifoCall{"/tmp/.."}), "t1=-EEXIST");
  EXPECT_EQ(run_->step(kT1, MkfifoCall{"f/"}), "t1=-ENOENT");
  EXPECT_EQ(run_->step(kT1, MkfifoCall{std::string(255, 'x')}), "t1=0");
  EXPECT_EQ(run_->step(kT1, MkfifoCall{std::string(256, 'x')}), "t1=-ENAMETOOLONG");
  EXPECT_EQ(run_->step(kT1, MkfifoCall{std::string(4096, '/')}), "t1=-ENAMETOOLONG");
  EXPECT_EQ(run_->step(kT1, UnlinkCall{"."}), "t1=-EISDIR");
  EXPECT_EQ(run_->step(kT1, UnlinkCall{""}), "t1=-ENOENT");
  EXPECT_EQ(run_->step(kT1, open_call(".", kOWronly)), "t1=-EISDIR");
  EXPECT_EQ(run_->step(kT1, open_call("", kORdonly)), "t1=-ENOENT");
  EXPECT_EQ(run_->step(kT1, open_call(std::string(255, 'x') + "/", kORdonly)), "t1=-ENOTDIR");
  EXPECT_EQ(run_->step(kT1, open_call("/etc/passwd", kORdonly)), "t1=-ENOENT");
  EXPECT_EQ(run_->step(kT1, open_call("/dev/sda", kORdwr)), "t1=-ENOENT");
}

TEST_P(HostName, ADescriptorIsOpenedAgain) {
  run_->step(kT1, pipe_call());
  EXPECT_EQ(run_->step(kT1, open_call("/proc/self/fd/0", kOWronly)), "t1=2");
  EXPECT_EQ(run_->step(kT1, write_call(2, "x")), "t1=1");
  EXPECT_EQ(run_->step(kT1, open_call("/dev/fd/0", kORdonly | kONonblock)), "t1=3");
  EXPECT_EQ(run_->step(kT1, read_call(3, 9)), "t1='x'");
  EXPECT_EQ(run_->step(kT1, open_call("/dev/fd/9", kORdonly)), "t1=-ENOENT");
}

TEST_P(HostName, QueueNamesAreTheKernels) {
  EXPECT_EQ(run_->step(kT1, mq_call("", kOCreat | kORdwr)), "t1=-ENOENT");
  EXPECT_EQ(run_->step(kT1, mq_call("/q", kOCreat | kORdwr)), "t1=-EACCES");
  EXPECT_EQ(run_->step(kT1, mq_call("..", kOCreat | kORdwr)), "t1=-EACCES");
  EXPECT_EQ(run_->step(kT1, mq_call(std::string(256, 'q'), kOCreat | kORdwr)), "t1=-ENAMETOOLONG");
  EXPECT_EQ(run_->step(kT1, mq_call("none", kORdwr)), "t1=-ENOENT");
  EXPECT_EQ(run_->step(kT1, mq_call(std::string(255, 'q'), kOCreat | kORdwr)), "t1=0");
  EXPECT_EQ(run_->step(kT1, mq_call(std::string(255, 'q'), kORdwr)), "t1=1");
  EXPECT_EQ(run_->step(kT1, MqUnlinkCall{UserPtr<std::string>::of("none")}), "t1=-ENOENT");
  EXPECT_EQ(run_->step(kT1, MqUnlinkCall{UserPtr<std::string>::of(std::string(255, 'q'))}), "t1=0");
  EXPECT_EQ(run_->step(kT1, mq_call(std::string(255, 'q'), kORdwr)), "t1=-ENOENT");
}

INSTANTIATE_TEST_SUITE_P(Modes, HostName, testing::ValuesIn(every_mode()), mode_name);

}  // namespace
}  // namespace ipcsim
