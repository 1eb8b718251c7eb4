// ipcsim record: runs a program, watched through BPF or by strace, and imports what it did.
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include <fmt/format.h>

#include "model/base/text.hpp"
#include "tools/host/environment.hpp"
#include "tools/host/tracer/traced_run.hpp"
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
  std::string with = "auto";
  std::optional<u32> bytes;  ///< of each call's data
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
std::optional<int> run_strace(const std::string& log, const RecordOptions& options) {
  constexpr u32 kUsualBytes = 65536;
  const std::vector<std::string>& command = options.command;
  std::vector<std::string> words{"strace", "-f",
                                 "-ttt",   "-T",
                                 "-y",     "-v",
                                 "-s",     std::to_string(options.bytes.value_or(kUsualBytes)),
                                 "-e",     std::string(kLeftOut),
                                 "-o",     log,
                                 "--"};
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

int import_text(const RecordOptions& options, std::string_view text, std::string_view name) {
  ImportOptions import;
  import.environment = host_environment();
  import.environment.profile = options.common.profile;
  import.title = joined(options.command, " ", [](const std::string& word) { return word; });
  auto imported =
      import_strace(text, options.keep_log.empty() ? std::string(name) : options.keep_log, import);
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

/// Keeps the log if it is wanted, tells how the program ended, and imports.
int finish(const RecordOptions& options, std::string_view text, std::string_view name, int status) {
  if (!options.keep_log.empty()) {
    if (const auto kept = write_file(options.keep_log, std::string(text)); !kept) {
      print_error(kept.error());
      return kExitUnusable;
    }
  }
  if (text.empty()) {
    print_error(fmt::format("{} recorded nothing of \"{}\"", name, options.command.front()));
    return kExitUnusable;
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) != 0) {
    print_error(fmt::format("note: the program ended with exit status {}", WEXITSTATUS(status)));
  }
  return import_text(options, text, name);
}

int record_with_strace(const RecordOptions& options, const TemporaryFile& temporary) {
  const auto status = run_strace(temporary.path(), options);
  if (!status) {
    print_error(
        fmt::format("strace cannot be run: {}; install the package strace", std::strerror(errno)));
    return kExitLacking;
  }
  const auto text = read_file(temporary.path());
  if (!text) {
    print_error(text.error());
    return kExitUnusable;
  }
  return finish(options, *text, "strace", *status);
}

/// What a recording lacks: it is told, whatever else is.
void tell_gaps(const host::TracedRun& run) {
  if (run.lost > 0) {
    print_error(fmt::format(
        "{} records found no room, and {} behind the first of them are left out: the trace ends "
        "there. The machine was too busy; record fewer bytes (--bytes)",
        run.lost, run.left_out));
  }
  if (run.foreign > 0) {
    print_error(fmt::format("{} calls of 32-bit programs were not recorded", run.foreign));
  }
  if (run.untracked > 0) {
    print_error(fmt::format("{} tasks were too many and were not recorded", run.untracked));
  }
  if (run.stopped) {
    print_error("note: the recording ended before all tasks did");
  }
}

int record_with_bpf(const RecordOptions& options, host::Tracer& tracer,
                    const TemporaryFile& temporary) {
  const auto run = host::run_traced(tracer, options.command, temporary.path());
  if (!run) {
    print_error(run.error());
    return kExitUnusable;
  }
  tell_gaps(*run);
  return finish(options, run->log, "bpf", run->status);
}

int run(const RecordOptions& options) {
  const TemporaryFile temporary;
  if (!temporary.made()) {
    print_error(fmt::format("{}: {}", temporary.path(), std::strerror(errno)));
    return kExitUnusable;
  }
  if (options.with == "strace") {
    return record_with_strace(options, temporary);
  }
  host::TracerSizes tracing;
  tracing.payload_bytes =
      std::min(options.bytes.value_or(tracing.payload_bytes), host::kMostPayloadBytes);
  const auto tracer = host::Tracer::attach(tracing);
  if (tracer) {
    return record_with_bpf(options, **tracer, temporary);
  }
  if (options.with == "bpf") {
    print_error(tracer.error());
    return kExitLacking;
  }
  if (!options.common.quiet) {
    print_error(fmt::format("note: recording with strace, which slows the program down: {}",
                            tracer.error()));
  }
  return record_with_strace(options, temporary);
}

}  // namespace

void add_record_command(CLI::App& app, int& status) {
  auto options = std::make_shared<RecordOptions>();
  CLI::App* command =
      app.add_subcommand("record", "Run a program and write a trace of what it did");
  command->footer(
      "Example: ipcsim record -o pipeline.jsonl -- sh -c 'seq 1 1000 | sort -rn | head -3'");
  command->add_option("-o,--output", options->output, "The trace to write; - is standard output")
      ->required();
  command
      ->add_option("--with", options->with,
                   "How to watch it: bpf, strace, or auto: BPF where it may be used")
      ->check(CLI::IsMember({"auto", "bpf", "strace"}));
  command->add_option("--bytes", options->bytes,
                      "Of the data of each call, record at most so many bytes (bpf: 1024, at most "
                      "57344; strace: 65536)");
  command->add_option("--keep-log", options->keep_log,
                      "Keep the log, in strace's form, in this file");
  command->add_option("COMMAND", options->command, "The program and its arguments, after --")
      ->required();
  command->positionals_at_end();
  add_common_options(*command, options->common);
  command->callback([options, &status] { status = run(*options); });
}

}  // namespace ipcsim
