// traces/trace.schema.json says the same as the reader, as far as a schema can.
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/trace/trace.hpp"
#include "tests/trace/samples.hpp"

namespace ipcsim {
namespace {

// Lines that the reader refuses for a reason that a schema can express.
constexpr std::string_view kRefused[] = {
    R"({})",
    R"([])",
    R"({"ipcsim_trace":2})",
    R"({"ipcsim_trace":"1"})",
    R"({"ipcsim_trace":1,"titel":"x"})",
    R"({"ipcsim_trace":1,"order":"random"})",
    R"({"ipcsim_trace":1,"page_size":5000})",
    R"({"ipcsim_trace":1,"caps":["CAP_SYS_RESOURSE"]})",
    R"({"ipcsim_trace":1,"limits":{"mq_msg_max":-1}})",
    R"({"ipcsim_trace":1,"limits":{"pipe_max":1}})",
    R"({"ipcsim_trace":1,"realtime_ns":-1})",
    R"({"ipcsim_trace":1,"tasks":[]})",
    R"({"ipcsim_trace":1,"tasks":[{"uid":1}]})",
    R"({"ipcsim_trace":1,"tasks":[{"task":1,"nice":20}]})",
    R"({"ipcsim_trace":1,"tasks":[{"task":1,"other_fds":[0,0]}]})",
    R"({"task":1,"call":"frobnicate"})",
    R"({"task":1,"sleep":"frobnicate"})",
    R"({"task":0,"sleep":"read"})",
    R"({"task":1000001,"sleep":"read"})",
    R"({"sleep":"read"})",
    R"({"task":1,"sleep":"read","fd":3})",
    R"({"task":1,"died":"quietly"})",
    R"({"task":1,"died":0})",
    R"({"task":1,"signal":65})",
    R"({"task":1,"signal":"SIGUSR3"})",
    R"({"advance_ns":-1})",
    R"({"advance_ns":0.5})",
    R"({"task":1,"other_fd":-1})",
    R"({"task":1,"other_fd":3,"cloexec":1})",
    R"({"note":["a"]})",
    R"({"note":"a","task":1})",
    R"({"note":"a","time_ns":"now"})",
    R"({"state":{"task":1}})",
    R"({"state":{"task":1,"fd":-1}})",
    R"({"state":{"task":1,"fd":3,"pipe":{},"mqueue":{}}})",
    R"({"state":{"task":1,"fd":3,"pipe":{"haed":1}}})",
    R"({"state":{"task":1,"fd":3,"pipe":{"tmp_page":[-1]}}})",
    R"({"state":{"task":1,"fd":3,"pipe":{"slots":{"01":{}}}}})",
    R"({"state":{"task":1,"fd":3,"pipe":{"slots":{"0":{"flags":["MERGE"]}}}}})",
    R"({"state":{"task":1,"fd":3,"pipe":{"slots":{"0":{"ops":"none"}}}}})",
    R"({"state":{"task":1,"fd":3,"pipe":{"rd_wait":[{}]}}})",
    R"({"state":{"task":1,"fd":3,"mqueue":{"tree":[{"priority":32768}]}}})",
    R"({"state":{"task":1,"fd":3,"mqueue":{"send_wait":[{"task":2,"prio":1}]}}})",
    R"({"task":1,"call":"close","fd":3,"sleep":"close"})",
    R"({"task":1,"call":"close"})",
    R"({"task":1,"call":"close","fd":"3"})",
    R"({"task":1,"call":"close","fd":2147483648})",
    R"({"task":1,"call":"close","fd":3,"ret":-2})",
    R"({"task":1,"call":"close","fd":3,"ret":-1})",
    R"({"task":1,"call":"close","fd":3,"ret":0,"errno":"EBADF"})",
    R"({"task":1,"call":"close","fd":3,"errno":"EBADF"})",
    R"({"task":1,"call":"close","fd":3,"ret":-1,"errno":"EBADFF"})",
    R"({"task":1,"call":"close","fd":3,"ret":0,"out":{}})",
    R"({"task":1,"call":"read","fd":3})",
    R"({"task":1,"call":"read","fd":3,"count":-1})",
    R"({"task":1,"call":"read","fd":3,"count":9,"buf":"hello"})",
    R"({"task":1,"call":"read","fd":3,"count":9,"out":{"buf":"a"}})",
    R"({"task":1,"call":"read","fd":3,"count":9,"ret":0,"out":{}})",
    R"({"task":1,"call":"read","fd":3,"count":9,"ret":0,"out":{"pipefd":[3,4]}})",
    R"({"task":1,"call":"read","fd":3,"count":9,"ret":-1,"errno":"EIO","out":{"buf":""}})",
    R"({"task":1,"return":"close"})",
    R"({"task":1,"return":"close","ret":0,"out":{}})",
    R"({"task":1,"return":"pipe2","ret":0,"out":{"pipefd":[3]}})",
    R"({"task":1,"return":"pipe2","ret":0,"out":{"pipefd":[3,-1]}})",
    R"({"task":1,"return":"mq_timedreceive","ret":0,"out":{"msg_prio":1}})",
    R"({"task":1,"return":"poll","ret":0,"out":{"revents":[["POLLIM"]]}})",
    R"({"task":1,"return":"read","ret":1,"out":{"buf":{"text":"a","mapped":1}}})",
    R"({"task":1,"call":"pipe2","flags":["O_NONBLOK"]})",
    R"({"task":1,"call":"pipe2","flags":{}})",
    R"({"task":1,"call":"pipe2","pipefd":[3,4]})",
    R"({"task":1,"call":"write","fd":3,"buf":{}})",
    R"({"task":1,"call":"write","fd":3,"buf":5})",
    R"({"task":1,"call":"write","fd":3,"buf":{"hex":"0"}})",
    R"({"task":1,"call":"write","fd":3,"buf":{"text":"a","hex":"00"}})",
    R"({"task":1,"call":"write","fd":3,"buf":{"pattern":7}})",
    R"({"task":1,"call":"write","fd":3,"buf":{"pattern":251,"len":1}})",
    R"({"task":1,"call":"write","fd":3,"buf":{"len":1073741825}})",
    R"({"task":1,"call":"writev","fd":3,"iov":"abc"})",
    R"({"task":1,"call":"readv","fd":3,"iov":[{"mapped":1}]})",
    R"({"task":1,"call":"poll","fds":[{"events":["POLLIN"]}]})",
    R"({"task":1,"call":"open","pathname":"f","mode":"0800"})",
    R"({"task":1,"call":"unlink","pathname":"a\u0000b"})",
    R"({"task":1,"call":"mq_open","name":{"mapped":1}})",
    R"({"task":1,"call":"mq_open","name":"q","attr":{"maxmsg":10}})",
    R"({"task":1,"call":"fork","child":0})",
    R"({"task":1,"call":"exit","ret":0})",
    R"({"task":1,"call":"rt_sigaction","signum":13,"handler":1})",
    R"({"task":1,"call":"rt_sigprocmask","how":"SIG_BLOCK","set":[0]})",
    R"({"task":1,"call":"setrlimit","resource":"RLIMIT_STACK","rlim_cur":1})",
    R"({"task":1,"call":"splice","fd_in":3,"fd_out":4})",
    R"({"task":1,"call":"splice","fd_in":3,"fd_out":4,"len":1,"flags":["SPLICE_F_STEAL"]})",
    R"({"task":1,"call":"splice","fd_in":3,"fd_out":4,"len":1,"off_in":{"mapped":1}})",
    R"({"task":1,"call":"splice","fd_in":3,"off_in":0,"fd_out":4,"len":1,"ret":1,"out":{}})",
    R"({"task":1,"call":"vmsplice","fd":4,"iov":[{"page":"A"}]})",
    R"({"task":1,"call":"vmsplice","fd":4,"iov":[{"iov_len":1,"offset":1}]})",
    R"({"task":1,"call":"tee","fd_in":3,"fd_out":4,"len":1,"ret":1,"out":{"buf":""}})",
    R"({"task":1,"call":"store","page":"A","buf":7})",
};

// Events with something left out or said otherwise, which are read all the same.
constexpr std::string_view kOtherSpellings[] = {
    R"({"ipcsim_trace":1})",
    R"({"task":1,"call":"pipe2","flags":2048})",
    R"({"task":1,"call":"pipe2","flags":"O_NOTIFICATION_PIPE"})",
    R"({"task":1,"call":"open","pathname":"f","flags":["O_RDONLY"],"mode":384})",
    R"({"task":1,"call":"fcntl","fd":3,"cmd":4,"arg":2048})",
    R"({"task":1,"call":"fcntl","fd":3,"cmd":"F_SETFD","arg":["FD_CLOEXEC"]})",
    R"({"task":1,"return":"close","ret":-1,"errno":9})",
    R"({"task":1,"call":"mq_open","name":null,"attr":{"mapped":0}})",
    R"({"task":1,"call":"write","fd":3,"buf":{"mapped":0},"count":10})",
};

// Runs schema_check.py over `lines`. Returns its exit status.
int check(const std::vector<std::string>& lines, const std::string& name) {
  const std::string path = testing::TempDir() + "ipcsim_" + name + ".jsonl";
  std::ofstream file(path, std::ios::binary);
  for (const std::string& line : lines) {
    file << line << '\n';
  }
  file.close();
  const int status =
      std::system((IPCSIM_PYTHON " -B tests/trace/schema_check.py traces/trace.schema.json < '" +
                   path + "' 1>&2")
                      .c_str());
  std::remove(path.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void expect_judged(const std::vector<std::string>& lines, const std::string& name) {
  constexpr int kSkipped = 77;
  const int status = check(lines, name);
  if (status == kSkipped) {
    GTEST_SKIP() << "needs the Python module jsonschema (python3-jsonschema)";
  }
  EXPECT_EQ(status, 0);
}

TEST(TraceSchema, AcceptsWhatIsWritten) {
  Random random(8);
  std::vector<std::string> lines;
  for (int round = 0; round < 4; ++round) {
    for (const Event& event : random_events(random)) {
      lines.push_back('+' + format_event(event));
    }
    Trace trace;
    trace.header = random_header(random);
    std::string header = '+' + format_trace(trace);
    header.pop_back();
    lines.push_back(header);
  }
  for (const std::string_view line : kOtherSpellings) {
    EXPECT_TRUE(parse_event(line) || line.find("ipcsim_trace") != line.npos) << line;
    lines.push_back('+' + std::string(line));
  }
  expect_judged(lines, "accepted");
}

TEST(TraceSchema, RefusesWhatIsRefused) {
  std::vector<std::string> lines;
  for (const std::string_view line : kRefused) {
    const bool header = line.find("ipcsim_trace") != line.npos;
    EXPECT_FALSE(header ? parse_trace(line, "t").has_value() : parse_event(line).has_value())
        << line;
    lines.push_back('-' + std::string(line));
  }
  expect_judged(lines, "refused");
}

// One key of each event is left out, or has another name or value: what the reader still takes, the
// schema must take too.
TEST(TraceSchema, IsNoStricterThanTheReader) {
  Random random(9);
  std::vector<std::string> lines;
  for (const Event& event : random_events(random)) {
    for (int i = 0; i < 8; ++i) {
      std::string line = format_event(event);
      const std::size_t at = line.find_first_of("0123456789", random.below(line.size()));
      if (at == std::string::npos) {
        continue;
      }
      constexpr std::string_view kOthers[] = {"0", "-1", "64", "\"x\"", "null", "{}", "[]", "[3]"};
      line.replace(at, 1, kOthers[random.below(std::size(kOthers))]);
      if (parse_event(line)) {
        lines.push_back('+' + line);
      }
    }
  }
  EXPECT_GT(lines.size(), 100U);
  expect_judged(lines, "mutated");
}

}  // namespace
}  // namespace ipcsim
