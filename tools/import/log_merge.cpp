#include "tools/import/log_merge.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <span>
#include <utility>

#include <fmt/format.h>
#include <range/v3/algorithm/all_of.hpp>
#include <range/v3/algorithm/find_if.hpp>
#include <range/v3/algorithm/min_element.hpp>
#include <range/v3/algorithm/stable_sort.hpp>

namespace ipcsim::strace {
namespace {

using ItemKind = LogItem::Kind;

/// The duration that -T prints at a line's end: "<0.000123>". Nothing if there is none.
std::optional<i64> duration_of(std::string_view text) {
  const std::size_t open = text.rfind('<');
  return text.ends_with('>') && open != std::string_view::npos
             ? parse_seconds(text.substr(open + 1, text.size() - open - 2))
             : std::nullopt;
}

/// How much later than its line's time and duration say a call may have ended: strace takes the one
/// before it prints the arguments and starts to count the other behind them, and may be kept
/// waiting in between.
constexpr i64 kSlackNs = 100'000'000;

/// When the item at `lane.at` happened, at the latest: a call has ended before its task's next
/// line.
i64 time_of(const Log& log, const Lane& lane) {
  const LogItem& item = log.items[lane.at];
  if (item.kind != ItemKind::kExit) {
    return item.time_ns.value_or(0);
  }
  const CallRecord& call = log.calls[item.call];
  const i64 next = lane.at + 1 < lane.end ? log.items[lane.at + 1].time_ns.value_or(0)
                                          : std::numeric_limits<i64>::max();
  const auto duration = duration_of(call.head);
  return duration && item.time_ns ? std::min(next, *item.time_ns + *duration + kSlackNs) : next;
}

}  // namespace

void merge(Log& log, std::vector<Lane> lanes) {
  std::vector<LogItem> merged;
  merged.reserve(log.items.size());
  const auto key = [&](const Lane& lane) {
    return std::pair{time_of(log, lane), log.items[lane.at].kind != ItemKind::kEntry};
  };
  while (!lanes.empty()) {
    const auto first = ranges::min_element(lanes, {}, key);
    LogItem& item = log.items[first->at];
    if (item.kind == ItemKind::kExit && item.time_ns) {
      if (const auto duration = duration_of(log.calls[item.call].head)) {
        item.time_ns = *item.time_ns + *duration;
        log.calls[item.call].end_time_ns = item.time_ns;
      }
    }
    merged.push_back(item);
    if (++first->at == first->end) {
      lanes.erase(first);
    }
  }
  log.items = std::move(merged);
  // What an end's line came to is known at its beginning: the calls overlap all the same.
  for (CallRecord& call : log.calls) {
    call.split = true;
  }
}

namespace {

/// When each item's call began, or when it was at the latest, on one scale: by times, or by places
/// in the log.
std::vector<i64> latest_times(std::span<const LogItem> items) {
  const bool timed =
      ranges::all_of(items, [](const LogItem& item) { return item.time_ns.has_value(); });
  std::vector<i64> times(items.size());
  std::map<i64, i64> last_place;  // by pid: of what the task did before
  for (std::size_t i = 0; i < items.size(); ++i) {
    const i64 place = 2 * static_cast<i64>(i);
    const LogItem& item = items[i];
    if (timed) {
      times[i] = *item.time_ns;
    } else if (item.kind == LogItem::Kind::kEntry && last_place.contains(item.pid)) {
      times[i] = last_place[item.pid] + 1;
    } else {
      times[i] = place;
    }
    last_place[item.pid] = place;
  }
  // A call was over when the task's next began, and when whatever is printed behind it was.
  constexpr i64 kEnd = std::numeric_limits<i64>::max();
  std::map<i64, i64> next;  // by pid: when its next call began
  i64 latest = kEnd;
  for (std::size_t i = items.size(); i-- > 0;) {
    if (items[i].kind == LogItem::Kind::kEntry) {
      next[items[i].pid] = times[i];
      continue;
    }
    const bool call = items[i].kind == LogItem::Kind::kExit;
    const auto after = next.find(items[i].pid);
    const i64 own = call ? (after == next.end() ? kEnd : after->second) : times[i];
    latest = std::min(latest, own);
    times[i] = latest;
  }
  return times;
}

/// The items that a task's end stands behind: exit() never returns, so -z does not show it.
std::set<std::size_t> last_before_ends(const Log& log, std::span<const LogItem> items) {
  std::map<i64, std::size_t> last;  // by pid
  std::set<std::size_t> ends;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto before = last.find(items[i].pid);
    if (items[i].kind == LogItem::Kind::kExited && before != last.end() &&
        items[before->second].kind == LogItem::Kind::kExit &&
        !log.calls[items[before->second].call].name.starts_with("exit")) {
      ends.insert(before->second);
    }
    last[items[i].pid] = i;
  }
  return ends;
}

/// The task of `item` calls exit() right behind it.
void add_exit(Log& log, const LogItem& item) {
  CallRecord call;
  call.pid = item.pid;
  call.name = "exit";
  call.head = "0";
  call.split = true;
  call.line = item.line;
  call.end_line = item.line;
  call.time_ns = item.time_ns;
  LogItem entry = item;
  entry.kind = LogItem::Kind::kEntry;
  entry.call = static_cast<u32>(log.calls.size());
  log.calls.push_back(call);
  log.items.push_back(entry);
}

}  // namespace

void put_beginnings_apart(Log& log, std::size_t first) {
  const std::vector<LogItem> items(log.items.begin() + static_cast<std::ptrdiff_t>(first),
                                   log.items.end());
  const std::vector<i64> times = latest_times(items);
  std::vector<std::size_t> entries;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].kind == LogItem::Kind::kEntry) {
      entries.push_back(i);
    }
  }
  ranges::stable_sort(entries, {}, [&](std::size_t i) { return times[i]; });
  const std::set<std::size_t> ends = last_before_ends(log, items);
  log.items.resize(first);
  std::set<u32> begun;
  auto entry = entries.begin();
  const auto begin_next = [&] {
    begun.insert(items[*entry].call);
    log.items.push_back(items[*entry++]);
  };
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].kind == LogItem::Kind::kEntry) {
      continue;
    }
    const bool exit = items[i].kind == LogItem::Kind::kExit;
    while (entry != entries.end() &&
           (times[*entry] < times[i] || (exit && !begun.contains(items[i].call)))) {
      begin_next();
    }
    log.items.push_back(items[i]);
    if (ends.contains(i)) {
      add_exit(log, items[i]);
    }
  }
  while (entry != entries.end()) {
    begin_next();
  }
}

std::expected<void, TraceError> join_orphans(Log& log) {
  for (const Log::Orphan& orphan : log.orphans) {
    LogItem& end = log.items[orphan.item];
    const auto begun = ranges::find_if(log.calls, [&](const CallRecord& call) {
      return call.pid == orphan.by && call.name == orphan.name && !call.finished;
    });
    if (begun == log.calls.end()) {
      return std::unexpected(log.error(
          end.line, fmt::format("{} is resumed, but task {} began none in any of the files",
                                orphan.name, orphan.by)));
    }
    begun->tail = orphan.tail;
    begun->finished = true;
    begun->end_line = end.line;
    begun->end_time_ns = end.time_ns;
    end.call = static_cast<u32>(begun - log.calls.begin());
  }
  return {};
}

std::expected<void, TraceError> check_clock(const Log& log, const std::string& name, Clock clock) {
  if (clock == Clock::kUnix || clock == Clock::kDay) {
    return {};
  }
  TraceError error = log.error(
      0,
      "the lines have no times that can be compared with those of the other files; expected "
      "logs of strace -ff with -ttt or -tt");
  error.file = name;
  return std::unexpected(std::move(error));
}

}  // namespace ipcsim::strace
