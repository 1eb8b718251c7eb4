#include "sim/replay/object_comparison.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "sim/replay/state_table.hpp"

namespace ipcsim {
namespace {

/// What a page of the other machine that is none of the model's is called from.
constexpr u32 kFirstForeignPage = 1'000'000;

std::string name_of(const ObjectSnapshot& object) {
  const auto* pipe = std::get_if<PipeSnapshot>(&object);
  const auto* queue = std::get_if<MqueueSnapshot>(&object);
  return pipe != nullptr    ? pipe->name
         : queue != nullptr ? fmt::format("mqueue \"{}\"", queue->name)
                            : std::string("another file");
}

/// What the other machine does not have, or was not asked for, is as in the model.
void take_over(const LiveObject& model, FoundObject& other) {
  if (auto* pipe = std::get_if<PipeSnapshot>(&other.object)) {
    pipe->name = std::get<PipeSnapshot>(model.object).name;
  } else if (auto* queue = std::get_if<MqueueSnapshot>(&other.object)) {
    const auto& expected = std::get<MqueueSnapshot>(model.object);
    queue->name = expected.name;
    // What an object before this one left in the memory is not known to the model.
    if (!expected.sigev_signo && expected.notify_owner) {
      queue->sigev_signo.reset();
      queue->sigev_value.reset();
    }
  }
  const auto take = [](const auto& from, auto& to) {
    if (!to) {
      to = from;
    }
  };
  take(model.around.charged, other.around.charged);
  take(model.around.i_uid, other.around.i_uid);
  take(model.around.i_gid, other.around.i_gid);
  if (!model.around.notify_cookie) {
    other.around.notify_cookie.reset();  // its bytes are not known to the model
  }
}

/// "tail 3; rd_wait task 2" of the rows that differ, and on the other side likewise.
void tell_rows(const std::vector<StateRow>& rows, const std::string& name, Difference& difference) {
  for (const StateRow& row : rows) {
    if (!row.differs()) {
      continue;
    }
    const auto add = [&](std::string& to, const std::string& value) {
      to += fmt::format("{}{} {}", to.empty() ? name + ": " : "; ", row.field,
                        value.empty() ? "-" : value);
    };
    add(difference.expected, row.expected);
    add(difference.actual, row.actual);
  }
}

}  // namespace

void PagePairs::pair(Identity model, Identity other) {
  if (!others_.contains(model) && !models_.contains(other)) {
    others_.emplace(model, other);
    models_.emplace(other, model);
  }
}

std::optional<Identity> PagePairs::partner_of(Identity other) const {
  const auto found = models_.find(other);
  return found == models_.end() ? std::nullopt : std::optional{found->second};
}

void PagePairs::keep(const std::vector<Identity>& seen) {
  std::erase_if(others_, [&](const auto& pair) {
    const bool goes = !std::ranges::binary_search(seen, pair.first);
    if (goes) {
      models_.erase(pair.second);
    }
    return goes;
  });
}

std::optional<Difference> ObjectComparison::compare(const std::vector<LiveObject>& objects,
                                                    std::vector<FoundObject> found) {
  keep_pairs(objects);
  for (std::size_t i = 0; i < objects.size(); ++i) {
    pair_pages(objects[i], found[i]);
  }
  for (std::size_t i = 0; i < objects.size(); ++i) {
    if (auto difference = compare_object(objects[i], found[i])) {
      return difference;
    }
  }
  return std::nullopt;
}

std::optional<Difference> ObjectComparison::compare_object(const LiveObject& model,
                                                           FoundObject& other) {
  const bool seen = !std::holds_alternative<std::monostate>(other.object);
  if (!seen && other.problem.empty()) {
    ++unseen_;
    return std::nullopt;
  }
  ++states_;
  Difference difference{.where = {},
                        .step = 0,
                        .task = {},
                        .call = {},
                        .expected = {},
                        .expected_by = model_name_,
                        .actual = {},
                        .actual_by = other_name_,
                        .state_before = {},
                        .side_by_side = {}};
  if (!seen || model.object.index() != other.object.index()) {
    difference.expected = name_of(model.object);
    difference.actual = other.problem.empty() ? "another kind of object" : other.problem;
    return difference;
  }
  take_over(model, other);
  if (auto* pipe = std::get_if<PipeSnapshot>(&other.object)) {
    rename_pages(*pipe);
  }
  if (model.object == other.object && model.around == other.around && other.problem.empty()) {
    return std::nullopt;
  }
  const auto rows =
      join_fields(fields_of(model.object, model.around), fields_of(other.object, other.around));
  tell_rows(rows, name_of(model.object), difference);
  difference.actual += other.problem.empty() ? "" : fmt::format(" ({})", other.problem);
  difference.side_by_side = table_text(rows, difference.expected_by, difference.actual_by);
  return difference;
}

/// Pages that stand at the same place are taken for the same.
void ObjectComparison::pair_pages(const LiveObject& model, const FoundObject& other) {
  const auto* expected = std::get_if<PipeSnapshot>(&model.object);
  const auto* actual = std::get_if<PipeSnapshot>(&other.object);
  if (expected == nullptr || actual == nullptr) {
    return;
  }
  for (std::size_t i = 0; i < std::min(expected->slots.size(), actual->slots.size()); ++i) {
    pages_.pair(expected->slots[i].page, actual->slots[i].page);
  }
  for (std::size_t i = 0; i < std::min(expected->tmp_page.size(), actual->tmp_page.size()); ++i) {
    if (expected->tmp_page[i] && actual->tmp_page[i]) {
      pages_.pair(*expected->tmp_page[i], *actual->tmp_page[i]);
    }
  }
}

/// Calls the pages of the other machine as the model calls them.
void ObjectComparison::rename_pages(PipeSnapshot& pipe) const {
  const auto renamed = [&](Identity page) {
    return pages_.partner_of(page).value_or(Identity{kFirstForeignPage + page.v});
  };
  for (SlotSnapshot& slot : pipe.slots) {
    slot.page = renamed(slot.page);
  }
  for (std::optional<Identity>& page : pipe.tmp_page) {
    if (page) {
      page = renamed(*page);
    }
  }
}

/// A page that is no longer seen may be freed, and its partner's number come back for another.
void ObjectComparison::keep_pairs(const std::vector<LiveObject>& objects) {
  std::vector<Identity> seen;
  for (const LiveObject& live : objects) {
    const auto* pipe = std::get_if<PipeSnapshot>(&live.object);
    if (pipe == nullptr) {
      continue;
    }
    for (const SlotSnapshot& slot : pipe->slots) {
      seen.push_back(slot.page);
    }
    for (const std::optional<Identity>& page : pipe->tmp_page) {
      if (page) {
        seen.push_back(*page);
      }
    }
  }
  std::ranges::sort(seen);
  pages_.keep(seen);
}

std::string to_text(const std::vector<LiveObject>& objects) {
  std::string text;
  for (const LiveObject& live : objects) {
    if (const auto* pipe = std::get_if<PipeSnapshot>(&live.object)) {
      text += to_text(*pipe);
    } else if (const auto* queue = std::get_if<MqueueSnapshot>(&live.object)) {
      text += to_text(*queue);
    }
  }
  return text;
}

}  // namespace ipcsim
