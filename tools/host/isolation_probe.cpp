#include "tools/host/isolation_probe.hpp"

#include <sched.h>
#include <unistd.h>

#include <mutex>
#include <optional>

#include "tools/host/requirements.hpp"
#include "tools/host/run.hpp"

namespace ipcsim::host {
namespace {

Isolation probe() {
  for (const Isolation isolation : {Isolation::kNamespaces, Isolation::kUserNamespace}) {
    if (isolation_works(isolation)) {
      return isolation;
    }
  }
  return Isolation::kFolder;
}

}  // namespace

bool isolation_works(Isolation isolation) {
  Environment environment;
  set_to_own_limits(environment.tasks.front());
  RunPlan plan;
  plan.isolation = isolation;
  plan.cpu = sched_getcpu();
  plan.timeout = std::chrono::seconds{10};
  return Run::start(environment, plan).has_value();
}

Isolation best_isolation() {
  // What was found out holds for as long as this process has the same privileges.
  struct Found {
    uid_t euid;
    u64 caps;
    Isolation best;
  };
  static std::mutex mutex;
  static std::optional<Found> found;
  const std::lock_guard lock(mutex);
  const uid_t euid = geteuid();
  const u64 caps = effective_caps();
  if (!found || found->euid != euid || found->caps != caps) {
    found = {euid, caps, probe()};
  }
  return found->best;
}

}  // namespace ipcsim::host
