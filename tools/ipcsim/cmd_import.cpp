// ipcsim import: strace text into a trace.
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "tools/import/import.hpp"
#include "tools/ipcsim/command.hpp"
#include "tools/ipcsim/import_report.hpp"

namespace ipcsim {
namespace {

struct ImportCommandOptions {
  CommonOptions common;
  std::vector<std::string> logs;
  std::string output;
};

/// The task of a file that `strace -ff` wrote: 123 of "LOG.123".
std::optional<i64> pid_of(const std::string& path) {
  const std::string_view digits = std::string_view(path).substr(path.rfind('.') + 1);
  i64 pid = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), pid);
  const bool whole = error == std::errc{} && end == digits.data() + digits.size();
  return path.contains('.') && whole && pid > 0 ? std::optional{pid} : std::nullopt;
}

/// A name that is no file, but what `strace -ff -o` was given: the files that it wrote, by task.
std::vector<std::string> expand(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (path == "-" || fs::exists(path, error)) {
    return {path};
  }
  const fs::path parent = fs::path(path).parent_path();
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(parent.empty() ? "." : parent, error)) {
    const std::string name = entry.path().filename().string();
    const std::string prefix = fs::path(path).filename().string() + ".";
    if (name.starts_with(prefix) && name.find('.', prefix.size()) == std::string::npos &&
        pid_of(name)) {
      files.push_back((parent / name).string());
    }
  }
  std::sort(files.begin(), files.end(),
            [](const std::string& a, const std::string& b) { return *pid_of(a) < *pid_of(b); });
  return files.empty() ? std::vector{path} : files;
}

int run(const ImportCommandOptions& options) {
  std::vector<std::string> paths;
  for (const std::string& log : options.logs) {
    const auto files = expand(log);
    paths.insert(paths.end(), files.begin(), files.end());
  }
  std::vector<std::string> texts;
  for (const std::string& path : paths) {
    auto text = read_file(path);
    if (!text) {
      print_error(text.error());
      return kExitUnusable;
    }
    texts.push_back(*std::move(text));
  }
  std::vector<LogFile> logs;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    logs.push_back({.name = paths[i],
                    .text = texts[i],
                    .pid = paths.size() > 1 ? pid_of(paths[i]) : std::nullopt});
  }
  ImportOptions import;
  import.environment.profile = options.common.profile;
  const auto imported = import_strace(logs, import);
  if (!imported) {
    print_error(imported.error().text());
    return kExitUnusable;
  }
  const auto& [trace, report] = *imported;
  if (const auto written = write_file(options.output, format_trace(trace)); !written) {
    print_error(written.error());
    return kExitUnusable;
  }
  print_import_report(report, trace, options.output, options.common);
  return kExitAgrees;
}

}  // namespace

void add_import_command(CLI::App& app, int& status) {
  auto options = std::make_shared<ImportCommandOptions>();
  CLI::App* command =
      app.add_subcommand("import", "Turn the text that strace -f wrote into a trace");
  command->footer(
      "Calls on pipes, FIFOs and message queues are kept, with all that opens, copies and closes\n"
      "descriptors. Calls on other files are dropped and counted. A call on a pipe or queue that "
      "the\n"
      "importer does not understand is reported with its line, never dropped silently.\n"
      "Good logs: strace -f -ttt -T -y -v -s 65536 -o LOG COMMAND");
  command
      ->add_option("LOG", options->logs,
                   "The log; - is standard input. Of strace -ff -o LOG: LOG, or all of LOG.*")
      ->required();
  command->add_option("-o,--output", options->output, "The trace to write; - is standard output")
      ->required();
  add_common_options(*command, options->common);
  command->callback([options, &status] { status = run(*options); });
}

}  // namespace ipcsim
