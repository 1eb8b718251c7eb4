#include "tools/ipcsim/host_choice.hpp"

#include <variant>

#include <range/v3/algorithm/any_of.hpp>

#include "sim/kernel/ipc_namespace.hpp"

namespace ipcsim {

namespace {

/// True for a call that gives a task another user.
bool changes_user(const Call& call) {
  return holds_alternative<SetuidCall>(call) || holds_alternative<SetreuidCall>(call) ||
         holds_alternative<SetresuidCall>(call);
}

/// True when a file may be asked not to keep its time of reading, which only its owner may ask:
/// devices are root's, and so is what is behind an epoll instance.
bool asks_for_noatime(const Call& call) {
  const auto* fcntl = get_if<FcntlCall>(&call);
  const auto* open = get_if<OpenCall>(&call);
  return (fcntl != nullptr && fcntl->cmd.v == kFSetfl && (fcntl->arg & kONoatime) != 0) ||
         (open != nullptr && (open->flags.v & kONoatime) != 0);
}

/// True when a file's owner may get signals that depend on users: root's files signal everybody.
/// Linux fs/fcntl.c: sigio_perm() asks for the machine's root.
bool signals_by_user(const Trace& trace) {
  bool users = ranges::any_of(trace.header.environment.tasks,
                              [](const InitialTask& task) { return task.uid != 0; });
  bool owners = false;
  for (const Event& event : trace.events) {
    if (const auto* call = std::get_if<CallEvent>(&event.body)) {
      const auto* fcntl = get_if<FcntlCall>(&call->call);
      owners |= fcntl != nullptr && (fcntl->cmd.v == kFSetown || fcntl->cmd.v == kFSetownEx);
      users |= changes_user(call->call);
    }
  }
  return users && owners;
}

}  // namespace

HostOptions host_options(const Trace& trace) {
  HostOptions options;
  options.keep_root = signals_by_user(trace);
  options.file_times = false;
  for (const Event& event : trace.events) {
    const auto* call = std::get_if<CallEvent>(&event.body);
    if (call != nullptr && (holds_alternative<SetpriorityCall>(call->call) ||
                            holds_alternative<SchedSetschedulerCall>(call->call))) {
      options.ordering = HostOrdering::kPolling;
    }
    const auto* open = call == nullptr ? nullptr : get_if<OpenCall>(&call->call);
    options.keep_root |= open != nullptr && mq_limit_of_path(open->pathname).has_value();
    options.keep_root |= call != nullptr && asks_for_noatime(call->call);
    options.file_times |= call != nullptr && (holds_alternative<FstatCall>(call->call) ||
                                              holds_alternative<StatCall>(call->call));
  }
  return options;
}

}  // namespace ipcsim
