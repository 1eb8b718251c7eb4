// splice(), tee(), sendfile() and vmsplice() as system calls: who waits, who is woken, what files
// and memory see. What a single task sees is in the traces, with a real kernel's results.
#include <gtest/gtest.h>

#include "tests/sim_kernel/calls.hpp"
#include "tests/sim_kernel/test_kernel.hpp"

namespace ipcsim {
namespace {

using namespace calls;

/// Two pipes: 3 -> 4 written, 5 -> 6 written.
void two_pipes(TestKernel& k, u32 flags = 0) {
  k.run(1, pipe2(flags));
  k.run(1, pipe2(flags));
}

// A waiting splice() stands at the head of the queue, not exclusively: a write wakes it and the
// first reader.
TEST(Splice, WaitsWithoutBeingExclusive) {
  TestKernel k;
  two_pipes(k);
  k.run(1, fork(2));
  k.run(1, fork(3));
  EXPECT_EQ(k.run(2, read(3, 1)), "asleep");
  EXPECT_EQ(k.run(3, splice(3, 6, 1)), "asleep");
  EXPECT_EQ(k.waiters(), "rd_wait: 3 all 2, wr_wait:");
  EXPECT_EQ(k.run(1, write(4, "ab")), "2");
  EXPECT_EQ(k.others(), "3: 1; 2: 1 \"b\"");
}

// Between two pipes it waits for one after the other, and leaves the first queue for the second.
TEST(Splice, WaitsForInputThenForOutput) {
  TestKernel k;
  two_pipes(k);
  k.run(1, fork(2));
  k.run(1, write(6, 65536));
  EXPECT_EQ(k.run(2, splice(3, 6, 10)), "asleep");
  EXPECT_EQ(k.waiters(), "rd_wait: 2 all, wr_wait:");
  k.run(1, write(4, "abc"));
  EXPECT_EQ(k.waiters(), "rd_wait:, wr_wait:");
  EXPECT_EQ(k.sleepers(), "2 splice");
  k.run(1, read(5, 4096));
  EXPECT_EQ(k.others(), "2: 3");
}

// What it moves wakes the readers of the output and the writers of the input.
TEST(Splice, WakesBothSides) {
  TestKernel k;
  two_pipes(k);
  for (u32 child = 2; child <= 3; ++child) {
    k.run(1, fork(child));
  }
  k.run(1, write(4, 65536));
  EXPECT_EQ(k.run(2, write(4, "more")), "asleep");
  EXPECT_EQ(k.run(3, read(5, 4096)), "asleep");
  EXPECT_EQ(k.run(1, splice(3, 6, 4096)), "4096");
  EXPECT_EQ(k.others().substr(0, 7), "3: 4096");
  EXPECT_TRUE(k.others().ends_with("2: 4")) << k.others();
}

// A poller for whatever event is woken: the wake-ups have no key.
TEST(Splice, WakesPollers) {
  TestKernel k;
  two_pipes(k);
  k.run(1, fork(2));
  k.run(1, write(4, "abc"));
  EXPECT_EQ(k.run(2, poll(5, kPollIn)), "asleep");
  k.run(1, tee(3, 6, 10));
  EXPECT_TRUE(k.others().starts_with("2: 1")) << k.others();
}

// Whether it waits is decided when it begins.
TEST(Splice, DoesNotLookAtTheFlagsAgain) {
  TestKernel k;
  two_pipes(k);
  k.run(1, fork(2));
  k.run(2, splice(3, 6, 10));
  k.run(1, fcntl(3, kFSetfl, kONonblock));
  k.run(1, close(4));
  k.run(1, write(6, "x"));
  EXPECT_EQ(k.sleepers(), "2 splice");
}

// The call keeps its files: a close() meanwhile does not end it.
TEST(Splice, HoldsItsFiles) {
  TestKernel k;
  two_pipes(k);
  k.run(1, thread(2));
  EXPECT_EQ(k.run(2, splice(3, 6, 10)), "asleep");
  k.run(1, close(3));
  k.run(1, close(6));
  EXPECT_EQ(k.run(1, write(4, "abc")), "3");
  EXPECT_EQ(k.others(), "2: 3");
  EXPECT_EQ(k.run(1, read(5, 10)), "3 \"abc\"");
  EXPECT_EQ(k.run(1, read(5, 10)), "0");
}

// A signal kills the sleeper, and what it held is given back.
TEST(Splice, IsKilled) {
  TestKernel k;
  two_pipes(k);
  k.run(1, fork(2));
  k.run(2, close(4));
  k.run(2, splice(3, 6, 10));
  EXPECT_EQ(k.signal(2, kSigkill), "2: killed by SIGKILL");
  EXPECT_EQ(k.run(1, write(4, "a")), "1");
}

// No reader: EPIPE and SIGPIPE, from files too.
TEST(Splice, BreaksThePipe) {
  TestKernel k;
  two_pipes(k);
  k.run(1, open("/dev/zero", kORdonly));
  k.run(1, close(5));
  EXPECT_EQ(k.run(1, splice(7, 6, 10)), "killed by SIGPIPE");
}

// A file that is not under study gives and takes what it is asked for.
TEST(Splice, TrustsUnknownFiles) {
  TestKernel k;
  two_pipes(k, kONonblock);
  EXPECT_EQ(k.run(1, splice(0, 4, 5000)), "5000");
  EXPECT_EQ(k.run(1, splice(3, 1, 10000)), "5000");
  EXPECT_EQ(k.run(1, sendfile(4, 0, 10)), "10");
}

// The pipe cannot be spliced into itself by tee() or splice(); RWF_NOWAIT is gone all the same.
TEST(Splice, ClearsNowait) {
  TestKernel k;
  two_pipes(k, kONonblock);
  const auto nowait = [&](i32 fd) {
    const KernelState& state = k.kernel.state();
    return state.files[state.fd_tables[state.task(TaskId{1}).files].file(Fd{fd})].nowait;
  };
  EXPECT_EQ(k.run(1, tee(3, 4, 1)), "-1 EINVAL");
  EXPECT_EQ(k.run(1, tee(3, 6, 1)), "-1 EAGAIN");
  EXPECT_TRUE(nowait(3) && nowait(4) && nowait(6));
  EXPECT_EQ(k.run(1, splice(3, 4, 1)), "-1 EINVAL");
  EXPECT_FALSE(nowait(3) || nowait(4));
  k.run(1, open("/dev/zero", kORdonly));
  EXPECT_EQ(k.run(1, sendfile(6, 7, 1)), "1");
  EXPECT_TRUE(nowait(6));
  EXPECT_EQ(k.run(1, vmsplice(6, {in_page("A", 0, "x")})), "1");
  EXPECT_FALSE(nowait(6));
}

// The memory that a pipe shares is the process's: threads see one, a child has its own.
TEST(Vmsplice, SharesMemoryUntilAForkedSideStores) {
  TestKernel k;
  k.run(1, pipe2(kONonblock));
  EXPECT_EQ(k.run(1, vmsplice(4, {in_page("A", 4090, "0123456789")})), "10");
  k.run(1, thread(2));
  EXPECT_EQ(k.run(2, store("A", 4095, "ab")), "0");
  EXPECT_EQ(k.run(1, read(3, 100)), "10 \"01234ab789\"");
  EXPECT_EQ(k.run(1, vmsplice(4, {in_page("A", 4090, "", 10)})), "10");
  k.run(1, fork(3));
  EXPECT_EQ(k.run(3, store("A", 4090, "child")), "0");
  EXPECT_EQ(k.run(1, store("A", 4090, "paren")), "0");
  EXPECT_EQ(k.run(3, vmsplice(4, {in_page("A", 4090, "", 5)})), "5");
  EXPECT_EQ(k.run(1, vmsplice(4, {in_page("A", 4090, "", 5)})), "5");
  EXPECT_EQ(k.run(1, read(3, 100)), "20 \"01234ab789childparen\"");
}

// Memory that nobody stored to is not guessed at.
TEST(Vmsplice, NeedsKnownMemory) {
  TestKernel k;
  k.run(1, pipe2(kONonblock));
  EXPECT_EQ(k.run(1, vmsplice(4, {in_page("A", 0, "", 5)})),
            "not modelled: vmsplice() of memory that the program never stored to");
  const UserSegment room{.data = {}, .len = 5};
  EXPECT_EQ(k.run(1, vmsplice(4, {{.memory = room, .page = {}, .offset = 0}})),
            "not modelled: vmsplice() of memory that the program never stored to");
  EXPECT_EQ(k.run(1, vmsplice(4, {in_page("A", kPageNameBytes - 2, "abc")})),
            "not modelled: a named page that is cut short, or beyond 1 MiB");
  EXPECT_EQ(k.run(1, store("A", kPageNameBytes - 2, "abc")),
            "not modelled: a store beyond 1 MiB of named memory");
}

// exec and exit drop the memory; the pipe keeps its pages. (TestKernel checks the counts.)
TEST(Vmsplice, OutlivesItsMemory) {
  TestKernel k;
  k.run(1, pipe2(kONonblock));
  k.run(1, fork(2));
  k.run(2, vmsplice(4, {in_page("A", 0, "before")}));
  k.run(2, exec());
  k.run(2, vmsplice(4, {in_page("A", 0, "after")}));
  k.run(2, exit());
  EXPECT_EQ(k.run(1, read(3, 100)), "11 \"beforeafter\"");
}

// A copy of the kernel goes on by itself, also in the middle of a call and of shared memory.
TEST(Vmsplice, IsAValue) {
  TestKernel k;
  two_pipes(k);
  k.run(1, fork(2));
  k.run(1, vmsplice(4, {in_page("A", 0, "abc")}));
  k.run(2, tee(3, 6, 2));
  k.run(2, splice(5, 4, 10));
  k.run(2, splice(5, 4, 10));
  const Kernel copy = k.kernel;
  EXPECT_EQ(copy, k.kernel);
  EXPECT_EQ(copy.hash(), k.kernel.hash());
  k.run(1, store("A", 0, "X"));
  EXPECT_NE(copy.hash(), k.kernel.hash());
  EXPECT_FALSE(copy == k.kernel);
}

// Regular files: positions move, other opens of the file see what was written.
TEST(Splice, MovesFilePositions) {
  TestKernel k;
  k.run(1, pipe2(kONonblock));
  k.run(1, OpenCall{.pathname = "f", .flags = OpenFlags{kORdwr | kOCreat}, .mode = 0600});
  k.run(1, open("f", kORdonly));
  k.run(1, write(4, "hello world"));
  EXPECT_EQ(k.run(1, splice(3, 5, 5)), "5");
  EXPECT_EQ(k.run(1, splice(3, 5, 100)), "6");
  EXPECT_EQ(k.run(1, splice(6, 4, 3)), "3");
  EXPECT_EQ(k.run(1, sendfile(4, 6, 3)), "3");
  EXPECT_EQ(k.run(1, read(6, 2)), "2 \"wo\"");
  EXPECT_EQ(k.run(1, read(3, 100)), "6 \"hello \"");
}

// A file's page that is copied onto itself, shifted, becomes what the processor's memcpy() makes of
// it.
TEST(Splice, DoesNotGuessOverlappingCopies) {
  TestKernel k;
  k.run(1, pipe2(kONonblock));
  k.run(1, OpenCall{.pathname = "f", .flags = OpenFlags{kORdwr | kOCreat}, .mode = 0600});
  k.run(1, write(5, 100));
  k.run(1, open("f", kORdwr));
  k.run(1, splice(6, 4, 50));
  const auto into = [](i64 offset) {
    return SpliceCall{.fd_in = Fd{3},
                      .off_in = {},
                      .fd_out = Fd{6},
                      .off_out = UserPtr<i64>::of(offset),
                      .len = 20,
                      .flags = {}};
  };
  EXPECT_EQ(k.run(1, into(0)), "20 => [20]");
  EXPECT_EQ(k.run(1, into(60)), "20 => [80]");
  EXPECT_EQ(k.run(1, into(45)),
            "not modelled: a part of a file's page spliced onto itself, shifted");
}

// That pipe is the task's own until it ends, and its user is charged for it. Without a page left
// for it there is none.
TEST(Sendfile, ItsPipeIsCharged) {
  Environment environment = one_task();
  environment.pipe_limits.pipe_user_pages_soft = 0;
  environment.pipe_limits.pipe_user_pages_hard = 20;
  TestKernel k(environment);
  const auto charged = [&] { return k.kernel.state().users[0].pipe.pipe_bufs; };
  k.run(1, OpenCall{.pathname = "f", .flags = OpenFlags{kORdwr | kOCreat}, .mode = 0600});
  k.run(1, write(3, "abc"));
  k.run(1, open("f", kORdonly));
  k.run(1, OpenCall{.pathname = "g", .flags = OpenFlags{kORdwr | kOCreat}, .mode = 0600});
  k.run(1, fork(2));
  EXPECT_EQ(k.run(2, sendfile(5, 4, 1)), "1");
  EXPECT_EQ(charged(), 16U);
  EXPECT_EQ(k.run(2, sendfile(5, 4, 1)), "1");
  EXPECT_EQ(charged(), 16U);
  EXPECT_EQ(k.run(1, sendfile(5, 4, 1)), "-1 ENOMEM");
  k.run(2, exit_group());
  EXPECT_EQ(charged(), 0U);
  EXPECT_EQ(k.run(1, sendfile(5, 4, 1)), "1");
}

// sendfile() from file to file goes by way of a pipe that nobody sees, 16 pages at a time.
TEST(Sendfile, CopiesBetweenFiles) {
  TestKernel k;
  const auto make = [&](const char* name) {
    return k.run(1, OpenCall{.pathname = name, .flags = OpenFlags{kORdwr | kOCreat}, .mode = 0600});
  };
  make("f");
  k.run(1, write(3, 100000));
  k.run(1, open("f", kORdonly));
  make("g");
  EXPECT_EQ(k.run(1, sendfile(5, 4, 99999)), "99999");
  EXPECT_EQ(k.run(1, sendfile(5, 4, 10)), "1");
  EXPECT_EQ(k.run(1, sendfile(5, 4, 10)), "0");
  k.run(1, open("g", kORdonly));
  k.run(1, pipe2(kONonblock));
  EXPECT_EQ(k.run(1, splice(6, 8, 65536)), "65536");
  EXPECT_EQ(k.run(1, open("/dev/full", kOWronly)), "9");
  EXPECT_EQ(k.run(1, sendfile(9, 6, 10)), "-1 EINVAL");
  EXPECT_EQ(k.run(1, sendfile(9, 4, 10)), "0");
  EXPECT_EQ(k.run(1, sendfile(5, 0, 10)),
            "not modelled: sendfile() of a file that is not under study into no pipe");
  EXPECT_EQ(k.run(1, sendfile(5, 7, 10)), "-1 EINVAL");
}

// A read makes room for a vmsplice() of memory that nobody knows, and its SIGIO kills who made
// that: what it did before it died is not known, and that is said.
TEST(Vmsplice, OfUnknownMemoryIsNotModelledThoughItsTaskDies) {
  TestKernel k;
  k.run(1, pipe2(0));
  k.run(1, write(4, 65536));
  k.run(1, fork(2));
  EXPECT_EQ(
      k.run(2, vmsplice(4, {{.memory = {.data = {}, .len = 4096}, .page = "B", .offset = 0}}, 0)),
      "asleep");
  k.run(1, fcntl(4, kFSetown, 2));
  k.run(1, fcntl(4, kFSetfl, kOAsync));
  k.run(1, read(3, 4096));
  EXPECT_TRUE(k.others().starts_with("2: not modelled: ")) << k.others();
  EXPECT_FALSE(k.kernel.exists(TaskId{2}));
}

}  // namespace
}  // namespace ipcsim
