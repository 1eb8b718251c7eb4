#include "tools/host/host_machine.hpp"

#include "tools/host/isolation_probe.hpp"
#include "tools/host/machine_impl.hpp"
#include "tools/host/requirements.hpp"
#include "tools/host/whitebox/kernel_reader.hpp"

namespace ipcsim {
namespace {

host::Isolation chosen(HostIsolation isolation) {
  switch (isolation) {
    case HostIsolation::kNamespaces:
      return host::Isolation::kNamespaces;
    case HostIsolation::kUserNamespace:
      return host::Isolation::kUserNamespace;
    case HostIsolation::kFolder:
      return host::Isolation::kFolder;
    case HostIsolation::kBest:
      break;
  }
  return host::best_isolation();
}

}  // namespace

std::expected<std::unique_ptr<Machine>, MachineError> make_host_machine(
    const Environment& environment, const HostOptions& options) {
  if (auto met = host::check_requirements(environment); !met) {
    return std::unexpected(met.error());
  }
  const host::Isolation isolation = chosen(options.isolation);
  if (auto met = host::check_requirements(environment, isolation); !met) {
    return std::unexpected(met.error());
  }
  auto priorities = std::make_unique<host::Priorities>();
  bool realtime = options.ordering == HostOrdering::kBest && host::all_equally_nice(environment) &&
                  priorities->realtime_allowed();
  host::RunPlan plan{
      .isolation = isolation,
      .own_uid = isolation == host::Isolation::kNamespaces && host::may_change_uids(),
      .keep_root = options.keep_root,
      .realtime = realtime,
      .noting_priority = host::kNotingPriority,
      .task_priority = host::kTaskPriority,
      .reaping_priority = host::kReapingPriority,
      .cpu = priorities->cpu(),
      .spare_cpus = priorities->cpus_before(),
      .timeout = options.timeout};
  auto run = host::Run::start(environment, plan);
  if (!run && realtime) {
    plan.realtime = realtime = false;
    run = host::Run::start(environment, plan);
  }
  if (!run) {
    return std::unexpected(run.error());
  }
  if (!realtime) {
    priorities->untie();
  }
  auto machine = std::make_unique<host::HostMachine>(environment, options, realtime,
                                                     std::move(priorities), *std::move(run));
  if (options.read_state) {
    const i32 nice = environment.tasks.front().nice;
    if (auto ready = machine->read_state(nice); !ready) {
      return std::unexpected(ready.error());
    }
  }
  if (auto done = machine->open_other_fds(environment); !done) {
    return std::unexpected(done.error());
  }
  return machine;
}

bool was_too_slow(const Machine& machine) {
  const auto* host = dynamic_cast<const host::HostMachine*>(&machine);
  return host != nullptr && host->too_slow();
}

std::optional<std::string> why_no_state() {
  const auto reader = host::KernelReader::of_this_thread();
  return reader ? std::nullopt : std::optional{reader.error()};
}

}  // namespace ipcsim
