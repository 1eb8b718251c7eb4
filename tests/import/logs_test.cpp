// Logs of real programs become the traces beside them.
#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "sim/trace/trace.hpp"
#include "tests/import/log_files.hpp"
#include "tools/import/import.hpp"

namespace ipcsim {
namespace {

TEST(Logs, EachBecomesItsTrace) {
  const auto logs = logs_in("logs");
  ASSERT_GE(logs.size(), 4U);
  for (const auto& path : logs) {
    SCOPED_TRACE(path);
    const auto imported = import_strace(read_whole(path), path.filename().string(), {});
    ASSERT_TRUE(imported.has_value()) << imported.error().text();
    const auto& [trace, report] = *imported;
    EXPECT_TRUE(check_trace(trace).has_value());
    EXPECT_TRUE(report.not_understood.empty());
    const auto expected_path = std::filesystem::path(path).replace_extension(".jsonl");
    EXPECT_EQ(format_trace(trace), read_whole(expected_path));
  }
}

TEST(Logs, EveryCallIsKeptOrCounted) {
  for (const auto& path : logs_in("logs")) {
    const auto imported = import_strace(read_whole(path), "LOG", {});
    ASSERT_TRUE(imported.has_value());
    const ImportReport& report = imported->second;
    u64 sum = 0;
    for (const CallCounts* counts :
         {&report.dropped_by_call, &report.no_effect_by_call, &report.inherited_pipe_by_call}) {
      EXPECT_TRUE(std::is_sorted(counts->begin(), counts->end()));
      for (const auto& [name, count] : *counts) {
        sum += count;
      }
    }
    EXPECT_EQ(sum, report.calls_dropped);
  }
}

}  // namespace
}  // namespace ipcsim
