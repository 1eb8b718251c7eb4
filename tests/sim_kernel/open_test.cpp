// FIFOs in the file system: mkfifo(), open(), unlink(). The names in brackets are those of the
// measurements on linux 6.18.44.
#include <gtest/gtest.h>

#include "tests/sim_kernel/calls.hpp"
#include "tests/sim_kernel/test_kernel.hpp"

namespace ipcsim {
namespace {

using namespace calls;

/// The FIFO "f", and threads 2 and 3.
TestKernel with_fifo() {
  TestKernel k;
  k.run(1, mkfifo("f"));
  k.run(1, thread(2));
  k.run(1, thread(3));
  return k;
}

// A name is made once.
TEST(Mkfifo, MakesAName) {
  TestKernel k = with_fifo();
  EXPECT_EQ(k.run(1, mkfifo("f")), "-1 EEXIST");
  EXPECT_EQ(k.run(1, mkfifo("g")), "0");
  EXPECT_EQ(k.run(1, mkfifo("")), "-1 ENOENT");
  EXPECT_EQ(k.run(1, mkfifo(std::string(256, 'x'))), "-1 ENAMETOOLONG");
  EXPECT_EQ(k.run(1, mkfifo(std::string(4096, 'x'))), "-1 ENAMETOOLONG");
  EXPECT_EQ(k.kernel.snapshot().pipes.size(), 0U);  // the pipe comes with the first open()
}

// Reader and writer wait for each other. [F05, F06]
TEST(OpenFifo, WaitsForAPartner) {
  TestKernel k = with_fifo();
  EXPECT_EQ(k.run(2, open("f", kORdonly)), "asleep");
  EXPECT_EQ(k.waiters(), "rd_wait: 2 all, wr_wait:");
  EXPECT_EQ(k.run(3, open("f", kOWronly)), "4");
  EXPECT_EQ(k.others(), "2: 3");
  EXPECT_EQ(k.run(3, write(4, "x")), "1");
  EXPECT_EQ(k.run(2, read(3, 5)), "1 \"x\"");
}

// Without waiting: a reader gets in, a writer needs one. [F01, F02]
TEST(OpenFifo, WithoutWaiting) {
  TestKernel k = with_fifo();
  EXPECT_EQ(k.run(1, open("f", kOWronly | kONonblock)), "-1 ENXIO");
  EXPECT_EQ(k.kernel.snapshot().pipes.size(), 0U);
  EXPECT_EQ(k.run(1, open("f", kORdonly | kONonblock)), "3");
  EXPECT_EQ(k.run(1, open("f", kOWronly | kONonblock)), "4");
  EXPECT_EQ(k.run(1, open("f", kORdwr)), "5");
}

// An opener asleep counts: the other side may come without waiting. [F05]
TEST(OpenFifo, SeesAPartnerAsleep) {
  TestKernel k = with_fifo();
  k.run(2, open("f", kORdonly));
  EXPECT_EQ(k.run(1, open("f", kOWronly | kONonblock)), "4");
  EXPECT_EQ(k.others(), "2: 3");
}

// A partner who came and went again still counts. [F08]
TEST(OpenFifo, SucceedsWhenThePartnerIsGoneAgain) {
  TestKernel k = with_fifo();
  k.run(2, open("f", kORdonly));
  k.post(1, open("f", kOWronly | kONonblock));
  k.section(1);
  k.post(1, close(4));
  k.section(1);
  EXPECT_EQ(k.settle(), "1: 4; 1: 0; 2: 3");
  EXPECT_EQ(k.run(2, read(3, 1)), "0");
}

// A signal ends the wait and undoes the open. [F09]
TEST(OpenFifo, IsInterrupted) {
  TestKernel k = with_fifo();
  k.run(1, sigaction(kSigusr1, Disposition::kHandler));
  k.run(2, open("f", kORdonly));
  EXPECT_EQ(k.signal(2, kSigusr1), "2: -1 EINTR");
  EXPECT_EQ(k.run(2, open("f", kOWronly)), "asleep");
  EXPECT_EQ(k.signal(2, kSigusr1), "2: -1 EINTR");
  EXPECT_EQ(k.run(1, open("f", kOWronly | kONonblock)), "-1 ENXIO");
  EXPECT_EQ(k.run(1, dup(0)), "3");  // the descriptor was given back
}

// With SA_RESTART it waits on, and has counted twice.
TEST(OpenFifo, IsRestarted) {
  TestKernel k = with_fifo();
  k.run(1, sigaction(kSigusr1, Disposition::kHandler, kSaRestart));
  k.run(2, open("f", kORdonly));
  EXPECT_EQ(k.signal(2, kSigusr1), "");
  EXPECT_EQ(k.sleepers(), "2 open");
  EXPECT_EQ(k.kernel.snapshot().pipes.at(0).readers, 1U);
  EXPECT_EQ(k.run(1, open("f", kOWronly)), "4");
  EXPECT_EQ(k.others(), "2: 3");
}

// A task that dies while it waits leaves no trace.
TEST(OpenFifo, CanBeKilled) {
  TestKernel k;
  k.run(1, mkfifo("f"));
  k.run(1, fork(2));
  k.run(2, open("f", kOWronly));
  EXPECT_EQ(k.signal(2, kSigkill), "2: killed by SIGKILL");
  EXPECT_EQ(k.kernel.snapshot().pipes.size(), 0U);
}

// Another thread can use neither the number nor the file before the open has ended.
TEST(OpenFifo, ReservesItsDescriptor) {
  TestKernel k = with_fifo();
  EXPECT_EQ(k.run(2, open("f", kORdonly)), "asleep");
  EXPECT_EQ(k.run(1, close(3)), "-1 EBADF");
  EXPECT_EQ(k.run(1, dup2(0, 3)), "-1 EBUSY");
  EXPECT_EQ(k.run(1, dup(0)), "4");
  EXPECT_EQ(k.run(1, fork(4)), "4");
  EXPECT_EQ(k.run(4, dup(0)), "3");  // a copied table starts without it
}

// Contents, size and counters go with the last file. [F03, S05]
TEST(OpenFifo, StartsAfresh) {
  TestKernel k = with_fifo();
  EXPECT_EQ(k.run(1, open("f", kORdwr)), "3");
  k.run(1, write(3, "old"));
  k.run(1, fcntl(3, kFSetpipeSz, 8192));
  k.run(1, close(3));
  EXPECT_EQ(k.run(1, open("f", kORdwr)), "3");
  EXPECT_EQ(k.run(1, ioctl(3, kFionread)), "0 [0]");
  EXPECT_EQ(k.run(1, fcntl(3, kFGetpipeSz)), "65536");
  EXPECT_EQ(k.kernel.snapshot().pipes.at(0).r_counter, 2U);
}

// An unlinked FIFO works on; a new one of that name is another. [F16]
TEST(OpenFifo, OutlivesItsName) {
  TestKernel k = with_fifo();
  EXPECT_EQ(k.run(1, open("f", kORdwr | kONonblock)), "3");
  EXPECT_EQ(k.run(1, unlink("f")), "0");
  EXPECT_EQ(k.run(1, unlink("f")), "-1 ENOENT");
  EXPECT_EQ(k.run(1, mkfifo("f")), "0");
  EXPECT_EQ(k.run(1, write(3, "old")), "3");
  EXPECT_EQ(k.run(1, open("f", kORdwr | kONonblock)), "4");
  EXPECT_EQ(k.run(1, ioctl(4, kFionread)), "0 [0]");
  EXPECT_EQ(k.run(1, read(3, 10)), "3 \"old\"");
  EXPECT_EQ(k.run(1, close(3)), "0");
}

// O_DIRECT is refused only after the FIFO was opened: partners are released, counters moved. [F10]
TEST(OpenFifo, WithDirectFailsAfterTheMeeting) {
  TestKernel k = with_fifo();
  k.run(2, open("f", kORdonly));
  EXPECT_EQ(k.run(1, open("f", kOWronly | kODirect)), "-1 EINVAL");
  EXPECT_EQ(k.others(), "2: 3");
  EXPECT_EQ(k.run(2, read(3, 1)), "0");
  EXPECT_EQ(k.kernel.snapshot().pipes.at(0).w_counter, 2U);
}

// A failed O_DIRECT writer turns the hang-up on for an early reader. [F10]
TEST(OpenFifo, WithDirectCountsAsAWriter) {
  TestKernel k = with_fifo();
  k.run(1, open("f", kORdonly | kONonblock));
  EXPECT_EQ(k.run(1, poll(3, kPollIn, 0)), "0 [0]");
  EXPECT_EQ(k.run(1, open("f", kOWronly | kODirect | kONonblock)), "-1 EINVAL");
  EXPECT_EQ(k.run(1, poll(3, kPollIn, 0)), "1 [POLLHUP]");
}

// [F11]
TEST(OpenFifo, ChecksItsFlags) {
  TestKernel k = with_fifo();
  EXPECT_EQ(k.run(1, open("f", kORdwr | kOCreat | kOExcl)), "-1 EEXIST");
  EXPECT_EQ(k.run(1, open("f", kORdwr | kODirectory)), "-1 ENOTDIR");
  EXPECT_EQ(k.run(1, open("f", kOAccmode)), "-1 EINVAL");
  EXPECT_EQ(k.run(1, open("g", kORdwr)), "-1 ENOENT");
  EXPECT_EQ(k.run(1, open("", kORdwr)), "-1 ENOENT");
  EXPECT_EQ(k.run(1, open("f", kORdwr | kOTrunc | kOAppend | kOCreat)), "3");
  EXPECT_TRUE(k.run(1, open("g", kORdwr | kODirectory | 020000000)).starts_with("not modelled"));
}

// Two flags that exclude each other are refused before the name is looked at.
TEST(OpenFifo, RefusesToCreateADirectory) {
  TestKernel k = with_fifo();
  EXPECT_EQ(k.run(1, open("f", kORdwr | kOCreat | kODirectory)), "-1 EINVAL");
  EXPECT_EQ(k.run(1, open("", kORdwr | kOCreat | kODirectory)), "-1 EINVAL");
}

// A descriptor is needed before the name is looked up.
TEST(OpenFifo, NeedsADescriptorFirst) {
  TestKernel k = with_fifo();
  k.run(1, setrlimit(kRlimitNofile, 3));
  EXPECT_EQ(k.run(1, open("nothing", kORdwr)), "-1 EMFILE");
  EXPECT_EQ(k.run(1, open("", kORdwr)), "-1 ENOENT");
}

// Flags that are for open() alone are not kept; O_LARGEFILE comes with every 64-bit open().
TEST(OpenFifo, KeepsItsStatusFlags) {
  TestKernel k = with_fifo();
  k.run(1, open("f", kORdwr | kONonblock | kOCreat | kOTrunc | kOCloexec));
  EXPECT_EQ(k.run(1, fcntl(3, kFGetfl)), std::to_string(0104002));
  EXPECT_EQ(k.run(1, fcntl(3, kFGetfd)), "1");
}

// An O_PATH file opens nothing: it is only a place. [F11, S05]
TEST(OpenFifo, WithPathOpensNothing) {
  TestKernel k = with_fifo();
  EXPECT_EQ(k.run(1, open("f", kOPath | kOCreat | kOExcl | kORdwr)), "3");
  EXPECT_EQ(k.kernel.snapshot().pipes.size(), 0U);
  EXPECT_EQ(k.run(1, fcntl(3, kFGetfl)), std::to_string(kOPath));
  EXPECT_EQ(k.run(1, read(3, 1)), "-1 EBADF");
  EXPECT_EQ(k.run(1, write(3, "x")), "-1 EBADF");
  EXPECT_EQ(k.run(1, fcntl(3, kFGetpipeSz)), "-1 EBADF");
  EXPECT_EQ(k.run(1, ioctl(3, kFionread)), "-1 EBADF");
  EXPECT_EQ(k.run(1, poll(3, kPollIn, 0)), "1 [POLLNVAL]");
  EXPECT_EQ(k.run(1, dup(3)), "4");
  EXPECT_EQ(k.run(1, close(3)), "0");
  EXPECT_EQ(k.run(1, open("g", kOPath)), "-1 ENOENT");
  EXPECT_EQ(k.run(1, open("f", kOPath | kODirectory)), "-1 ENOTDIR");
}

// A pipe is opened again through /proc, with any mode, and never waits. [F17]
TEST(OpenProc, OpensAnAnonymousPipeAgain) {
  TestKernel k;
  k.run(1, pipe2());
  EXPECT_EQ(k.run(1, open("/proc/self/fd/3", kOWronly | kONonblock)), "5");
  EXPECT_EQ(k.run(1, write(5, "1234")), "4");
  EXPECT_EQ(k.run(1, read(3, 10)), "4 \"1234\"");
  EXPECT_EQ(k.run(1, close(5)), "0");
  EXPECT_EQ(k.run(1, close(4)), "0");
  EXPECT_EQ(k.run(1, open("/dev/fd/3", kOWronly)), "4");
  EXPECT_EQ(k.run(1, poll(3, kPollIn, 0)), "0 [0]");
  EXPECT_EQ(k.run(1, open("/proc/self/fd/3", kORdonly | kODirect)), "-1 EINVAL");
  EXPECT_EQ(k.run(1, open("/proc/self/fd/99", kORdonly)), "-1 ENOENT");
}

// A reader brought back finds the old data. [E08]
TEST(OpenProc, BringsAReaderBack) {
  TestKernel k;
  k.run(1, sigaction(kSigpipe, Disposition::kIgnore));
  k.run(1, pipe2(kONonblock));
  k.run(1, write(4, "12345"));
  k.run(1, close(3));
  EXPECT_EQ(k.run(1, write(4, "x")), "-1 EPIPE");
  EXPECT_EQ(k.run(1, open("/proc/self/fd/4", kORdonly | kONonblock)), "3");
  EXPECT_EQ(k.run(1, write(4, "67")), "2");
  EXPECT_EQ(k.run(1, read(3, 100)), "7 \"1234567\"");
}

// F_SETFL makes packets on a FIFO, where open() could not. [E10]
TEST(OpenFifo, MakesPacketsThroughFcntl) {
  TestKernel k = with_fifo();
  k.run(1, open("f", kORdwr | kONonblock));
  EXPECT_EQ(k.run(1, fcntl(3, kFSetfl, kONonblock | kODirect)), "0");
  k.run(1, write(3, "abc"));
  k.run(1, write(3, "def"));
  EXPECT_EQ(k.kernel.snapshot().pipes.at(0).slots.size(), 2U);
  EXPECT_EQ(k.run(1, read(3, 10)), "3 \"abc\"");
}

// unlink() knows FIFOs only.
TEST(Unlink, RemovesAName) {
  TestKernel k = with_fifo();
  EXPECT_EQ(k.run(1, unlink("f")), "0");
  EXPECT_EQ(k.run(1, open("f", kORdwr)), "-1 ENOENT");
  EXPECT_EQ(k.run(1, unlink("")), "-1 ENOENT");
  EXPECT_EQ(k.run(1, unlink(std::string(256, 'x'))), "-1 ENAMETOOLONG");
}

}  // namespace
}  // namespace ipcsim
