#include "tools/host/tracer/trace_log.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include <fmt/format.h>

#include "tools/host/tracer/call_text.hpp"
#include "tools/host/tracer/signal_text.hpp"

namespace ipcsim::host {
namespace {

constexpr u32 kNone = 0xffff'ffffU;

struct Record {
  std::span<const std::byte> bytes;
  RecordHead head;
  u32 partner = kNone;  ///< of a call's beginning its end, and the other way round
};

struct Task {
  i64 pid = 0;
  i64 process = 0;
  std::optional<u32> call;  ///< the record of the call that it is in
  u32 text = kNone;         ///< of that call, while the first line has but half of it
  std::string_view last_name;
  bool superseded = false;
};

class LogWriter {
 public:
  explicit LogWriter(const TraceLogOptions& options) : options_(options) {}

  TraceLog run(std::span<const std::byte> bytes) {
    read(bytes);
    find_partners();
    for (u32 i = 0; i < records_.size(); ++i) {
      write(i);
    }
    return std::move(log_);
  }

 private:
  void read(std::span<const std::byte> bytes) {
    while (bytes.size() >= sizeof(u32)) {
      u32 length = 0;
      std::memcpy(&length, bytes.data(), sizeof length);
      bytes = bytes.subspan(sizeof length);
      if (length < sizeof(RecordHead) || length > bytes.size()) {
        break;
      }
      Record record{.bytes = bytes.first(length), .head = {}, .partner = kNone};
      std::memcpy(&record.head, bytes.data(), sizeof record.head);
      bytes = bytes.subspan(length);
      if (record.head.time_ns >= options_.end_ns) {
        ++log_.left_out;
        continue;
      }
      records_.push_back(record);
    }
  }

  void find_partners() {
    std::unordered_map<u64, u32> open;
    for (u32 i = 0; i < records_.size(); ++i) {
      const RecordHead& head = records_[i].head;
      if (head.kind == RecordKind::kEnter) {
        open[head.task] = i;
      } else if (head.kind == RecordKind::kExit || head.kind == RecordKind::kDead) {
        const auto found = open.find(head.task);
        if (found == open.end()) {
          continue;
        }
        if (head.kind == RecordKind::kExit && records_[found->second].head.nr == head.nr) {
          records_[i].partner = found->second;
          records_[found->second].partner = i;
        }
        open.erase(found);
      }
    }
  }

  /// Times never go back in a log, though two processors' records may have crossed.
  std::string stamp(const Task& task, const RecordHead& head) {
    constexpr i64 kSecond = 1'000'000'000;
    const i64 ns = static_cast<i64>(head.time_ns) + options_.realtime_offset_ns;
    last_ns_ = std::max(last_ns_, ns);
    return fmt::format("{} {}.{:09} ", task.pid, last_ns_ / kSecond, last_ns_ % kSecond);
  }

  void line(const Task& task, const RecordHead& head, std::string_view text) {
    log_.text += stamp(task, head);
    log_.text += text;
    log_.text += '\n';
  }

  void write(u32 index) {
    const RecordHead& head = records_[index].head;
    if (head.kind == RecordKind::kStart || head.kind == RecordKind::kFork) {
      tasks_[head.task] =
          Task{.pid = head.value[0], .process = head.value[1], .call = {}, .last_name = {}};
      pids_[head.task] = head.value[0];
      return;
    }
    const auto found = tasks_.find(head.task);
    if (found == tasks_.end()) {
      return;
    }
    Task& task = found->second;
    switch (head.kind) {
      case RecordKind::kEnter:
        enter(task, index);
        break;
      case RecordKind::kExit:
        exit(task, index);
        break;
      case RecordKind::kExec:
        exec(task, head);
        break;
      case RecordKind::kSignal:
        signal(task, index);
        break;
      case RecordKind::kDead:
        dead(task, head);
        tasks_.erase(found);
        break;
      default:
        break;
    }
  }

  /// A signal that ends a process comes to its tasks as SIGKILL, whatever it is: their end tells.
  void signal(const Task& task, u32 index) {
    constexpr i64 kSigkill = 9;
    const RecordView record(records_[index].bytes);
    if (record.head().value[0] != kSigkill) {
      line(task, record.head(), signal_text(record));
    }
  }

  CallText text_of(const Task& task, const TracedCall& call, u32 begin) const {
    const RecordView first(records_[begin].bytes);
    const u32 end = records_[begin].partner;
    if (end == kNone) {
      return call_text(call, first, nullptr, task.last_name);
    }
    const RecordView second(records_[end].bytes);
    return call_text(call, first, &second, task.last_name);
  }

  static std::string list(const CallText& text, std::size_t from, std::size_t to) {
    std::string joined;
    for (std::size_t i = from; i < to; ++i) {
      joined += (i == 0 ? "" : ", ") + text.args[i];
    }
    return joined;
  }

  std::string duration(u32 begin) const {
    constexpr u64 kSecond = 1'000'000'000;
    const u64 from = records_[begin].head.time_ns;
    const RecordHead& end = records_[records_[begin].partner].head;
    const u64 took = std::max(end.time_ns, from) - from;
    return fmt::format(" <{}.{:09}>{}", took / kSecond, took % kSecond, sleeps(end));
  }

  /// Behind a call's end, which strace cannot tell: " {slept 2 times, <0.000001000>, woken by 8}"
  [[nodiscard]] std::string sleeps(const RecordHead& end) const {
    constexpr i64 kSecond = 1'000'000'000;
    const auto [times, ns, waker] = std::tuple(end.value[1], end.value[2], end.value[3]);
    if (times <= 0) {
      return {};
    }
    const auto by = pids_.find(static_cast<u64>(waker));
    return fmt::format(" {{slept {} times, <{}.{:09}>{}}}", times, ns / kSecond, ns % kSecond,
                       by == pids_.end() ? "" : fmt::format(", woken by {}", by->second));
  }

  void enter(Task& task, u32 index) {
    const TracedCall* call = find_traced_call(records_[index].head.nr);
    if (call == nullptr) {
      return;
    }
    ++log_.calls;
    const CallText text = text_of(task, *call, index);
    const u32 end = records_[index].partner;
    const RecordHead& head = records_[index].head;
    if (end == index + 1) {
      line(task, head,
           fmt::format("{}({}) = {}{}", call->name, list(text, 0, text.args.size()), text.result,
                       duration(index)));
      task.last_name = call->name == "restart_syscall" ? task.last_name : call->name;
      return;
    }
    const bool exits = call->name.starts_with("exit");
    const std::string known = list(text, 0, text.known_at_entry);
    line(task, head,
         exits ? fmt::format("{}({}) = ?", call->name, known)
               : fmt::format("{}({} <unfinished ...>", call->name, known));
    task.call = exits ? std::nullopt : std::optional{index};
  }

  void exit(Task& task, u32 index) {
    if (!task.call || records_[index].partner != *task.call) {
      return;
    }
    const u32 begin = *task.call;
    task.call.reset();
    const TracedCall* call = find_traced_call(records_[begin].head.nr);
    const CallText text = text_of(task, *call, begin);
    line(task, records_[index].head,
         fmt::format("<... {} resumed>{}) = {}{}", call->name,
                     list(text, text.known_at_entry, text.args.size()), text.result,
                     duration(begin)));
    task.last_name = call->name == "restart_syscall" ? task.last_name : call->name;
  }

  [[nodiscard]] bool in_execve(const Task& task) const {
    return task.call && find_traced_call(records_[*task.call].head.nr)->name.starts_with("execve");
  }

  /// Another thread than the first has the process's number from now on.
  void exec(Task& task, const RecordHead& head) {
    if (head.value[0] == head.value[1] || task.pid == task.process) {
      return;
    }
    const i64 old = task.pid;
    for (auto& [address, other] : tasks_) {
      if (other.pid == task.process) {
        other.superseded = true;
      }
    }
    task.pid = task.process;
    pids_[head.task] = task.pid;
    line(task, head, fmt::format("+++ superseded by execve in pid {} +++", old));
  }

  void dead(const Task& task, const RecordHead& head) {
    const bool first = task.pid == task.process;
    const bool gives_way =
        task.superseded ||
        (first && std::ranges::any_of(tasks_, [&](const auto& row) {
           const Task& other = row.second;
           return &other != &task && other.process == task.process && in_execve(other);
         }));
    if (gives_way) {
      return;
    }
    const auto code = static_cast<u32>(head.value[0]);
    const u32 signal = code & 0x7fU;
    line(task, head,
         signal != 0 ? fmt::format("+++ killed by {} +++", signal_name(signal))
                     : fmt::format("+++ exited with {} +++", code >> 8U & 0xffU));
  }

  TraceLogOptions options_;
  std::vector<Record> records_;
  std::map<u64, Task> tasks_;
  std::unordered_map<u64, i64> pids_;  ///< of tasks that are gone too: one may have woken another
  i64 last_ns_ = 0;
  TraceLog log_;
};

}  // namespace

TraceLog write_trace_log(std::span<const std::byte> records, const TraceLogOptions& options) {
  return LogWriter(options).run(records);
}

}  // namespace ipcsim::host
