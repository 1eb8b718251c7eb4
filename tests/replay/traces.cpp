#include "tests/replay/traces.hpp"

#include <array>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "model/base/kernel_profile.hpp"
#include "sim/replay/concurrent_runner.hpp"

namespace ipcsim {
namespace {

Trace parsed(const std::string& text, const std::string& name) {
  auto trace = parse_trace(text, name);
  if (!trace) {
    ADD_FAILURE() << trace.error().text();
    return {};
  }
  return *std::move(trace);
}

Trace with_order(std::string_view order, std::string_view lines) {
  return parsed(
      fmt::format(R"({{"ipcsim_trace":1,"order":"{}","tasks":[{{"task":1,"other_fds":[0,1,2]}}]}})"
                  "\n{}",
                  order, lines),
      "t");
}

}  // namespace

Trace settled(std::string_view lines) { return with_order("settled", lines); }

Trace concurrent(std::string_view lines) { return with_order("concurrent", lines); }

Trace observed(std::string_view lines) { return with_order("observed", lines); }

Trace trace_from_file(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return parsed(text.str(), path);
}

namespace {

const KernelProfile& profile_of(const Trace& trace) {
  const std::string& name = trace.header.environment.profile;
  return name.empty() ? *find_profile("linux-6.18") : *find_profile(name);
}

}  // namespace

ModelMachine model_for(const Trace& trace, Contents contents) {
  return {trace.header.environment, profile_of(trace), contents};
}

Report replay(const Trace& trace) {
  ModelMachine model = model_for(trace);
  const std::array<Machine*, 1> machines{&model};
  auto report = run_settled(trace, machines, {});
  if (!report) {
    ADD_FAILURE() << report.error().message;
    return {};
  }
  return *std::move(report);
}

Report accept(const Trace& trace) {
  auto report = run_concurrent(trace, newest_profile(), {});
  if (!report) {
    ADD_FAILURE() << report.error().message;
    return {};
  }
  return *std::move(report);
}

std::string told(const Report& report) {
  std::string text = summary_line(report);
  for (const Difference& d : report.differences) {
    text += fmt::format("\n{} step {} task {}: {} | {}", d.where, d.step, d.task.v, d.expected,
                        d.actual);
  }
  return text;
}

Explanation search(const Trace& trace, const ExplainLimits& limits) {
  auto explanation = explain(trace, profile_of(trace), limits);
  if (!explanation) {
    ADD_FAILURE() << explanation.error().message;
    return {};
  }
  return *std::move(explanation);
}

}  // namespace ipcsim
