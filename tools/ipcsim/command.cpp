#include "tools/ipcsim/command.hpp"

#include <fmt/format.h>

#include "model/base/kernel_profile.hpp"
#include "model/base/text.hpp"
#include "sim/trace/fd_checker.hpp"

namespace ipcsim {

void add_common_options(CLI::App& command, CommonOptions& options) {
  command.add_option("--profile", options.profile,
                     "Kernel version to model, as linux-X.Y (default: the trace's own, else the "
                     "newest)");
  command.add_flag("--json", options.json, "Print one JSON object instead of text");
  command.add_flag("--quiet,-q", options.quiet, "Print only differences and the last line");
}

void print_error(std::string_view message) { fmt::print(stderr, "ipcsim: {}\n", message); }

int report_failure(const MachineError& error) {
  print_error(error.message);
  return error.unsupported ? kExitLacking : kExitUnusable;
}

std::optional<std::vector<Trace>> load_traces(const std::vector<std::string>& paths) {
  std::vector<Trace> traces;
  bool good = true;
  for (const std::string& path : paths) {
    const auto text = read_file(path);
    if (!text) {
      print_error(text.error());
      good = false;
      continue;
    }
    auto trace = parse_trace(*text, path == "-" ? "<standard input>" : path);
    if (!trace) {
      print_error(trace.error().text());
      good = false;
      continue;
    }
    if (const auto wrong = check_descriptors(*trace)) {
      print_error(wrong->text());
      good = false;
      continue;
    }
    traces.push_back(*std::move(trace));
  }
  return good ? std::optional{std::move(traces)} : std::nullopt;
}

const KernelProfile* choose_profile(const CommonOptions& options, const Trace& trace) {
  const std::string& own = trace.header.environment.profile;
  const std::string& name = options.profile.empty() ? own : options.profile;
  if (name.empty()) {
    return &newest_profile();
  }
  const KernelProfile* profile = find_profile(name);
  if (profile == nullptr) {
    print_error(fmt::format("{}: there is no profile \"{}\"; there are: {}", trace.name, name,
                            joined(kernel_profiles(), ", ",
                                   [](const KernelProfile& p) { return std::string(p.name); })));
  }
  return profile;
}

}  // namespace ipcsim
