// ipcsim matrix: traces against kernels.
#include <unistd.h>

#include <algorithm>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <range/v3/algorithm/find.hpp>

#include "tools/ipcsim/command.hpp"
#include "tools/ipcsim/other_kernel.hpp"

namespace ipcsim {
namespace {

struct MatrixOptions {
  CommonOptions common;
  std::vector<std::string> traces;
  std::vector<std::string> kernels{"host", "uml-6.1"};
  std::string kernel_command;
  bool column = false;
};

/// A kernel and what it said.
struct Column {
  NamedKernel kernel;
  std::vector<MatrixCell> cells;  ///< one for each trace, unless there is no verdict
  std::string no_verdict;
};

std::string text_of(const MatrixCell& cell) {
  if (!cell.lacking.empty()) {
    return "-";
  }
  if (!cell.difference.empty()) {
    return "DIFFERS";
  }
  return cell.not_modelled > 0 ? "partly" : "agrees";
}

bool wants_progress() { return ::isatty(STDERR_FILENO) == 1; }

Column ask(const NamedKernel& kernel, const std::vector<std::string>& traces) {
  if (wants_progress()) {
    fmt::print(stderr, "{}: {} traces ...\n", kernel.name, traces.size());
  }
  Column column{.kernel = kernel, .cells = {}, .no_verdict = {}};
  auto cells = ask_kernel(kernel, traces);
  if (!cells) {
    column.no_verdict = cells.error().why;
  } else if (cells->size() != traces.size()) {
    column.no_verdict = fmt::format("answered {} of {} traces", cells->size(), traces.size());
  } else {
    column.cells = *std::move(cells);
  }
  return column;
}

/// A kernel that did not answer is no kernel that agrees.
int status_of(const std::vector<Column>& columns) {
  const bool differs = std::ranges::any_of(columns, [](const Column& column) {
    return std::ranges::any_of(column.cells,
                               [](const MatrixCell& cell) { return !cell.difference.empty(); });
  });
  const bool silent =
      std::ranges::any_of(columns, [](const Column& column) { return !column.no_verdict.empty(); });
  return differs ? kExitDifference : silent ? kExitLacking : kExitAgrees;
}

void print_table(const std::vector<std::string>& traces, const std::vector<Column>& columns) {
  constexpr std::size_t kCell = 11;
  std::size_t widest = std::string_view("trace").size();
  for (const std::string& trace : traces) {
    widest = std::max(widest, trace.size());
  }
  fmt::print("{:<{}}", "trace", widest);
  for (const Column& column : columns) {
    fmt::print("  {:<{}}", column.kernel.name, kCell);
  }
  fmt::print("\n");
  for (std::size_t row = 0; row < traces.size(); ++row) {
    fmt::print("{:<{}}", traces[row], widest);
    for (const Column& column : columns) {
      fmt::print("  {:<{}}",
                 column.cells.empty() ? std::string("no verdict") : text_of(column.cells[row]),
                 kCell);
    }
    fmt::print("\n");
  }
}

void print_reasons(const std::vector<Column>& columns) {
  for (const Column& column : columns) {
    u64 agree = 0;
    u64 raced = 0;
    u64 states = 0;
    u64 differ = 0;
    u64 lack = 0;
    for (const MatrixCell& cell : column.cells) {
      agree += cell.agrees() ? 1U : 0U;
      raced += cell.raced;
      states += cell.states;
      differ += cell.difference.empty() ? 0U : 1U;
      lack += cell.lacking.empty() ? 0U : 1U;
      if (!cell.difference.empty()) {
        fmt::print("{}: {}: {}\n", column.kernel.name, cell.where, cell.difference);
      } else if (!cell.lacking.empty()) {
        fmt::print("{}: {}: not run: {}\n", column.kernel.name, cell.trace, cell.lacking);
      }
    }
    const std::string against =
        column.kernel.profile.empty() ? "each trace's own profile" : column.kernel.profile;
    if (column.no_verdict.empty()) {
      fmt::print(
          "{} against {}: {} agree, {} differ, {} not run; {} states compared{}\n",
          column.kernel.name, against, agree, differ, lack, states,
          raced == 0 ? std::string() : fmt::format("; {} by the other outcome of a race", raced));
    } else {
      fmt::print("{} against {}: {}\n", column.kernel.name, against, column.no_verdict);
    }
  }
}

void print_json(const std::vector<Column>& columns) {
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const Column& column : columns) {
    nlohmann::ordered_json cells = nlohmann::ordered_json::array();
    for (const MatrixCell& cell : column.cells) {
      cells.push_back(nlohmann::ordered_json::parse(to_json(cell)));
    }
    all.push_back({{"kernel", column.kernel.name},
                   {"profile", column.kernel.profile},
                   {"no_verdict", column.no_verdict},
                   {"cells", std::move(cells)}});
  }
  fmt::print("{}\n", nlohmann::ordered_json{{"kernels", std::move(all)}}.dump());
}

int print_columns(const std::vector<std::string>& traces, const std::vector<Column>& columns,
                  const CommonOptions& common) {
  if (common.json) {
    print_json(columns);
  } else {
    if (!common.quiet) {
      print_table(traces, columns);
    }
    print_reasons(columns);
  }
  return status_of(columns);
}

/// The part that runs under the other kernel: a line of JSON for each trace.
int run_column(const MatrixOptions& options) {
  const auto traces = load_traces(options.traces);
  if (!traces) {
    return kExitUnusable;
  }
  int status = kExitAgrees;
  for (const Trace& trace : *traces) {
    const MatrixCell cell = ask_this_kernel(trace, options.common.profile);
    status = cell.difference.empty() ? status : kExitDifference;
    fmt::print("{}\n", to_json(cell));
  }
  return status;
}

int run(const MatrixOptions& options) {
  if (options.column) {
    return run_column(options);
  }
  if (!load_traces(options.traces)) {
    return kExitUnusable;
  }
  std::vector<Column> columns;
  for (const std::string& name : options.kernels) {
    const auto kernels = known_kernels();
    columns.push_back(ask(*ranges::find(kernels, name, &NamedKernel::name), options.traces));
  }
  if (!options.kernel_command.empty()) {
    columns.push_back(ask(
        {.name = "command", .profile = options.common.profile, .command = options.kernel_command},
        options.traces));
  }
  return print_columns(options.traces, columns, options.common);
}

}  // namespace

int diff_with_other_kernel(const std::string& kernel, const std::vector<std::string>& traces,
                           const CommonOptions& common) {
  if (!load_traces(traces)) {
    return kExitUnusable;
  }
  const auto kernels = known_kernels();
  NamedKernel named = *ranges::find(kernels, kernel, &NamedKernel::name);
  if (!common.profile.empty()) {
    named.profile = common.profile;
  }
  return print_columns(traces, {ask(named, traces)}, common);
}

void add_matrix_command(CLI::App& app, int& status) {
  auto options = std::make_shared<MatrixOptions>();
  CLI::App* command = app.add_subcommand(
      "matrix", "Run traces on several kernels, each held against the model of its own version");
  command->footer(
      "Every kernel runs the calls of a trace; results and sleepers are compared with the model "
      "of\n"
      "that kernel's version, not with what was recorded.\n"
      "  host                 the kernel of this machine, against each trace's own profile\n"
      "  uml-6.1              Debian's user-mode-linux, an ordinary process; results only\n"
      "  qemu-6.1, qemu-6.12  Debian's cloud kernels under qemu\n"
      "The kernel's structures are compared too where they can be read.\n"
      "What is missing is installed or fetched by apt, kernels into ~/.cache/ipcsim/kernels.\n"
      "Exit status: 0 all agree, 1 a difference, 2 bad input, 77 a kernel gave no verdict.");
  command->add_option("TRACE", options->traces, "Trace files (JSON Lines)")
      ->required()
      ->check(CLI::ExistingFile);
  std::vector<std::string> names;
  for (const NamedKernel& kernel : known_kernels()) {
    names.push_back(kernel.name);
  }
  command->add_option("--kernels", options->kernels, "Kernels, with commas between")
      ->allow_extra_args(false)
      ->delimiter(',')
      ->check(CLI::IsMember(names))
      ->capture_default_str();
  command->add_option(
      "--kernel-command", options->kernel_command,
      "One more column: a shell command with {} for what is to be run there, as for "
      "a sandbox or\na Linux-compatible runtime; --profile says what it should be");
  command->add_flag("--column", options->column, "Be the part that runs under the other kernel")
      ->group("");
  add_common_options(*command, options->common);
  command->callback([options, &status] { status = run(*options); });
}

}  // namespace ipcsim
