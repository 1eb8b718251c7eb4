// ipcsim import: strace text into a trace.
#include <memory>

#include <fmt/format.h>

#include "tools/import/import.hpp"
#include "tools/ipcsim/command.hpp"
#include "tools/ipcsim/import_report.hpp"

namespace ipcsim {
namespace {

struct ImportCommandOptions {
  CommonOptions common;
  std::string log;
  std::string output;
};

int run(const ImportCommandOptions& options) {
  const auto text = read_file(options.log);
  if (!text) {
    print_error(text.error());
    return kExitUnusable;
  }
  ImportOptions import;
  import.environment.profile = options.common.profile;
  const auto imported = import_strace(*text, options.log, import);
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
  command->add_option("LOG", options->log, "The log; - is standard input")->required();
  command->add_option("-o,--output", options->output, "The trace to write; - is standard output")
      ->required();
  add_common_options(*command, options->common);
  command->callback([options, &status] { status = run(*options); });
}

}  // namespace ipcsim
