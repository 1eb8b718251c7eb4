#include "tools/host/whitebox/wait_entries.hpp"

namespace ipcsim::host {
namespace {

constexpr u32 kWqFlagExclusive = 1;

}  // namespace

ListShape wait_shape(const KernelLayout& layout) {
  return {.pointed = layout.wait_entry.entry,
          .next = layout.wait_entry.entry,
          .bytes = layout.wait_entry.size,
          .pointer = layout.wait_entry.private_data,
          .target = layout.poll_wqueues.polling_task,
          .target_bytes = sizeof(u64)};
}

/// A sleeping call's entry names its task, one of poll() a `poll_wqueues` that does, and one of
/// epoll nobody. So which of them it is shows without its function.
std::vector<WaiterSnapshot> waiters_of(const List& list, const KernelLayout& layout,
                                       const KernelNames& names, std::string& problem) {
  std::vector<WaiterSnapshot> waiters;
  for (const ListElement& entry : list.elements) {
    const u64 who = entry.get<u64>(layout.wait_entry.private_data);
    const bool exclusive = (entry.get<u32>(layout.wait_entry.flags) & kWqFlagExclusive) != 0;
    const auto sleeper = names.task(who);
    const auto poller = names.task(entry.behind);
    if (who != 0 && !sleeper && !poller) {
      problem = "a waiter is no task of this run";
    }
    waiters.push_back({.task = sleeper.value_or(poller.value_or(kNoTask)),
                       .exclusive = exclusive,
                       .poll = !sleeper});
  }
  return waiters;
}

}  // namespace ipcsim::host
