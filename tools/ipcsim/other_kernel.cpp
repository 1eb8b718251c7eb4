#include "tools/ipcsim/other_kernel.hpp"

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "model/base/kernel_races.hpp"
#include "sim/replay/concurrent_runner.hpp"
#include "sim/replay/model_machine.hpp"
#include "sim/replay/program_runner.hpp"
#include "tools/ipcsim/command.hpp"
#include "tools/ipcsim/host_choice.hpp"
#include "tools/ipcsim/state_watch.hpp"
#include "tools/ipcsim/temporary.hpp"

namespace ipcsim {
namespace {

namespace fs = std::filesystem;

/// The states are compared too where this kernel's structures can be read.
std::expected<Report, MachineError> run_both(const Trace& trace, const KernelProfile& profile) {
  const bool states = !why_no_state();
  HostOptions options = host_options(trace);
  options.read_state = states;
  auto host = make_host_machine(trace.header.environment, options);
  if (!host) {
    return std::unexpected(host.error());
  }
  if (trace.header.order == TraceOrder::kConcurrent || !(*host)->ordered()) {
    return run_concurrent(trace, profile,
                          {.record = false, .machine = host->get(), .states = states});
  }
  ModelMachine model(trace.header.environment, profile, Contents::kKept);
  Machine* const machines[] = {&model, host->get()};
  StepTimes times;
  return with_states(
      trace, model, **host, states ? &times : nullptr,
      [&](const StepObserver& observer) { return run_program(trace, machines, observer); });
}

std::string in_words(const Difference& difference) {
  return fmt::format("step {}, task {}: {}: {} gives {}, {} gives {}", difference.step,
                     difference.task.v, difference.call, difference.expected_by,
                     difference.expected, difference.actual_by, difference.actual);
}

std::string quoted(const std::string& word) {
  std::string text = "'";
  for (const char c : word) {
    text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return text + "'";
}

std::string own_path() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error).string();
}

struct Finished {
  std::string output;
  int status = 0;
};

/// Runs a shell command; what it printed, and its exit status.
std::expected<Finished, std::string> run_shell(const std::string& command) {
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) {
    return std::unexpected("cannot run a shell");
  }
  Finished finished;
  std::array<char, 4096> block{};
  for (std::size_t got = 0; (got = std::fread(block.data(), 1, block.size(), pipe)) > 0;) {
    finished.output.append(block.data(), got);
  }
  const int status = ::pclose(pipe);
  finished.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  return finished;
}

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::expected<std::vector<MatrixCell>, NoVerdict> cells_of(const std::string& output) {
  std::vector<MatrixCell> cells;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    auto cell = cell_from_json(line);
    if (!cell) {
      return std::unexpected(NoVerdict{.why = cell.error()});
    }
    cells.push_back(*std::move(cell));
  }
  return cells;
}

std::string column_command(const NamedKernel& kernel, const std::vector<std::string>& traces) {
  std::string words = quoted(own_path()) + " matrix --column";
  if (!kernel.profile.empty()) {
    words += " --profile " + quoted(kernel.profile);
  }
  for (const std::string& trace : traces) {
    words += ' ' + quoted(trace);
  }
  return words;
}

std::expected<std::vector<MatrixCell>, NoVerdict> ask_by_booting(const NamedKernel& kernel,
                                                                 const std::string& column) {
  const TemporaryFolder folder;
  if (!folder.made()) {
    return std::unexpected(NoVerdict{.why = "cannot make a temporary folder"});
  }
  const auto finished = run_shell(
      fmt::format("{} {} {} {}", quoted(IPCSIM_BOOT), kernel.name, quoted(folder.path()), column));
  if (!finished) {
    return std::unexpected(NoVerdict{.why = finished.error()});
  }
  if (finished->status == kExitLacking) {
    return std::unexpected(NoVerdict{.why = "cannot be had here", .lacking = true});
  }
  if (finished->status != kExitAgrees && finished->status != kExitDifference) {
    const std::string errors = text_of(fs::path(folder.path()) / "stderr");
    return std::unexpected(NoVerdict{
        .why = fmt::format("no verdict (status {}) {}", finished->status, errors.substr(0, 400))});
  }
  return cells_of(text_of(fs::path(folder.path()) / "stdout"));
}

}  // namespace

std::span<const NamedKernel> known_kernels() {
  static const std::array<NamedKernel, 4> kKernels{{{.name = "host", .profile = {}, .command = {}},
                                                    {"uml-6.1", "linux-6.1", {}},
                                                    {"qemu-6.1", "linux-6.1", {}},
                                                    {"qemu-6.12", "linux-6.12", {}}}};
  return kKernels;
}

MatrixCell ask_this_kernel(const Trace& trace, const std::string& profile) {
  MatrixCell cell{.trace = trace.name};
  CommonOptions options;
  options.profile = profile;
  const KernelProfile* chosen = choose_profile(options, trace);
  if (chosen == nullptr) {
    cell.lacking = "no such profile";
    return cell;
  }
  auto report = run_both(trace, *chosen);
  const auto raced = other_outcome_of_race(*chosen);
  if (report && !report->differences.empty() && raced) {
    if (auto other = run_both(trace, *raced); other && other->differences.empty()) {
      report = std::move(other);
      cell.raced = 1;
    }
  }
  if (!report) {
    (report.error().unsupported ? cell.lacking : cell.difference) = report.error().message;
    return cell;
  }
  cell.compared = report->compared;
  cell.states = report->states;
  cell.not_modelled = report->not_modelled;
  if (!report->differences.empty()) {
    cell.where = report->differences.front().where;
    cell.difference = in_words(report->differences.front());
  }
  return cell;
}

std::expected<std::vector<MatrixCell>, NoVerdict> ask_kernel(
    const NamedKernel& kernel, const std::vector<std::string>& traces) {
  const std::string column = column_command(kernel, traces);
  if (kernel.command.empty() && kernel.name != "host") {
    return ask_by_booting(kernel, column);
  }
  std::string command = kernel.command.empty() ? std::string("{}") : kernel.command;
  const std::size_t hole = command.find("{}");
  if (hole == std::string::npos) {
    return std::unexpected(NoVerdict{.why = "the command has no {} for what is to be run"});
  }
  command.replace(hole, 2, column);
  const auto finished = run_shell(command);
  if (!finished) {
    return std::unexpected(NoVerdict{.why = finished.error()});
  }
  if (finished->status != kExitAgrees && finished->status != kExitDifference) {
    return std::unexpected(NoVerdict{.why = fmt::format("exit status {}", finished->status)});
  }
  return cells_of(finished->output);
}

std::string to_json(const MatrixCell& cell) {
  const nlohmann::ordered_json json = {
      {"trace", cell.trace},           {"lacking", cell.lacking},          {"where", cell.where},
      {"difference", cell.difference}, {"compared", cell.compared},        {"states", cell.states},
      {"raced", cell.raced},           {"not_modelled", cell.not_modelled}};
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::expected<MatrixCell, std::string> cell_from_json(const std::string& line) {
  const auto json = nlohmann::json::parse(line, nullptr, false);
  const auto bad = [&] { return std::unexpected("expected a line of results, not: " + line); };
  if (!json.is_object()) {
    return bad();
  }
  MatrixCell cell;
  for (auto [key, text] :
       {std::pair{"trace", &cell.trace}, std::pair{"lacking", &cell.lacking},
        std::pair{"where", &cell.where}, std::pair{"difference", &cell.difference}}) {
    if (!json.contains(key) || !json[key].is_string()) {
      return bad();
    }
    *text = json[key].get<std::string>();
  }
  for (auto [key, number] :
       {std::pair{"compared", &cell.compared}, std::pair{"states", &cell.states},
        std::pair{"raced", &cell.raced}, std::pair{"not_modelled", &cell.not_modelled}}) {
    if (!json.contains(key) || !json[key].is_number_unsigned()) {
      return bad();
    }
    *number = json[key].get<u64>();
  }
  return cell;
}

}  // namespace ipcsim
