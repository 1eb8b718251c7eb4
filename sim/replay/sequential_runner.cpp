#include "sim/replay/sequential_runner.hpp"

#include <range/v3/algorithm/all_of.hpp>

#include "sim/kernel/kernel.hpp"
#include "sim/replay/compare.hpp"

namespace ipcsim {
namespace {

/// No byte of the trace is known: only lengths can be compared.
bool has_lengths_only(const CallEvent& event) {
  const auto unknown = [](const Payload& bytes) { return bytes.known_len() == 0; };
  const auto* write = get_if<WriteCall>(&event.call);
  const auto* out = get_if<ReadBytes>(&event.result->out);
  const bool plain = write != nullptr || holds_alternative<ReadCall>(event.call) ||
                     holds_alternative<Pipe2Call>(event.call) ||
                     holds_alternative<CloseCall>(event.call);
  return plain && (write == nullptr || unknown(write->buf.data)) &&
         (out == nullptr || unknown(out->buf));
}

/// Every event is a call with its result, or a note.
bool is_sequential(const Trace& trace) {
  return trace.header.order == TraceOrder::kSettled &&
         ranges::all_of(trace.events, [](const Event& event) {
           const auto* call = std::get_if<CallEvent>(&event.body);
           return (call != nullptr && call->result) ||
                  std::holds_alternative<NoteEvent>(event.body);
         });
}

/// The call is made and returns what it should, and nothing else happens.
bool run_call(Kernel& kernel, const CallEvent& event) {
  if (!kernel.idle(event.task) || kernel.state().task(event.task).state != TaskState::kIdle) {
    return false;
  }
  const Section section = kernel.syscall(event.task, event.call);
  for (TaskId next = kernel.first_runnable(); next != kNoTask; next = kernel.first_runnable()) {
    kernel.run_section(next);
  }
  return section.end == Section::End::kReturned && kernel.state().completions.empty() &&
         agrees(*event.result, section.result);
}

}  // namespace

std::optional<Report> run_sequential(const Trace& trace, const KernelProfile& profile) {
  if (!is_sequential(trace)) {
    return std::nullopt;
  }
  const bool lengths_only = ranges::all_of(trace.events, [](const Event& event) {
    const auto* call = std::get_if<CallEvent>(&event.body);
    return call == nullptr || has_lengths_only(*call);
  });
  Kernel kernel(trace.header.environment, profile,
                lengths_only ? Contents::kLengthsOnly : Contents::kKept);
  Report report;
  for (const Event& event : trace.events) {
    const auto* call = std::get_if<CallEvent>(&event.body);
    if (call == nullptr) {
      continue;
    }
    if (!run_call(kernel, *call)) {
      return std::nullopt;
    }
    ++report.steps;
    ++report.compared;
  }
  return report;
}

std::optional<Report> run_sequential(const TraceHeader& header, TraceReader& events,
                                     const KernelProfile& profile, Contents contents) {
  if (header.order != TraceOrder::kSettled) {
    return std::nullopt;
  }
  Kernel kernel(header.environment, profile, contents);
  Report report;
  Event event;
  while (true) {
    const auto more = events.next(event);
    if (!more) {
      return std::nullopt;
    }
    if (!*more) {
      return report;
    }
    auto* call = std::get_if<CallEvent>(&event.body);
    if (call == nullptr) {
      if (std::holds_alternative<NoteEvent>(event.body)) {
        continue;
      }
      return std::nullopt;
    }
    if (!call->result || (contents == Contents::kLengthsOnly && !has_lengths_only(*call)) ||
        !run_call(kernel, *call)) {
      return std::nullopt;
    }
    ++report.steps;
    ++report.compared;
  }
}

}  // namespace ipcsim
