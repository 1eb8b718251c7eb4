#include <array>
#include <vector>

#include "sim/trace/json_value.hpp"
#include "sim/trace/names_json.hpp"
#include "sim/trace/object_state_json.hpp"

namespace ipcsim {
namespace {

constexpr std::array kPipeBufFlagNames{
    NamedNumber{"LRU", kPipeBufFlagLru},
    NamedNumber{"ATOMIC", kPipeBufFlagAtomic},
    NamedNumber{"GIFT", kPipeBufFlagGift},
    NamedNumber{"PACKET", kPipeBufFlagPacket},
    NamedNumber{"CAN_MERGE", kPipeBufFlagCanMerge},
    NamedNumber{"WHOLE", kPipeBufFlagWhole},
    NamedNumber{"LOSS", kPipeBufFlagLoss},
};

constexpr std::array kPipeBufOpsNames{
    NamedNumber{"anon", static_cast<u64>(PipeBufOps::kAnon)},
    NamedNumber{"page_cache", static_cast<u64>(PipeBufOps::kPageCache)},
    NamedNumber{"user_page", static_cast<u64>(PipeBufOps::kUserPage)},
    NamedNumber{"default", static_cast<u64>(PipeBufOps::kDefault)},
    NamedNumber{"nosteal", static_cast<u64>(PipeBufOps::kNosteal)},
    NamedNumber{"zero", static_cast<u64>(PipeBufOps::kZero)},
    NamedNumber{"watch_queue", static_cast<u64>(PipeBufOps::kWatchQueue)},
};

/// `items`, each as convert(item) writes it, as a list.
template <class T>
std::string list_json(const std::vector<T>& items, auto&& convert) {
  std::vector<std::string> texts;
  texts.reserve(items.size());
  for (const T& item : items) {
    texts.push_back(convert(item));
  }
  return json_list(texts);
}

template <class T>
std::string or_null(const std::optional<T>& value) {
  return value ? fmt::format("{}", *value) : "null";
}

/// Writes each member that is there.
struct FieldWriter {
  JsonObjectText& out;

  template <class T>
  void operator()(std::string_view key, const std::optional<T>& field) const {
    if (field) {
      out.json(key, text(*field));
    }
  }

  template <std::integral T>
  static std::string text(T number) {
    return fmt::format("{}", number);
  }
  static std::string text(const OrNone<u32>& number) { return or_null(number.value); }
  static std::string text(const OrNone<TaskId>& task) {
    return task.value ? text(task.value->v) : "null";
  }
  static std::string text(const std::vector<std::optional<u32>>& pages) {
    return list_json(pages, [](const std::optional<u32>& page) { return or_null(page); });
  }
  static std::string text(const std::vector<u64>& numbers) {
    return list_json(numbers, [](u64 number) { return text(number); });
  }
  static std::string text(const std::vector<WaiterSnapshot>& waiters) {
    return list_json(waiters, [](const WaiterSnapshot& waiter) {
      JsonObjectText one;
      one.number("task", waiter.task.v);
      if (waiter.exclusive) {
        one.json("exclusive", "true");
      }
      if (waiter.poll) {
        one.json("poll", "true");
      }
      return one.text();
    });
  }
  static std::string text(const std::vector<MqWaiterState>& waiters) {
    return list_json(waiters, [](const MqWaiterState& waiter) {
      JsonObjectText one;
      one.number("task", waiter.task.v);
      MqWaiterState::each_field(FieldWriter{one}, waiter);
      return one.text();
    });
  }
  static std::string text(const std::vector<MqNodeState>& nodes) {
    return list_json(nodes, [](const MqNodeState& node) {
      JsonObjectText one;
      one.number("priority", node.priority);
      const FieldWriter write{one};
      write("black", node.black);
      write("lens", node.lens);
      write("segments", node.segments);
      return one.text();
    });
  }
  static std::string text(const std::vector<SlotRunState>& slots);
};

std::string slot_json(const SlotRunState& slot) {
  JsonObjectText one;
  const FieldWriter write{one};
  write("page", slot.page);
  write("offset", slot.offset);
  write("len", slot.len);
  if (slot.flags) {
    one.json("flags", flags_json(pipe_buf_flag_word(), *slot.flags));
  }
  if (slot.ops) {
    one.json("ops", named_json(pipe_buf_ops_names(), static_cast<u64>(*slot.ops)));
  }
  return one.text();
}

// One object, or a list of as many as are needed.
std::string FieldWriter::text(const std::vector<SlotRunState>& slots) {
  std::vector<std::string> objects(1);
  std::size_t keys = 0;
  JsonObjectText object;
  for (const SlotRunState& slot : slots) {
    if (keys == kMostJsonKeys) {
      objects.back() = object.text();
      objects.emplace_back();
      object = {};
      keys = 0;
    }
    object.json(slot.first == slot.last ? fmt::format("{}", slot.first)
                                        : fmt::format("{}..{}", slot.first, slot.last),
                slot_json(slot));
    ++keys;
  }
  objects.back() = object.text();
  return objects.size() == 1 ? objects.front() : json_list(objects);
}

template <class State>
std::string fields_json(const State& state) {
  JsonObjectText out;
  State::each_field(FieldWriter{out}, state);
  return out.text();
}

}  // namespace

std::span<const NamedNumber> pipe_buf_ops_names() { return kPipeBufOpsNames; }
FlagWord pipe_buf_flag_word() { return {kPipeBufFlagNames, {}, 0xff}; }

std::string to_json(const PipeState& pipe) { return fields_json(pipe); }
std::string to_json(const MqueueState& queue) { return fields_json(queue); }

void write_object_state(JsonObjectText& out, const ObjectState& object) {
  if (const auto* pipe = std::get_if<PipeState>(&object)) {
    out.json("pipe", to_json(*pipe));
  } else if (const auto* queue = std::get_if<MqueueState>(&object)) {
    out.json("mqueue", to_json(*queue));
  }
}

}  // namespace ipcsim
