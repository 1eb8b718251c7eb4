// What the subcommands share: options, reading traces, printing reports, exit statuses.
#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "sim/replay/machine.hpp"
#include "sim/replay/report.hpp"
#include "sim/trace/trace.hpp"

namespace ipcsim {

/// Exit statuses: a contract with scripts.
inline constexpr int kExitAgrees = 0;      ///< everything agrees
inline constexpr int kExitDifference = 1;  ///< a difference was found
inline constexpr int kExitUnusable = 2;    ///< the input or the command line cannot be used
inline constexpr int kExitLacking = 77;    ///< this machine lacks what was asked for

/// Options of every subcommand.
struct CommonOptions {
  std::string profile;  ///< a profile's name, or empty: the trace's own
  bool json = false;    ///< one JSON object on standard output instead of text
  bool quiet = false;   ///< only differences and the last line
};

/// Adds --profile, --json and --quiet to a subcommand.
void add_common_options(CLI::App& command, CommonOptions& options);

/// Each adds its subcommand to `app`. When it is chosen, `status` becomes its exit status.
void add_replay_command(CLI::App& app, int& status);
void add_diff_command(CLI::App& app, int& status);
void add_import_command(CLI::App& app, int& status);
void add_record_command(CLI::App& app, int& status);
void add_explain_command(CLI::App& app, int& status);
void add_matrix_command(CLI::App& app, int& status);
void add_fuzz_command(CLI::App& app, int& status);
void add_show_command(CLI::App& app, int& status);
void add_profiles_command(CLI::App& app, int& status);
void add_advise_command(CLI::App& app, int& status);
void add_calibrate_command(CLI::App& app, int& status);
void add_sweep_command(CLI::App& app, int& status);

/// Holds traces against one kernel other than the host's, as `ipcsim matrix` does, and prints what
/// it said; gives the exit status. REQUIRES: known_kernels() has the name.
[[nodiscard]] int diff_with_other_kernel(const std::string& kernel,
                                         const std::vector<std::string>& traces,
                                         const CommonOptions& common);

/// A whole file ("-": standard input), or why it cannot be read.
[[nodiscard]] std::expected<std::string, std::string> read_file(const std::string& path);
/// Writes a whole file or nothing: a half-written one is never seen under `path`.
[[nodiscard]] std::expected<void, std::string> write_file(const std::string& path,
                                                          const std::string& text);

/// Reads all traces, or prints what is wrong with each bad one on standard error.
[[nodiscard]] std::optional<std::vector<Trace>> load_traces(const std::vector<std::string>& paths);

/// The profile for a trace: the option's, else the trace's own, else the newest. Prints an error
/// and gives null when there is no such profile.
[[nodiscard]] const KernelProfile* choose_profile(const CommonOptions& options, const Trace& trace);

/// Prints "ipcsim: MESSAGE" on standard error.
void print_error(std::string_view message);
/// Prints a machine's failure and gives the exit status for it.
[[nodiscard]] int report_failure(const MachineError& error);

/// What comparing the kernel's structures came to, and what it cost.
struct StateFigures {
  std::string unread;   ///< why they were not read; empty: they were
  u64 steps = 0;        ///< after which they were compared
  double step_us = 0;   ///< the median step, on both machines and with its comparison
  double state_us = 0;  ///< the median comparison alone
};

/// Gathers the reports of several traces and prints them as they come.
class ReportPrinter {
 public:
  /// `command` is what reproduces a trace's report, without the trace: "ipcsim diff".
  ReportPrinter(const CommonOptions& options, std::string command);

  void add(const Trace& trace, const Report& report);
  /// To be told at the end.
  void set_state(StateFigures figures) { state_ = std::move(figures); }
  /// Prints the closing line, or the JSON object, and gives the exit status.
  [[nodiscard]] int finish();

 private:
  struct OfTrace {
    std::string name;
    Report report;
  };
  void print_json() const;

  CommonOptions options_;
  std::string command_;
  Report total_;
  std::optional<StateFigures> state_;
  std::vector<OfTrace> traces_;
};

}  // namespace ipcsim
