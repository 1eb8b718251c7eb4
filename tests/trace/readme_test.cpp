// The description of the format shows traces: they must be some.
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/trace/call_json.hpp"
#include "sim/trace/trace.hpp"

namespace ipcsim {
namespace {

std::string readme() {
  std::ifstream file("traces/README.md", std::ios::binary);
  EXPECT_TRUE(file) << "tests run from the top of the repository";
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(TraceReadme, EachExampleIsATraceAsItWouldBeWritten) {
  const std::string text = readme();
  constexpr std::string_view kFence = "```jsonl\n";
  int examples = 0;
  for (std::size_t at = text.find(kFence); at != text.npos; at = text.find(kFence, at)) {
    at += kFence.size();
    const std::string example = text.substr(at, text.find("```", at) - at);
    const auto trace = parse_trace(example, "example");
    ASSERT_TRUE(trace) << trace.error().text();
    EXPECT_EQ(format_trace(*trace), example);
    ++examples;
  }
  EXPECT_EQ(examples, 2);
}

TEST(TraceReadme, EachEventOfTheTableIsOne) {
  std::istringstream text(readme());
  int events = 0;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("| `{\"task\"") || line.starts_with("| `{\"advance_ns\"") ||
        line.starts_with("| `{\"note\"") || line.starts_with("| `{\"state\"")) {
      const std::string event = line.substr(3, line.find('`', 3) - 3);
      const auto read = parse_event(event);
      ASSERT_TRUE(read) << event << "\n" << read.error();
      EXPECT_EQ(format_event(*read), event);
      ++events;
    }
  }
  EXPECT_EQ(events, 12);
}

TEST(TraceReadme, EachCallIsDescribed) {
  const std::string text = readme();
  const std::size_t calls = text.find("\n## Calls\n");
  ASSERT_NE(calls, std::string::npos);
  const std::string section = text.substr(calls, text.find("\n## Values\n") - calls);
  for (const std::string_view name : kCallNames) {
    EXPECT_NE(section.find('`' + std::string(name) + '`'), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace ipcsim
