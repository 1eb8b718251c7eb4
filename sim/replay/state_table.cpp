#include "sim/replay/state_table.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <range/v3/algorithm/find.hpp>

#include "model/base/text.hpp"

namespace ipcsim {
namespace {

/// Characters of a value in a table.
constexpr std::size_t kWidest = 60;

std::string flag_names(u8 flags) {
  constexpr std::array<std::string_view, 8> kNames{"LRU",       "ATOMIC", "GIFT", "PACKET",
                                                   "CAN_MERGE", "WHOLE",  "LOSS", "0x80"};
  std::string text;
  for (unsigned bit = 0; bit < kNames.size(); ++bit) {
    if ((flags >> bit & 1U) != 0) {
      text += fmt::format(" {}", kNames[bit]);
    }
  }
  return text;
}

std::string_view ops_name(PipeBufOps ops) {
  constexpr std::array<std::string_view, 8> kNames{
      "none", "anon", "page_cache", "user_page", "default", "nosteal", "zero", "watch_queue"};
  return kNames[static_cast<std::size_t>(ops)];
}

template <class T>
std::string number_or_dash(const std::optional<T>& value) {
  return value ? fmt::format("{}", *value) : "-";
}

std::string numbers(const std::vector<u64>& list) {
  return fmt::format("[{}]", joined(list, " ", [](u64 n) { return fmt::format("{}", n); }));
}

std::string waiters_text(const std::vector<WaiterSnapshot>& waiters) {
  return joined(waiters, ", ", [](const WaiterSnapshot& w) {
    const std::string who = w.task == kNoTask ? "epoll" : fmt::format("task {}", w.task.v);
    return who + (w.poll && w.task != kNoTask ? " poll" : "") + (w.exclusive ? " exclusive" : "");
  });
}

std::string mq_waiters_text(const std::vector<MqWaiterSnapshot>& waiters) {
  return joined(waiters, ", ", [](const MqWaiterSnapshot& w) {
    std::string text = fmt::format("task {} prio {}", w.task.v, w.task_prio);
    if (w.prio || w.len || w.segments) {
      text += fmt::format(" (msg prio {} len {} segments {})", number_or_dash(w.prio),
                          number_or_dash(w.len), number_or_dash(w.segments));
    }
    return text;
  });
}

std::string fds_text(const std::vector<Fd>& fds) {
  return joined(fds, " ", [](Fd fd) { return fmt::format("{}", fd.v); });
}

std::string hex_or_dash(const std::optional<std::string>& bytes) {
  return bytes
             ? joined(*bytes, "", [](char c) { return fmt::format("{:02x}", static_cast<u8>(c)); })
             : "-";
}

std::vector<StateField> fields(const PipeSnapshot& pipe) {
  const auto number = [](auto n) { return fmt::format("{}", n); };
  std::vector<StateField> list{
      {"head", number(pipe.head)},
      {"tail", number(pipe.tail)},
      {"max_usage", number(pipe.max_usage)},
      {"ring_size", number(pipe.ring_size)},
      {"nr_accounted", number(pipe.nr_accounted)},
      {"readers", number(pipe.readers)},
      {"writers", number(pipe.writers)},
      {"files", number(pipe.files)},
      {"r_counter", number(pipe.r_counter)},
      {"w_counter", number(pipe.w_counter)},
      {"poll_usage", number(pipe.poll_usage)},
      {"note_loss", number(pipe.note_loss)},
      {"tmp_page", joined(pipe.tmp_page, " ", [](const std::optional<Identity>& page) {
         return page ? fmt::format("page {}", page->v) : std::string("-");
       })}};
  for (const SlotSnapshot& slot : pipe.slots) {
    list.emplace_back(fmt::format("slot {}", slot.index),
                      fmt::format("page {} offset {} len {} {}{}", slot.page.v, slot.offset,
                                  slot.len, ops_name(slot.ops), flag_names(slot.flags)));
  }
  list.emplace_back("rd_wait", waiters_text(pipe.rd_wait));
  list.emplace_back("wr_wait", waiters_text(pipe.wr_wait));
  return list;
}

std::vector<StateField> fields(const MqueueSnapshot& queue) {
  const auto number = [](auto n) { return fmt::format("{}", n); };
  std::vector<StateField> list{{"mq_maxmsg", number(queue.mq_maxmsg)},
                               {"mq_msgsize", number(queue.mq_msgsize)},
                               {"mq_curmsgs", number(queue.mq_curmsgs)},
                               {"qsize", number(queue.qsize)},
                               {"node_cache", queue.node_cache ? "full" : "empty"},
                               {"root", number_or_dash(queue.root)},
                               {"msg_tree_rightmost", number_or_dash(queue.msg_tree_rightmost)}};
  for (const MqNodeSnapshot& node : queue.nodes) {
    list.emplace_back(
        fmt::format("node {}", node.priority),
        fmt::format("{} left {} right {} lens {} segments {}", node.black ? "black" : "red",
                    number_or_dash(node.left), number_or_dash(node.right), numbers(node.lens),
                    numbers(node.segments)));
  }
  list.emplace_back("e_wait_q[SEND]", mq_waiters_text(queue.send_wait));
  list.emplace_back("e_wait_q[RECV]", mq_waiters_text(queue.recv_wait));
  list.emplace_back("notify_owner",
                    queue.notify_owner ? fmt::format("task {}", queue.notify_owner->v) : "-");
  list.emplace_back("sigev_notify", number_or_dash(queue.sigev_notify));
  list.emplace_back("sigev_signo", number_or_dash(queue.sigev_signo));
  list.emplace_back("sigev_value", number_or_dash(queue.sigev_value));
  list.emplace_back("mq_queues_count", number(queue.mq_queues_count));
  list.emplace_back("i_nlink", number(queue.i_nlink));
  list.emplace_back("i_size", number(queue.i_size));
  return list;
}

std::string cut(const std::string& text) {
  return text.size() <= kWidest ? text : text.substr(0, kWidest - 3) + "...";
}

}  // namespace

std::vector<StateField> fields_of(const ObjectSnapshot& object, const Surroundings& around) {
  std::vector<StateField> list;
  if (const auto* pipe = std::get_if<PipeSnapshot>(&object)) {
    list = fields(*pipe);
    list.emplace_back("fasync_readers", fds_text(around.fasync_readers));
    list.emplace_back("fasync_writers", fds_text(around.fasync_writers));
    list.emplace_back("private", numbers(around.slot_private));
    list.emplace_back("user's pipe_bufs", number_or_dash(around.charged));
  } else if (const auto* queue = std::get_if<MqueueSnapshot>(&object)) {
    list = fields(*queue);
    list.emplace_back("wait_q", waiters_text(around.wait_q));
    list.emplace_back("i_mode", fmt::format("{:#o}", around.i_mode));
    list.emplace_back("i_uid", number_or_dash(around.i_uid));
    list.emplace_back("i_gid", number_or_dash(around.i_gid));
    list.emplace_back("notify_self_exec_id", number_or_dash(around.notify_self_exec_id));
    list.emplace_back("notify_cookie", hex_or_dash(around.notify_cookie));
    list.emplace_back("user's bytes", number_or_dash(around.charged));
  }
  return list;
}

std::vector<StateRow> join_fields(const std::vector<StateField>& expected,
                                  const std::vector<StateField>& actual) {
  std::vector<StateRow> rows;
  std::size_t next = 0;  // of `actual`: those before it have their rows
  for (const auto& [name, value] : expected) {
    const auto same = ranges::find(actual.begin() + static_cast<std::ptrdiff_t>(next), actual.end(),
                                   name, &StateField::first);
    if (same == actual.end()) {
      rows.push_back({.field = name, .expected = value, .actual = {}});
      continue;
    }
    for (const auto at = static_cast<std::size_t>(same - actual.begin()); next < at; ++next) {
      rows.push_back({.field = actual[next].first, .expected = {}, .actual = actual[next].second});
    }
    rows.push_back({.field = name, .expected = value, .actual = same->second});
    ++next;
  }
  for (; next < actual.size(); ++next) {
    rows.push_back({.field = actual[next].first, .expected = {}, .actual = actual[next].second});
  }
  return rows;
}

std::string table_text(const std::vector<StateRow>& rows, const std::string& expected_by,
                       const std::string& actual_by) {
  std::size_t name_width = 0;
  std::size_t value_width = expected_by.size();
  for (const StateRow& row : rows) {
    name_width = std::max(name_width, row.field.size());
    value_width = std::max(value_width, cut(row.expected).size());
  }
  std::string text = fmt::format("      {:<{}}  {:<{}}  {}\n", "", name_width, expected_by,
                                 value_width, actual_by);
  for (const StateRow& row : rows) {
    text += fmt::format("    {} {:<{}}  {:<{}}  {}\n", row.differs() ? '>' : ' ', row.field,
                        name_width, cut(row.expected), value_width, cut(row.actual));
  }
  return text;
}

}  // namespace ipcsim
