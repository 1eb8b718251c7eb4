// ipcsim record: runs a program under strace and imports what it did.
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "model/base/text.hpp"
#include "tools/host/environment.hpp"
#include "tools/import/import.hpp"
#include "tools/ipcsim/command.hpp"
#include "tools/ipcsim/import_report.hpp"
#include "tools/ipcsim/temporary.hpp"

namespace ipcsim {
namespace {

struct RecordOptions {
  CommonOptions common;
  std::string output;
  std::string keep_log;
  std::vector<std::string> command;
};

/// Calls that neither open, copy nor close a descriptor, nor touch a pipe or queue: strace need not
/// stop for them.
constexpr std::string_view kLeftOut =
    "trace=!brk,mmap,munmap,mprotect,madvise,mremap,rseq,set_robust_list,set_tid_address,arch_"
    "prctl,"
    "getrandom,futex,clock_gettime,clock_nanosleep,nanosleep,sched_yield,getpid,gettid,getppid,"
    "getuid,"
    "geteuid,getgid,getegid,uname,sysinfo,getcwd,access,faccessat,faccessat2,readlink,readlinkat,"
    "pread64,sched_getaffinity";

/// Runs strace with the program; the wait status, or nothing (with errno) when it cannot be
/// started.
std::optional<int> run_strace(const std::string& log, const std::vector<std::string>& command) {
  std::vector<std::string> words{"strace", "-f", "-ttt",  "-T", "-y",
                                 "-v",     "-s", "65536", "-e", std::string(kLeftOut),
                                 "-o",     log,  "--"};
  words.insert(words.end(), command.begin(), command.end());
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  pid_t pid = 0;
  errno = ::posix_spawnp(&pid, "strace", nullptr, nullptr, argv.data(), environ);
  if (errno != 0) {
    return std::nullopt;
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

int import_log(const RecordOptions& options, const std::string& log) {
  const auto text = read_file(log);
  if (!text) {
    print_error(text.error());
    return kExitUnusable;
  }
  ImportOptions import;
  import.environment = host_environment();
  import.environment.profile = options.common.profile;
  import.title = joined(options.command, " ", [](const std::string& word) { return word; });
  auto imported =
      import_strace(*text, options.keep_log.empty() ? "strace" : options.keep_log, import);
  if (!imported) {
    print_error(imported.error().text());
    return kExitUnusable;
  }
  auto& [trace, report] = *imported;
  if (const auto written = write_file(options.output, format_trace(trace)); !written) {
    print_error(written.error());
    return kExitUnusable;
  }
  print_import_report(report, trace, options.output, options.common);
  return kExitAgrees;
}

int run(const RecordOptions& options) {
  const TemporaryFile temporary;
  if (!temporary.made()) {
    print_error(fmt::format("{}: {}", temporary.path(), std::strerror(errno)));
    return kExitUnusable;
  }
  const auto status = run_strace(temporary.path(), options.command);
  if (!status) {
    print_error(
        fmt::format("strace cannot be run: {}; install the package strace", std::strerror(errno)));
    return kExitLacking;
  }
  if (!options.keep_log.empty()) {
    const auto log = read_file(temporary.path());
    const auto kept = log ? write_file(options.keep_log, *log)
                          : std::expected<void, std::string>(std::unexpected(log.error()));
    if (!kept) {
      print_error(kept.error());
      return kExitUnusable;
    }
  }
  if (std::filesystem::is_empty(temporary.path())) {
    print_error(fmt::format("strace recorded nothing of \"{}\"", options.command.front()));
    return kExitUnusable;
  }
  if (WIFEXITED(*status) && WEXITSTATUS(*status) != 0) {
    print_error(fmt::format("note: the program ended with exit status {}", WEXITSTATUS(*status)));
  }
  return import_log(options, temporary.path());
}

}  // namespace

void add_record_command(CLI::App& app, int& status) {
  auto options = std::make_shared<RecordOptions>();
  CLI::App* command =
      app.add_subcommand("record", "Run a program under strace and write a trace of what it did");
  command->footer(
      "Example: ipcsim record -o pipeline.jsonl -- sh -c 'seq 1 1000 | sort -rn | head -3'");
  command->add_option("-o,--output", options->output, "The trace to write; - is standard output")
      ->required();
  command->add_option("--keep-log", options->keep_log, "Keep strace's own text in this file");
  command->add_option("COMMAND", options->command, "The program and its arguments, after --")
      ->required();
  command->positionals_at_end();
  add_common_options(*command, options->common);
  command->callback([options, &status] { status = run(*options); });
}

}  // namespace ipcsim
