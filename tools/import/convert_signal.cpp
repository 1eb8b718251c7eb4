// Signals: who sends them, and what tasks do with them.
#include <array>

#include <fmt/format.h>

#include "tools/import/conversion.hpp"
#include "tools/import/signal_rules.hpp"
#include "tools/import/symbols.hpp"
#include "tools/import/waiting.hpp"

namespace ipcsim::strace {
namespace {

/// SA_* that strace prints besides those of the trace format; they say nothing here.
constexpr std::array kMoreSaFlags = std::to_array<NamedNumber>({
    {"SA_INTERRUPT", 0},
    {"SA_NOMASK", 0x40000000},
    {"SA_ONESHOT", 0x80000000},
    {"SA_STACK", 0},
    {"SA_UNSUPPORTED", 0},
    {"SA_EXPOSE_TAGBITS", 0},
});
constexpr u32 kSaRestorer = 0x04000000;  // of the C library, not of the program

/// The living task that a pid argument means, and what its signal does to it.
TaskState* target_of(Conversion& c, std::size_t index) {
  const i64 pid = c.args.number(c.args.at(index), "pid");
  return c.args.problem() ? nullptr : c.state.tasks.find_as(c.task, pid);
}

/// A signal whose sender, target or number the trace cannot name: what comes of it is seen where it
/// is delivered.
bool can_be_sent(Conversion& c, const TaskState* target, Signal signal) {
  return target != nullptr && signal.v != 0 && c.result.ok() && !c.args.problem();
}

Plan convert_kill(Conversion& c) {
  if (!c.result.ok()) {
    return Plan::other();
  }
  TaskState* target = target_of(c, 0);
  const Signal signal = c.args.signal(c.args.at(1), "sig");
  if (!can_be_sent(c, target, signal)) {
    return Plan::other();
  }
  const TaskState& leader = c.state.tasks.at(c.state.tasks.process_of(*target).leader);
  if (&leader != target) {
    return Plan::other();  // a pid of a thread that is no leader: the trace cannot say it
  }
  return c.keep_bookkeeping(KillCall{Conversion::number_of(*target), signal});
}

Plan convert_tgkill(Conversion& c) {
  if (!c.result.ok()) {
    return Plan::other();
  }
  const bool tkill = c.name() == "tkill";
  TaskState* target = target_of(c, tkill ? 0 : 1);
  const Signal signal = c.args.signal(c.args.at(tkill ? 1 : 2), "sig");
  if (!can_be_sent(c, target, signal)) {
    return Plan::other();
  }
  const TaskId tgid{c.state.tasks.process_of(*target).leader + 1};
  return c.keep_bookkeeping(TgkillCall{tgid, Conversion::number_of(*target), signal});
}

Disposition handler_of(const Node& action) {
  const Node* handler = action.member("sa_handler");
  handler = handler == nullptr ? action.member("sa_sigaction") : handler;
  const bool number = handler != nullptr && handler->kind == Node::Kind::kNumber;  // -X raw
  if (handler == nullptr || handler->is("SIG_DFL") || handler->is("NULL") ||
      (number && handler->number == 0)) {
    return Disposition::kDefault;
  }
  return handler->is("SIG_IGN") || (number && handler->number == 1) ? Disposition::kIgnore
                                                                    : Disposition::kHandler;
}

u32 sa_flags_of(const Node& action) {
  const Node* node = action.member("sa_flags");
  if (node != nullptr && node->kind == Node::Kind::kNumber) {
    return static_cast<u32>(node->number) & ~kSaRestorer;
  }
  u64 flags = 0;
  std::string_view text = node == nullptr ? std::string_view{} : node->text;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find('|'));
    text.remove_prefix(part.size() == text.size() ? text.size() : part.size() + 1);
    flags |= number_of(sa_flag_names(), part).value_or(number_of(kMoreSaFlags, part).value_or(0));
  }
  return static_cast<u32>(flags) & ~kSaRestorer;
}

Plan convert_rt_sigaction(Conversion& c) {
  const Node* action = c.args.at(1);
  if (action == nullptr || action->kind != Node::Kind::kStruct || !c.result.ok()) {
    return Plan::other();
  }
  const Signal signal = c.args.signal(c.args.at(0), "signum");
  if (c.args.problem() || signal.v == 0 || (c.state.survey.signals & signal_bit(signal)) == 0) {
    return Plan::other();
  }
  const SignalAction wanted{handler_of(*action), sa_flags_of(*action)};
  SignalAction& known = c.state.tasks.process_of(c.task).actions[signal.v];
  const bool same = wanted.handler == known.handler &&
                    (wanted.handler != Disposition::kHandler || wanted.flags == known.flags);
  if (same) {
    return Plan::other();
  }
  Plan plan = c.keep_bookkeeping(RtSigactionCall{signal, wanted.handler, SaFlags{wanted.flags}});
  plan.at_exit = [&known, wanted] { known = wanted; };
  return plan;
}

Plan convert_rt_sigprocmask(Conversion& c) {
  const Node* how = c.args.at(0);
  const Node* set = c.args.at(1);
  if (how == nullptr || set == nullptr || set->kind != Node::Kind::kList || !c.result.ok()) {
    return Plan::other();
  }
  const u64 bits = c.args.signal_set(set, "set") & c.state.survey.signals;
  u64 blocked = bits;
  MaskHow mask_how = MaskHow::kSetmask;
  const auto is_how = [&](std::string_view name, u64 number) {  // a number with -X raw
    return how->is(name) || (how->kind == Node::Kind::kNumber && how->number == number);
  };
  if (is_how("SIG_BLOCK", 0)) {
    mask_how = MaskHow::kBlock;
    blocked = c.task.blocked | bits;
  } else if (is_how("SIG_UNBLOCK", 1)) {
    mask_how = MaskHow::kUnblock;
    blocked = c.task.blocked & ~bits;
  } else if (!is_how("SIG_SETMASK", 2)) {
    c.args.expected(how, "how", "SIG_BLOCK, SIG_UNBLOCK or SIG_SETMASK");
  }
  if (c.args.problem() || blocked == c.task.blocked) {
    return Plan::other();
  }
  RtSigprocmaskCall call{mask_how, {}};
  for (u32 number = 1; number <= kMostSignal; ++number) {
    if ((bits & signal_bit(Signal{number})) != 0) {
      call.set.push_back(Signal{number});
    }
  }
  Plan plan = c.keep_bookkeeping(std::move(call));
  plan.at_exit = [&task = c.task, blocked] { task.blocked = blocked; };
  return plan;
}

/// The end of a handler restores the mask that was there before it.
Plan convert_rt_sigreturn(Conversion& c) {
  const Node* frame = c.args.count() > 0 ? c.args.at(0) : nullptr;
  const Node* mask = frame == nullptr ? nullptr : frame->member("mask");
  if (mask == nullptr) {
    return Plan::other();
  }
  const u64 blocked = c.args.signal_set(mask, "mask");
  if (!c.args.problem() && (blocked & c.state.survey.signals) != c.task.blocked) {
    c.state.set_mask(c.task, blocked, c.origin);
  }
  return Plan::other();
}

/// A signal that is fetched is never delivered: the call that sent it is taken back.
void take_back_sent(ImportState& state, TaskState& task, u32 signal) {
  for (auto* sent : {&task.sent, &state.tasks.process_of(task).sent}) {
    const auto found = sent->find(signal);
    if (found != sent->end() && !found->second.empty()) {
      state.recorder.withdraw(found->second.front());
      found->second.erase(found->second.begin());
      return;
    }
  }
}

Plan convert_pause(Conversion& c) { return c.keep_bookkeeping(PauseCall{}); }

Plan convert_rt_sigsuspend(Conversion& c) {
  return c.keep_bookkeeping(RtSigsuspendCall{read_mask(c, c.args.at(0))});
}

Plan convert_rt_sigtimedwait(Conversion& c) {
  Plan plan = Plan::other();
  if (c.result.ok() && c.result.value > 0 && c.result.value <= kMostSignal) {
    plan.at_exit = [&state = c.state, &task = c.task, signal = static_cast<u32>(c.result.value)] {
      take_back_sent(state, task, signal);
    };
  }
  return plan;
}

constexpr std::array kConverters = std::to_array<NamedConverter>({
    {"kill", convert_kill},
    {"pause", convert_pause},
    {"rt_sigaction", convert_rt_sigaction},
    {"rt_sigprocmask", convert_rt_sigprocmask},
    {"rt_sigreturn", convert_rt_sigreturn},
    {"rt_sigsuspend", convert_rt_sigsuspend},
    {"rt_sigtimedwait", convert_rt_sigtimedwait},
    {"tgkill", convert_tgkill},
    {"tkill", convert_tgkill},
});

}  // namespace

std::span<const NamedConverter> signal_converters() { return kConverters; }

}  // namespace ipcsim::strace
