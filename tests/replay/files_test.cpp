// Every trace of the repository on the model: the curated ones agree, the refused ones are refused
// with the diagnosis that their last line has.
#include <algorithm>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/replay/traces.hpp"

namespace ipcsim {
namespace {

std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".jsonl") {
      files.push_back(entry.path().string());
    }
  }
  std::ranges::sort(files);
  return files;
}

Report run(const Trace& trace) {
  switch (trace.header.order) {
    case TraceOrder::kSettled:
      return replay(trace);
    case TraceOrder::kConcurrent:
      return accept(trace);
    case TraceOrder::kObserved:
      break;
  }
  return search(trace).report;
}

bool says_a_state(const Event& event) {
  const auto* state = std::get_if<StateEvent>(&event.body);
  return state != nullptr && !std::holds_alternative<std::monostate>(state->object);
}

/// Results, deaths, sleepers and states that the trace has.
u64 recorded(const Trace& trace) {
  return static_cast<u64>(std::ranges::count_if(trace.events, [](const Event& event) {
    const auto* call = std::get_if<CallEvent>(&event.body);
    return (call != nullptr && call->result) || std::holds_alternative<ReturnEvent>(event.body) ||
           std::holds_alternative<SleepEvent>(event.body) ||
           std::holds_alternative<HandledEvent>(event.body) ||
           std::holds_alternative<DiedEvent>(event.body) || says_a_state(event);
  }));
}

class CuratedTraces : public ::testing::TestWithParam<const char*> {};

// Their results are a real kernel's; everything in them is compared.
TEST_P(CuratedTraces, AgreeWithTheModel) {
  const std::vector<std::string> files = files_in(GetParam());
  EXPECT_GE(files.size(), 5U);
  for (const std::string& path : files) {
    const Trace trace = trace_from_file(path);
    const Report report = run(trace);
    for (const Difference& difference : report.differences) {
      ADD_FAILURE() << to_text(difference);
    }
    EXPECT_EQ(report.compared, recorded(trace)) << path;
    EXPECT_EQ(report.not_modelled, 0U) << path;
  }
}

// Contents make no difference to who sleeps, wakes and returns: lengths alone give no other result.
TEST_P(CuratedTraces, AgreeWithTheModelWithoutContents) {
  for (const std::string& path : files_in(GetParam())) {
    const Trace trace = trace_from_file(path);
    if (trace.header.order != TraceOrder::kSettled) {
      continue;  // which of several outcomes it was is told by the bytes
    }
    ModelMachine model = model_for(trace, Contents::kLengthsOnly);
    const std::array<Machine*, 1> machines{&model};
    const auto report = run_settled(trace, machines, {});
    ASSERT_TRUE(report);
    EXPECT_EQ(report->differences.size(), 0U) << told(*report);
  }
}

INSTANTIATE_TEST_SUITE_P(Of, CuratedTraces,
                         ::testing::Values("traces/pipe", "traces/mqueue", "traces/limits"));

// Each has one thing wrong with it, and its last line says what a reader must be told.
TEST(RefusedTraces, GiveTheirDiagnosis) {
  constexpr std::string_view kPrefix = "expected diagnosis: ";
  const std::vector<std::string> files = files_in("traces/refused");
  EXPECT_GE(files.size(), 5U);
  for (const std::string& path : files) {
    const Trace trace = trace_from_file(path);
    ASSERT_FALSE(trace.events.empty()) << path;
    const auto* note = std::get_if<NoteEvent>(&trace.events.back().body);
    ASSERT_TRUE(note != nullptr && note->text.starts_with(kPrefix)) << path;
    std::string all;
    for (const Difference& difference : run(trace).differences) {
      all += to_text(difference);
    }
    EXPECT_THAT(all, ::testing::HasSubstr(note->text.substr(kPrefix.size()))) << path;
  }
}

// The other side of the same: set right by the model, they agree. (A wrong state stays as it is.)
TEST(RefusedTraces, AgreeWhenTheyAreSetRight) {
  for (const std::string& path : files_in("traces/refused")) {
    const Trace trace = trace_from_file(path);
    if (trace.header.order != TraceOrder::kSettled ||
        replay(trace).steps < trace.events.size() / 2 ||
        std::ranges::any_of(trace.events, says_a_state)) {
      continue;
    }
    ModelMachine model = model_for(trace);
    if (const auto right = rerecord_settled(trace, model)) {
      EXPECT_EQ(replay(*right).differences.size(), 0U) << path;
    }
  }
}

}  // namespace
}  // namespace ipcsim
