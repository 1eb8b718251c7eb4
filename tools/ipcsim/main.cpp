// ipcsim: the command line.
#include <exception>

#include "tools/host/huge_pages.hpp"
#include "tools/ipcsim/command.hpp"

namespace {

int run(int argc, char** argv) {
  CLI::App app{
      "An executable model of Linux pipes, FIFOs and POSIX message queues, compared with real "
      "kernels."};
  app.name("ipcsim");
  app.require_subcommand(1);
  app.set_version_flag("--version", IPCSIM_VERSION);
  app.footer(
      "Exit status: 0 everything agrees; 1 a difference was found; 2 the input or the command\n"
      "line cannot be used; 77 this machine lacks what was asked for.\n"
      "The trace format is specified in traces/README.md.");
  int status = 0;
  ipcsim::add_replay_command(app, status);
  ipcsim::add_diff_command(app, status);
  ipcsim::add_import_command(app, status);
  ipcsim::add_record_command(app, status);
  ipcsim::add_explain_command(app, status);
  ipcsim::add_matrix_command(app, status);
  ipcsim::add_fuzz_command(app, status);
  ipcsim::add_show_command(app, status);
  ipcsim::add_profiles_command(app, status);
  ipcsim::add_calibrate_command(app, status);
  ipcsim::add_sweep_command(app, status);
  ipcsim::add_advise_command(app, status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? ipcsim::kExitAgrees : ipcsim::kExitUnusable;
  }
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  ipcsim::use_huge_pages();
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {  // memory, or a library
    ipcsim::print_error(error.what());
  }
  return ipcsim::kExitUnusable;
}
