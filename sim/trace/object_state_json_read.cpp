#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>

#include "model/mqueue/mq_message.hpp"
#include "sim/trace/names_json.hpp"
#include "sim/trace/object_state_json.hpp"

namespace ipcsim {
namespace {

constexpr std::string_view kSlotKeys = R"(a place in the array as "0", or several as "0..14")";

/// Reads the value of a key of `in` into what each_field() gives. One overload a type of member.
class FieldReader {
 public:
  explicit FieldReader(JsonReader& in) : in_(in) {}

  template <std::integral T>
  void operator()(std::string_view key, std::optional<T>& out) {
    if (in_.has(key)) {
      in_.integer(key, out.emplace());
    }
  }
  void operator()(std::string_view key, std::optional<bool>& out) {
    if (in_.has(key)) {
      in_.boolean(key, out.emplace());
    }
  }
  void operator()(std::string_view key, std::optional<OrNone<u32>>& out) {
    if (const JsonValue* value = in_.find(key)) {
      out.emplace();
      if (!value->is_null()) {
        in_.integer_of(key, *value, out->value.emplace(), 0U, kMqPrioMax - 1);
      }
    }
  }
  void operator()(std::string_view key, std::optional<OrNone<TaskId>>& out) {
    if (const JsonValue* value = in_.find(key)) {
      out.emplace();
      if (!value->is_null()) {
        in_.integer_of(key, *value, out->value.emplace().v, 1U, kMostStateTask);
      }
    }
  }
  void operator()(std::string_view key, std::optional<std::vector<std::optional<u32>>>& out) {
    each_of(key, "a list of pages", out, [&](auto& page, const std::string& at, const auto& value) {
      if (!value.is_null()) {
        in_.integer_of(at, value, page.emplace(), 0U, kMostU32);
      }
    });
  }
  void operator()(std::string_view key, std::optional<std::vector<u64>>& out) {
    each_of(key, "a list of numbers", out, [&](u64& one, const std::string& at, const auto& value) {
      in_.integer_of(at, value, one, u64{0}, std::numeric_limits<u64>::max());
    });
  }
  void operator()(std::string_view key, std::optional<std::vector<WaiterSnapshot>>& out) {
    each_object(key, R"({"task":N})", out, [](WaiterSnapshot& waiter, JsonReader& in) {
      in.need_integer("task", waiter.task.v, 0U, kMostStateTask);
      in.boolean("exclusive", waiter.exclusive);
      in.boolean("poll", waiter.poll);
    });
  }
  void operator()(std::string_view key, std::optional<std::vector<MqWaiterState>>& out) {
    each_object(key, R"({"task":N})", out, [](MqWaiterState& waiter, JsonReader& in) {
      in.need_integer("task", waiter.task.v, 1U, kMostStateTask);
      MqWaiterState::each_field(FieldReader(in), waiter);
    });
  }
  void operator()(std::string_view key, std::optional<std::vector<MqNodeState>>& out) {
    each_object(key, R"({"priority":N})", out, [](MqNodeState& node, JsonReader& in) {
      in.need_integer("priority", node.priority, 0U, kMqPrioMax - 1);
      FieldReader read(in);
      read("black", node.black);
      read("lens", node.lens);
      read("segments", node.segments);
    });
  }
  void operator()(std::string_view key, std::optional<std::vector<SlotRunState>>& out) {
    const JsonValue* value = in_.find(key);
    if (value == nullptr) {
      return;
    }
    out.emplace();
    if (const JsonValue::List* list = value->list()) {
      for (std::size_t i = 0; i < list->size(); ++i) {
        read_slots(indexed(key, i), (*list)[i], *out);
      }
    } else {
      read_slots(key, *value, *out);
    }
    std::ranges::sort(*out, {}, &SlotRunState::first);
    const auto twice = std::ranges::adjacent_find(
        *out, [](const SlotRunState& a, const SlotRunState& b) { return a.last >= b.first; });
    if (twice != out->end()) {
      in_.report(
          fmt::format("\"{}\" has the slot {} twice", in_.path(key), std::next(twice)->first));
    }
  }

 private:
  static constexpr u32 kMostU32 = std::numeric_limits<u32>::max();
  static constexpr u32 kMostStateTask = 1'000'000;

  // Calls read(element, its path, its value) for each element of the list under `key`.
  template <class T>
  void each_of(std::string_view key, std::string_view expected, std::optional<std::vector<T>>& out,
               auto&& read) {
    if (const JsonValue::List* list = in_.list(key, expected)) {
      out.emplace();
      for (std::size_t i = 0; i < list->size(); ++i) {
        read(out->emplace_back(), indexed(key, i), (*list)[i]);
      }
    }
  }
  // The same for a list of objects: calls read(element, reader of the object).
  template <class T>
  void each_object(std::string_view key, std::string_view expected,
                   std::optional<std::vector<T>>& out, auto&& read) {
    each_of(key, "a list of objects", out, [&](T& one, const std::string& at, const auto& value) {
      if (auto object = in_.inside(at, value, expected)) {
        read(one, *object);
        object->close();
      }
    });
  }

  // The places that a key such as "3" or "0..14" names, without needless zeros.
  static std::optional<std::pair<u32, u32>> places(std::string_view key) {
    const std::size_t dots = key.find("..");
    const auto number = [](std::string_view text) -> std::optional<u32> {
      u32 value = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
      const bool whole = error == std::errc{} && end == text.data() + text.size();
      const bool plain = text.size() == 1 || !text.starts_with('0');
      return whole && plain && value < kPipeMostSlots ? std::optional{value} : std::nullopt;
    };
    const auto first = number(key.substr(0, dots));
    const auto last = dots == std::string_view::npos ? first : number(key.substr(dots + 2));
    if (!first || !last || (dots != std::string_view::npos && *last <= *first)) {
      return std::nullopt;
    }
    return std::pair{*first, *last};
  }

  void read_slots(std::string_view key, const JsonValue& value, std::vector<SlotRunState>& out) {
    auto slots = in_.inside(key, value, "an object with the occupied slots");
    if (!slots) {
      return;
    }
    for (const JsonValue::Member& member : *value.object()) {
      const auto at = places(member.key);
      if (!at) {
        slots->report(
            fmt::format("unknown key {}, expected {}", quoted(slots->path(member.key)), kSlotKeys));
        return;
      }
      if (auto slot = slots->inside(member.key, member.value, R"({"page":N,...})")) {
        read_slot(*slot, out.emplace_back(SlotRunState{.first = at->first, .last = at->second}));
      }
    }
  }

  static void read_slot(JsonReader& in, SlotRunState& slot) {
    FieldReader read(in);
    read("page", slot.page);
    read("offset", slot.offset);
    read("len", slot.len);
    if (const JsonValue* value = in.find("flags")) {
      u64 bits = 0;
      read_flags(in, "flags", *value, pipe_buf_flag_word(), bits);
      slot.flags = static_cast<u8>(bits);
    }
    if (const JsonValue* value = in.find("ops")) {
      u32 number = 0;
      const std::span<const NamedNumber> names = pipe_buf_ops_names();
      read_named(in, "ops", *value, names, {1, static_cast<u32>(names.size())}, number);
      slot.ops = static_cast<PipeBufOps>(number);
    }
    in.close();
  }

  JsonReader& in_;
};

// Reads the object under `key`, if it is there.
template <class State>
std::optional<State> read_state(JsonReader& in, std::string_view key) {
  const JsonValue* value = in.find(key);
  if (value == nullptr) {
    return std::nullopt;
  }
  State state;
  if (auto object = in.inside(key, *value, "an object with fields")) {
    State::each_field(FieldReader(*object), state);
    object->close();
  }
  return state;
}

}  // namespace

ObjectState read_object_state(JsonReader& in) {
  auto pipe = read_state<PipeState>(in, "pipe");
  auto queue = read_state<MqueueState>(in, "mqueue");
  if (pipe && queue) {
    in.report(R"("pipe" and "mqueue" in one state, expected one of them)");
  }
  if (pipe) {
    return *std::move(pipe);
  }
  return queue ? ObjectState(*std::move(queue)) : ObjectState();
}

}  // namespace ipcsim
