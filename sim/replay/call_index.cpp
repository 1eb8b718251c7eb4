#include "sim/replay/call_index.hpp"

#include "sim/replay/twin_kernel.hpp"

namespace ipcsim {
namespace {

/// Goes through the events once.
class Indexer {
 public:
  explicit Indexer(const Trace& trace) { index_.of_event.assign(trace.events.size(), kNoCall); }

  void begin(u32 event, const CallEvent& call) {
    const auto number = static_cast<u32>(index_.calls.size());
    index_.calls.push_back({.begin = event});
    index_.of_event[event] = number;
    current_[call.task] = number;
    index_.cut_contents |= has_unknown_bytes(call.call);
    if (const auto child = child_of(call.call)) {
      index_.parents[*child] = call.task;
    }
    if (call.result) {
      end(event, {.task = call.task, .result = *call.result});
    }
  }

  void end(u32 event, Completion completion) {
    const auto found = current_.find(completion.task);
    if (found != current_.end()) {
      index_.of_event[event] = found->second;
      RecordedCall& call = index_.calls[found->second];
      call.end_event = event;
      call.end = std::move(completion);
      current_.erase(found);
    }
  }

  CallIndex take() { return std::move(index_); }

 private:
  CallIndex index_;
  std::map<TaskId, u32> current_;  // the call that each task is in
};

}  // namespace

CallIndex index_calls(const Trace& trace) {
  Indexer indexer(trace);
  for (u32 i = 0; i < trace.events.size(); ++i) {
    const EventBody& body = trace.events[i].body;
    if (const auto* call = std::get_if<CallEvent>(&body)) {
      indexer.begin(i, *call);
    } else if (const auto* ret = std::get_if<ReturnEvent>(&body)) {
      indexer.end(i, {.task = ret->task, .result = ret->result});
    } else if (const auto* died = std::get_if<DiedEvent>(&body)) {
      indexer.end(i, {.task = died->task, .kind = Completion::Kind::kDied, .signal = died->signal});
    }
  }
  return indexer.take();
}

}  // namespace ipcsim
