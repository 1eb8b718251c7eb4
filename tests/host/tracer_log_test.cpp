// Records of the tracer as the text of strace: made by hand, so that no privilege is needed.
#include <sys/syscall.h>

#include <cstring>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/host/tracer/call_text.hpp"
#include "tools/host/tracer/trace_log.hpp"

namespace ipcsim::host {
namespace {

using ::testing::HasSubstr;

constexpr u64 kTask = 0x1000;
constexpr u64 kThread = 0x2000;

/// What the programs would have written, one record after the other, a microsecond apart.
class Records {
 public:
  Records& add(RecordKind kind, u64 task, u32 nr, std::vector<i64> values) {
    RecordHead head;
    head.kind = kind;
    head.nr = nr;
    head.task = task;
    head.time_ns = time_ns_ += 1000;
    for (std::size_t i = 0; i < values.size(); ++i) {
      head.value[i] = values[i];
    }
    std::vector<std::byte> record(sizeof head);
    std::memcpy(record.data(), &head, sizeof head);
    records_.push_back(std::move(record));
    return *this;
  }
  Records& enter(u64 task, u32 nr, std::vector<i64> arguments) {
    return add(RecordKind::kEnter, task, nr, std::move(arguments));
  }
  Records& exit(u64 task, u32 nr, i64 result) { return add(RecordKind::kExit, task, nr, {result}); }

  /// A piece of memory for the last record.
  Records& with(u32 tag, std::string_view bytes) {
    const ChunkHead head{.tag = tag, .bytes = static_cast<u32>(bytes.size())};
    append(&head, sizeof head);
    append(bytes.data(), bytes.size());
    records_.back().resize((records_.back().size() + 7) & ~std::size_t{7});
    return *this;
  }
  /// The last record's descriptor is this pipe.
  Records& on_pipe(u64 inode) {
    RecordHead head;
    std::memcpy(&head, records_.back().data(), sizeof head);
    head.inode = inode;
    head.magic = 0x50495045;
    std::memcpy(records_.back().data(), &head, sizeof head);
    return *this;
  }

  [[nodiscard]] TraceLog log(u64 end_ns = ~u64{0}) const {
    std::vector<std::byte> all;
    for (const auto& record : records_) {
      const auto length = static_cast<u32>(record.size());
      const auto* bytes = reinterpret_cast<const std::byte*>(&length);
      all.insert(all.end(), bytes, bytes + sizeof length);
      all.insert(all.end(), record.begin(), record.end());
    }
    return write_trace_log(all, {.realtime_offset_ns = 5'000'000'000, .end_ns = end_ns});
  }

 private:
  void append(const void* bytes, std::size_t size) {
    const auto* from = static_cast<const std::byte*>(bytes);
    records_.back().insert(records_.back().end(), from, from + size);
  }
  std::vector<std::vector<std::byte>> records_;
  u64 time_ns_ = 0;
};

Records started() { return Records().add(RecordKind::kStart, kTask, 0, {7, 7}); }

// A call whose end follows its beginning is one line.
TEST(TracerLog, ACallAloneIsOneLine) {
  EXPECT_EQ(started()
                .enter(kTask, SYS_write, {4, 0x5000, 3})
                .with(0, "hi\n")
                .on_pipe(99)
                .exit(kTask, SYS_write, 3)
                .log()
                .text,
            "7 5.000002000 write(4<pipe:[99]>, \"hi\\n\", 3) = 3 <0.000001000>\n");
}

// Others' lines between make two of it; what a call fills is told at its end.
TEST(TracerLog, ACallWithOthersBetweenIsSplit) {
  EXPECT_EQ(started()
                .add(RecordKind::kFork, kThread, 0, {8, 7})
                .enter(kTask, SYS_read, {3, 0x5000, 10})
                .enter(kThread, SYS_close, {5})
                .exit(kThread, SYS_close, 0)
                .exit(kTask, SYS_read, 2)
                .with(0, std::string_view("\0001", 2))
                .log()
                .text,
            "7 5.000003000 read(3 <unfinished ...>\n"
            "8 5.000004000 close(5) = 0 <0.000001000>\n"
            "7 5.000006000 <... read resumed>, \"\\0001\", 10) = 2 <0.000003000>\n");
}

// How a call slept, and who woke it, stands behind its end: a stranger is nobody.
TEST(TracerLog, SleepsAreToldBehindACallsEnd) {
  EXPECT_EQ(started()
                .add(RecordKind::kFork, kThread, 0, {8, 7})
                .enter(kTask, SYS_read, {3, 0x5000, 10})
                .enter(kThread, SYS_close, {5})
                .exit(kThread, SYS_close, 0)
                .add(RecordKind::kExit, kTask, SYS_read, {0, 2, 1'000'001'500, kThread})
                .enter(kTask, SYS_close, {5})
                .add(RecordKind::kExit, kTask, SYS_close, {0, 1, 500, 0x77})
                .log()
                .text,
            "7 5.000003000 read(3 <unfinished ...>\n"
            "8 5.000004000 close(5) = 0 <0.000001000>\n"
            "7 5.000006000 <... read resumed>, \"\", 10) = 0 <0.000003000>"
            " {slept 2 times, <1.000001500>, woken by 8}\n"
            "7 5.000007000 close(5) = 0 <0.000001000> {slept 1 times, <0.000000500>}\n");
}

// Of a long buffer the beginning is recorded; a buffer that could not be read has an address.
TEST(TracerLog, CutAndUnreadableBuffers) {
  const std::string text = started()
                               .enter(kTask, SYS_write, {4, 0x5000, 100})
                               .with(0, "abc")
                               .exit(kTask, SYS_write, 100)
                               .enter(kTask, SYS_write, {4, 0x10, 5})
                               .with(kChunkFailed, "")
                               .exit(kTask, SYS_write, -14)
                               .log()
                               .text;
  EXPECT_THAT(text, HasSubstr("write(4, \"abc\"..., 100) = 100 "));
  EXPECT_THAT(text, HasSubstr("write(4, 0x10, 5) = -1 EFAULT (Bad address) "));
}

// What was not in memory at the beginning may be read at the end.
TEST(TracerLog, AMissedPieceComesFromTheEnd) {
  EXPECT_THAT(started()
                  .enter(kTask, SYS_unlink, {0x5000})
                  .with(kChunkFailed, "")
                  .exit(kTask, SYS_unlink, 0)
                  .with(0, std::string_view("/f\0", 3))
                  .log()
                  .text,
              HasSubstr("unlink(\"/f\") = 0 "));
}

// A call that creates nothing has a mode that nobody gave.
TEST(TracerLog, ModesOfCallsThatCreateNothingAreLeftOut) {
  const std::string text = started()
                               .enter(kTask, SYS_open, {0x5000, 0x80002, 0x7fff1234})
                               .with(0, std::string_view("/f\0", 3))
                               .exit(kTask, SYS_open, 3)
                               .log()
                               .text;
  EXPECT_THAT(text, HasSubstr("open(\"/f\", O_RDWR|O_CLOEXEC) = 3 "));
}

// A fatal signal reaches a task as SIGKILL; what it was the exit code tells.
TEST(TracerLog, ATaskThatIsKilled) {
  EXPECT_EQ(started()
                .add(RecordKind::kSignal, kTask, 0, {9, 0})
                .add(RecordKind::kDead, kTask, 0, {13})
                .log()
                .text,
            "7 5.000003000 +++ killed by SIGPIPE +++\n");
  EXPECT_EQ(started()
                .enter(kTask, SYS_exit_group, {3})
                .add(RecordKind::kDead, kTask, 0, {3 << 8})
                .log()
                .text,
            "7 5.000002000 exit_group(3) = ?\n7 5.000003000 +++ exited with 3 +++\n");
}

// The thread that calls execve() goes on under the process's number; the first thread makes way.
TEST(TracerLog, ExecveOfAnotherThread) {
  EXPECT_EQ(started()
                .add(RecordKind::kFork, kThread, 0, {8, 7})
                .enter(kThread, SYS_execve, {0x5000, 0, 0})
                .with(0, std::string_view("/bin/x\0", 7))
                .add(RecordKind::kDead, kTask, 0, {0})
                .add(RecordKind::kExec, kThread, 0, {1008, 1007})
                .exit(kThread, SYS_execve, 0)
                .log()
                .text,
            "8 5.000003000 execve(\"/bin/x\", NULL, NULL <unfinished ...>\n"
            "7 5.000005000 +++ superseded by execve in pid 8 +++\n"
            "7 5.000006000 <... execve resumed>) = 0 <0.000003000>\n");
}

// Behind the first lost record nothing is certain.
TEST(TracerLog, EndsWhereTheFirstRecordIsMissing) {
  const Records records = started()
                              .enter(kTask, SYS_pause, {})
                              .exit(kTask, SYS_pause, -514)
                              .enter(kTask, SYS_close, {3});
  const TraceLog log = records.log(3000);
  EXPECT_EQ(log.text, "7 5.000002000 pause( <unfinished ...>\n");
  EXPECT_EQ(log.left_out, 2);
  EXPECT_THAT(records.log().text, HasSubstr("pause() = ? ERESTARTNOHAND"));
}

// Garbage in place of records ends the log and does no harm.
TEST(TracerLog, DamagedRecords) {
  std::vector<std::byte> garbage(1000, std::byte{0x5a});
  EXPECT_EQ(write_trace_log(garbage, {}).text, "");
  const ChunkHead beyond{.tag = 0, .bytes = 0xffff'ffff};
  std::string bytes(sizeof beyond, '\0');
  std::memcpy(bytes.data(), &beyond, sizeof beyond);
  Records records = started();
  records.enter(kTask, SYS_write, {4, 0x5000, 3}).with(1, bytes);
  EXPECT_THAT(records.log().text, HasSubstr("write(4, 0x5000, 3 <unfinished ...>"));
}

// Every call of the table is rendered, whatever its arguments are, with or without memory.
TEST(TracerLog, AnyCallWithAnything) {
  for (const TracedCall& call : traced_calls()) {
    for (const i64 value : {i64{0}, i64{-1}, i64{3}}) {
      Records records = started();
      records.enter(kTask, call.nr, std::vector<i64>(kMostArguments, value));
      records.with(0, std::string(64, '\x7f')).with(1, "").exit(kTask, call.nr, value);
      EXPECT_THAT(records.log().text, HasSubstr(std::string(call.name) + "(")) << call.name;
    }
  }
}

}  // namespace
}  // namespace ipcsim::host
