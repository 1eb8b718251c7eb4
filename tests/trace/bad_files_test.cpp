// Files that are no traces, with the message that each gives.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/trace/trace.hpp"

namespace ipcsim {
namespace {

constexpr std::string_view kFolder = "tests/trace/bad/";

struct Row {
  std::string_view file;
  std::string_view message;  // without the file's name
};

constexpr Row kRows[] = {
    {"call_before_return",
     ":3: task 1 is in close since line 2, expected that call's return first"},
    {"call_in_call", ":5: task 1 is in read since line 3, expected that call's return first"},
    {"child_exists", ":3: task 2 exists already since line 2, expected a new number for the child"},
    {"clock_overflow", R"(:2: "advance_ns" takes the clock past the year 2262, expected less)"},
    {"count_past_the_bytes",
     R"(:3: write: "count" is 6, but "buf" has 5 bytes; expected the bytes, or "mapped" )"
     "where they end"},
    {"cut_off", ":3:43: the file ends inside this line: it was cut off"},
    {"dead_task", ":5: task 1 is dead since line 3, expected a task that lives"},
    {"duplicate_key", R"(:2: the key "fd" is there twice)"},
    {"empty",
     ": the file is empty; a trace starts with a line such as "
     R"({"ipcsim_trace":1,"title":"...","order":"settled"})"},
    {"errno_of_a_success", R"(:3: write: "ret" is 0 beside "errno", expected -1)"},
    {"exited_task", ":3: task 1 has called exit_group since line 2, expected a task that lives"},
    {"failure_without_errno", R"(:3: write: "ret" is -1 without "errno", expected both)"},
    {"fd_past_an_int",
     R"(:2: close: "fd" is 2147483648, expected a whole number from -2147483648 to )"
     "2147483647"},
    {"header_list",
     ":1: the header: this is a list; a trace starts with a line such as "
     R"({"ipcsim_trace":1,"title":"...","order":"settled"})"},
    {"header_page_size",
     R"(:1: the header: "page_size" is 5000, expected a power of two from 4096 to 65536)"},
    {"header_task_twice",
     R"(:1: the header: "tasks[2]" is task 1 again, expected a number of its own)"},
    {"header_unknown_cap",
     R"(:1: the header: "caps[0]" is "CAP_SYS_RESOURSE", expected a known name (did you )"
     R"(mean "CAP_SYS_RESOURCE"?), or its number)"},
    {"header_unknown_key",
     R"(:1: the header: unknown key "titel" (did you mean "title"?); it takes )"
     "ipcsim_trace, title, order, kernel, profile, page_size, caps, limits, "
     "realtime_ns, tasks"},
    {"latin1", ":2:14: not JSON: invalid string: ill-formed UTF-8 byte"},
    {"missing_parameter", R"(:2: read: "count" is missing, expected a whole number from 0 to )"
                          "18446744073709551615"},
    {"misspelt_key",
     R"(:3: read: unknown key "cuont" (did you mean "count"?); it takes task, call, fd, )"
     "buf, count, ret, errno, out, slept, time_ns, origin"},
    {"no_header",
     R"(:1: the header: "ipcsim_trace" is missing; a trace starts with a line such as )"
     R"({"ipcsim_trace":1,"title":"...","order":"settled"})"},
    {"not_json", ":2:33: not JSON: unexpected '}', expected string literal"},
    {"nul_byte", ":2:13: a NUL byte: this is no text"},
    {"other_fd_of_a_busy_task",
     ":5: task 1 is in read since line 3, expected that call's return first"},
    {"out_of_another_call", R"(:3: read: unknown key "out.pipefd"; there may be buf)"},
    {"out_of_another_length", R"(:4: return of read: "ret" is 4, but "out.buf" has 5 bytes)"},
    {"payload_too_long",
     R"(:3: write: "buf.len" is 1073741825, expected a whole number from 0 to 1073741824)"},
    {"return_of_another_call", ":4: task 1 is in read since line 3, not in write"},
    {"return_without_call", ":2: task 1 is in no call, expected that it has called close"},
    {"sleep_without_call", ":3: task 1 is in no call, expected that it has called read"},
    {"state_in_observed",
     ":3: a state in an observed trace, where no moment is known; expected it in a settled one"},
    {"state_slot_twice", R"(:3: state: "state.pipe.slots" has the slot 2 twice)"},
    {"strace_log",
     ":1:6: not JSON: invalid literal, expected end of input; a trace starts with a "
     R"(line such as {"ipcsim_trace":1,"title":"...","order":"settled"})"},
    {"two_events", R"(:2: "call" and "died" in one line, expected one event a line)"},
    {"two_headers", ":3: a second header, expected an event (one file is one trace)"},
    {"unborn_task", ":3: task 2 does not exist, expected one of the header's tasks or a child"},
    {"unknown_call",
     R"(:3: call: unknown call "mq_timedrecieve" (did you mean "mq_timedreceive"?))"},
    {"unknown_flag", R"(:2: pipe2: "flags[1]" is "O_CLOEXE", expected a known name (did you mean )"
                     R"("O_CLOEXEC"?))"},
    {"version_2",
     ":1: the header: this trace is format version 2; this ipcsim reads version 1: "
     "update ipcsim, or make the trace again with this one"},
    {"version_text", R"(:1: the header: "ipcsim_trace" is "1", expected the format's version, 1)"},
    {"wrong_type",
     R"(:3: close: "fd" is "3", expected a whole number from -2147483648 to 2147483647)"},
};

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path << ": tests run from the top of the repository";
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(TraceBadFiles, EachIsRefusedWithItsPlaceAndReason) {
  for (const Row& row : kRows) {
    const std::string path = std::string(kFolder) + std::string(row.file) + ".jsonl";
    const auto trace = parse_trace(contents(path), path);
    ASSERT_FALSE(trace) << path;
    EXPECT_EQ(trace.error().text(), path + std::string(row.message));
  }
}

// A file that nobody lists would be a test that never fails.
TEST(TraceBadFiles, EachIsListed) {
  std::set<std::string> listed;
  for (const Row& row : kRows) {
    listed.insert(std::string(row.file) + ".jsonl");
  }
  std::set<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    found.insert(entry.path().filename().string());
  }
  EXPECT_EQ(found, listed);
}

}  // namespace
}  // namespace ipcsim
