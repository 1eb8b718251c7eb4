#include "tools/import/log_merge.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <range/v3/algorithm/find_if.hpp>
#include <range/v3/algorithm/min_element.hpp>

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
