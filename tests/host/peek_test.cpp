// Kernel memory is read through the program, and a pointer that leads nowhere is an answer.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/host/whitebox/kernel_reader.hpp"
#include "tools/host/whitebox/list_walk.hpp"
#include "tools/host/whitebox/pipe_walker.hpp"
#include "tools/host/whitebox/task_finder.hpp"

namespace ipcsim::host {
namespace {

/// Skipped where this process may not read the kernel.
class KernelPeek : public testing::Test {
 protected:
  void SetUp() override {
    auto reader = KernelReader::of_this_thread();
    if (!reader) {
      GTEST_SKIP() << reader.error();
    }
    reader_ = *reader;
    peek_ = reader_->peek.get();
  }
  [[nodiscard]] const KernelLayout& layout() const { return reader_->layout; }

  /// The `pipe_inode_info` of one of this process's pipes.
  u64 address_of_pipe(int fd) {
    peek_->begin();
    const Peeked file = ask_file(*peek_, layout(), Peek::current(), static_cast<u32>(fd));
    const Peeked inode = peek_->follow(file, 0, layout().file.f_inode, sizeof(u64));
    const Peeked pipe = peek_->follow(inode, 0, layout().inode.i_pipe, sizeof(u64));
    EXPECT_TRUE(peek_->run().has_value());
    EXPECT_TRUE(peek_->ok(pipe));
    return peek_->get<u64>(pipe);
  }

  KernelReader* reader_ = nullptr;
  Peek* peek_ = nullptr;
};

TEST_F(KernelPeek, FindsTheCallingThread) {
  const auto task =
      find_task(*peek_, layout(), reader_->pid_level, getpid(), static_cast<i32>(gettid()));
  ASSERT_TRUE(task.has_value());
  peek_->begin();
  ASSERT_TRUE(peek_->run().has_value());
  EXPECT_EQ(*task, peek_->get<u64>(Peek::current()));
}

TEST_F(KernelPeek, FindsAnotherThread) {
  std::atomic<i32> tid = 0;
  std::atomic<bool> end = false;
  std::thread thread([&] {
    tid = static_cast<i32>(gettid());
    end.wait(false);
  });
  while (tid == 0) {
    std::this_thread::yield();
  }
  const auto task = find_task(*peek_, layout(), reader_->pid_level, getpid(), tid);
  const auto nobody = find_task(*peek_, layout(), reader_->pid_level, getpid(), 1);
  end = true;
  end.notify_all();
  thread.join();
  ASSERT_TRUE(task.has_value());
  EXPECT_NE(*task, peek_->get<u64>(Peek::current()));
  EXPECT_EQ(nobody, std::nullopt);
  EXPECT_EQ(find_task(*peek_, layout(), reader_->pid_level, 0x3fffffff, 1), std::nullopt);
}

TEST_F(KernelPeek, ABadPointerIsAnAnswer) {
  peek_->begin();
  const Peeked null = peek_->ask(0, 8);
  const Peeked user = peek_->ask(4096, 8);
  const Peeked wild = peek_->ask(0xdead'beef'0000'0000, 8);
  const Peeked good = peek_->follow(Peek::current(), 0, layout().task.files, 8);
  const Peeked behind_null = peek_->follow(null, 0, 16, 8);
  ASSERT_TRUE(peek_->run().has_value());
  EXPECT_FALSE(peek_->ok(null));
  EXPECT_FALSE(peek_->ok(user));
  EXPECT_FALSE(peek_->ok(wild));
  EXPECT_FALSE(peek_->ok(behind_null));
  EXPECT_TRUE(peek_->ok(good));
}

TEST_F(KernelPeek, TooManyPiecesAreNotRead) {
  peek_->begin();
  Peeked piece;
  for (u32 i = 0; i < kMostPeeks; ++i) {
    EXPECT_TRUE(peek_->has_room(8));
    piece = peek_->follow(Peek::current(), 0, layout().task.files, 8);
  }
  EXPECT_FALSE(peek_->has_room(8));
  const Peeked refused = peek_->follow(Peek::current(), 0, layout().task.files, 8);
  ASSERT_TRUE(peek_->run().has_value());
  EXPECT_TRUE(peek_->ok(piece));
  EXPECT_FALSE(peek_->ok(refused));
  peek_->begin();
  const Peeked too_long = peek_->follow(Peek::current(), 0, 0, kPeekPieceBytes + 1);
  ASSERT_TRUE(peek_->run().has_value());
  EXPECT_FALSE(peek_->ok(too_long));
}

TEST_F(KernelPeek, KnowsTheOperationTables) {
  std::vector<PipeBufOps> kinds;
  for (const auto& [address, kind] : reader_->ops) {
    kinds.push_back(kind);
  }
  EXPECT_THAT(kinds, testing::IsSupersetOf({PipeBufOps::kAnon, PipeBufOps::kPageCache,
                                            PipeBufOps::kUserPage, PipeBufOps::kDefault}));
}

// A list that goes on longer than it can is not walked to its end, if it has one.
TEST_F(KernelPeek, AWalkHasABound) {
  // The threads of this process are a ring; one that is never at its end goes round for ever.
  peek_->begin();
  const Peeked signal = peek_->follow(Peek::current(), 0, layout().task.signal, 8);
  ASSERT_TRUE(peek_->run().has_value());
  const u64 head = peek_->get<u64>(signal) + layout().signal.thread_head;
  List list{.end = 1, .next = head, .elements = {}};
  const auto walked = walk(*peek_, std::span(&list, 1), {.bytes = 8}, 1000);
  ASSERT_FALSE(walked.has_value());
  EXPECT_EQ(walked.error(), ReadError::kTorn);
  EXPECT_EQ(list.elements.size(), 1000U);
}

// A pipe that others use meanwhile is read as it was at one moment, or not at all.
TEST_F(KernelPeek, APipeIsReadAtOneMoment) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
  const u64 address = address_of_pipe(ends[0]);
  std::atomic<bool> end = false;
  std::thread others([&] {
    // Every slot has 4000 bytes: two of them never share a page.
    const std::string bytes(4000, 'x');
    std::string room(8000, ' ');
    while (!end) {
      for (int i = 0; i < 3; ++i) {
        static_cast<void>(!write(ends[1], bytes.data(), bytes.size()));
      }
      static_cast<void>(!read(ends[0], room.data(), room.size()));
    }
  });
  KernelNames names(reader_->ops);
  int whole = 0;
  int torn = 0;
  for (int i = 0; i < 20'000; ++i) {
    WantedPipe pipe{.address = address, .pipe = {}, .around = {}, .problem = {}};
    const auto read = read_pipes(*peek_, layout(), names, std::span(&pipe, 1));
    if (!read) {
      ASSERT_EQ(read.error(), ReadError::kTorn);
      ++torn;
      continue;
    }
    ++whole;
    ASSERT_EQ(pipe.problem, "");
    ASSERT_EQ(pipe.pipe.head - pipe.pipe.tail, pipe.pipe.slots.size());
    for (const SlotSnapshot& slot : pipe.pipe.slots) {
      ASSERT_EQ(slot.len, 4000U);
      ASSERT_EQ(slot.ops, PipeBufOps::kAnon);
    }
  }
  end = true;
  others.join();
  close(ends[0]);
  close(ends[1]);
  EXPECT_GT(whole, 0);
  RecordProperty("torn", torn);
}

// Nobody who may not read the kernel is told that he does.
TEST(KernelReading, SaysWhatIsRefused) {
  const auto reader = KernelReader::of_this_thread();
  if (reader) {
    GTEST_SKIP() << "nothing is refused here";
  }
  EXPECT_THAT(reader.error(), testing::AnyOf(testing::HasSubstr("BPF refused: "),
                                             testing::HasSubstr("btf"), testing::HasSubstr("BTF")));
}

}  // namespace
}  // namespace ipcsim::host
