#include "tools/host/whitebox/object_reader.hpp"

#include <sched.h>

#include <algorithm>
#include <utility>

#include "tools/host/whitebox/queue_walker.hpp"

namespace ipcsim::host {
namespace {

/// How often reading is tried while something changes. Everything sleeps, so a second time is rare.
constexpr int kMostTries = 100;

}  // namespace

std::expected<std::vector<FoundObject>, std::string> ObjectReader::find(
    std::span<const LiveObject> wanted) {
  std::erase_if(known_, [&](const auto& entry) {
    return std::ranges::find(wanted, entry.first, &LiveObject::serial) == wanted.end();
  });
  Found found = find_once(wanted);
  for (int tries = 1; !found && found.error() == ReadError::kTorn && tries < kMostTries; ++tries) {
    sched_yield();
    found = find_once(wanted);
  }
  if (found) {
    return *std::move(found);
  }
  return std::unexpected(found.error() == ReadError::kTorn
                             ? "an object in the kernel does not come to rest"
                             : "BPF refused: BPF_PROG_TEST_RUN");
}

ObjectReader::Found ObjectReader::find_once(std::span<const LiveObject> wanted) {
  find_tasks();
  std::vector<Place> places(wanted.size());
  if (auto done = find_by_holders(wanted, places); !done) {
    return std::unexpected(done.error());
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (!wanted[i].holders.empty()) {
      continue;
    }
    if (wanted[i].neighbour != kNoTask) {
      auto place = find_by_name(wanted[i]);
      if (!place) {
        return std::unexpected(place.error());
      }
      places[i] = *std::move(place);
    }
    const auto known = known_.find(wanted[i].serial);
    if (places[i].address == 0 && known != known_.end()) {
      places[i] = known->second.place;
    }
  }
  remember(wanted, places);
  return read(wanted, places);
}

/// Notes where objects are, and which have the same place.
void ObjectReader::remember(std::span<const LiveObject> wanted, std::vector<Place>& places) {
  std::map<u64, std::size_t> at;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    Place& place = places[i];
    if (place.address == 0 || !place.problem.empty()) {
      continue;
    }
    if (!at.try_emplace(place.address, i).second) {
      place.problem = "it is one with another object";
      continue;
    }
    known_[wanted[i].serial].place = place;
  }
}

ObjectReader::Found ObjectReader::read(std::span<const LiveObject> wanted,
                                       const std::vector<Place>& places) {
  std::vector<FoundObject> found(wanted.size());
  if (auto done = read_all_pipes(wanted, places, found); !done) {
    return std::unexpected(done.error());
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (!places[i].problem.empty()) {
      found[i].problem = places[i].problem;
    } else if (places[i].address != 0 && !places[i].pipe) {
      if (auto done = read_one_queue(places[i], found[i]); !done) {
        return std::unexpected(done.error());
      }
    }
  }
  return found;
}

ObjectReader::Failure ObjectReader::read_all_pipes(std::span<const LiveObject> wanted,
                                                   const std::vector<Place>& places,
                                                   std::vector<FoundObject>& found) {
  std::vector<WantedPipe> pipes;
  std::vector<std::size_t> objects;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (places[i].address != 0 && places[i].pipe && places[i].problem.empty()) {
      pipes.push_back({.address = places[i].address,
                       .slots_hint = known_[wanted[i].serial].slots_hint,
                       .pipe = {},
                       .around = {},
                       .problem = {}});
      objects.push_back(i);
    }
  }
  if (auto done = read_pipes(*kernel_.peek, kernel_.layout, names_, pipes); !done) {
    return done;
  }
  for (std::size_t i = 0; i < pipes.size(); ++i) {
    FoundObject& object = found[objects[i]];
    known_[wanted[objects[i]].serial].slots_hint = pipes[i].slots_hint;
    object.object = std::move(pipes[i].pipe);
    object.around = std::move(pipes[i].around);
    object.problem = std::move(pipes[i].problem);
    adjust(object.around);
  }
  return {};
}

ObjectReader::Failure ObjectReader::read_one_queue(const Place& place, FoundObject& found) {
  auto read = read_queue(*kernel_.peek, kernel_.layout, names_, place.address);
  if (!read) {
    return std::unexpected(read.error());
  }
  adjust_priorities(read->queue.send_wait);
  adjust_priorities(read->queue.recv_wait);
  adjust(read->around);
  found.object = std::move(read->queue);
  found.around = std::move(read->around);
  found.problem = std::move(read->problem);
  return {};
}

/// Numbers as the trace has them; nothing for those that are not the run's.
void ObjectReader::adjust(Surroundings& around) const {
  if (!numbers_.own_users) {
    around.charged.reset();
  }
  for (std::optional<u32>* id : {&around.i_uid, &around.i_gid}) {
    if (numbers_.ids == nullptr) {
      id->reset();
    } else if (*id) {
      *id = numbers_.ids->from_host(**id);
    }
  }
  if (around.notify_self_exec_id) {
    *around.notify_self_exec_id -= numbers_.exec_id;
  }
}

/// A priority that a task has for this run's sake stands for the one of the trace.
void ObjectReader::adjust_priorities(std::vector<MqWaiterSnapshot>& waiters) const {
  for (MqWaiterSnapshot& waiter : waiters) {
    if (numbers_.realtime_prio == waiter.task_prio) {
      waiter.task_prio = numbers_.ordinary_prio;
    }
  }
}

}  // namespace ipcsim::host
