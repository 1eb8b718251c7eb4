#include "sim/kernel/snapshot.hpp"

#include <array>

#include <fmt/format.h>
#include <range/v3/algorithm/find.hpp>

#include "model/base/text.hpp"
#include "sim/kernel/constants.hpp"

namespace ipcsim {
namespace {

std::string_view ops_name(PipeBufOps ops) {
  constexpr std::array<std::string_view, 8> kNames{
      "none", "anon", "page_cache", "user_page", "default", "nosteal", "zero", "watch_queue"};
  return kNames[static_cast<std::size_t>(ops)];
}

std::string flag_letters(u8 flags) {
  constexpr std::array<std::pair<u8, char>, 5> kLetters{{{kPipeBufFlagCanMerge, 'M'},
                                                         {kPipeBufFlagPacket, 'P'},
                                                         {kPipeBufFlagGift, 'G'},
                                                         {kPipeBufFlagWhole, 'W'},
                                                         {kPipeBufFlagLoss, 'L'}}};
  std::string text;
  for (const auto& [bit, letter] : kLetters) {
    if ((flags & bit) != 0) {
      text += letter;
    }
  }
  return text.empty() ? "-" : text;
}

std::string waiters_text(const std::vector<WaiterSnapshot>& waiters) {
  return joined(waiters, " ", [](const WaiterSnapshot& w) {
    if (w.task == kNoTask) {
      return fmt::format("epoll{}", w.exclusive ? " (exclusive)" : "");
    }
    return fmt::format("task {}{}", w.task.v, w.poll ? " (poll)" : w.exclusive ? "" : " (all)");
  });
}

std::string mq_waiters_text(const std::vector<MqWaiterSnapshot>& waiters) {
  return joined(waiters, " ", [](const MqWaiterSnapshot& w) {
    return w.prio ? fmt::format("task {} (prio {}, {} bytes)", w.task.v, *w.prio, w.len.value_or(0))
                  : fmt::format("task {}", w.task.v);
  });
}

const MqNodeSnapshot* find_node(const MqueueSnapshot& queue, u32 priority) {
  const auto node = ranges::find(queue.nodes, priority, &MqNodeSnapshot::priority);
  return node == queue.nodes.end() ? nullptr : &*node;
}

/// The subtree, one node a line, deeper nodes further in. A red-black tree of 32768 nodes is at
/// most 30 deep.
void append_tree(std::string& text, const MqueueSnapshot& queue, std::optional<u32> priority,
                 u32 depth) {
  const MqNodeSnapshot* node = priority ? find_node(queue, *priority) : nullptr;
  if (node == nullptr || depth > 64) {
    return;
  }
  append_tree(text, queue, node->right, depth + 1);
  text += fmt::format("    {:{}}{} {}{}  {}\n", "", depth * 4, node->priority,
                      node->black ? "black" : "red",
                      queue.msg_tree_rightmost == node->priority ? " rightmost" : "",
                      joined(node->lens, " ", [](u64 len) { return fmt::format("[{}]", len); }));
  append_tree(text, queue, node->left, depth + 1);
}

}  // namespace

std::string to_text(const PipeSnapshot& pipe) {
  std::string text = fmt::format(
      "  {}: head {} tail {} max_usage {} ring_size {} readers {} writers {} files {} r_counter {} "
      "w_counter {} nr_accounted {}{}{} tmp_page [{}]\n",
      pipe.name, pipe.head, pipe.tail, pipe.max_usage, pipe.ring_size, pipe.readers, pipe.writers,
      pipe.files, pipe.r_counter, pipe.w_counter, pipe.nr_accounted,
      pipe.poll_usage ? " poll_usage" : "", pipe.note_loss ? " note_loss" : "",
      joined(pipe.tmp_page, " ", [](const std::optional<Identity>& page) {
        return page ? fmt::format("page {}", page->v) : std::string("-");
      }));
  for (const SlotSnapshot& slot : pipe.slots) {
    text +=
        fmt::format("    [{:3}] page {:<3} offset {:<5} len {:<5} {} {}\n", slot.index, slot.page.v,
                    slot.offset, slot.len, flag_letters(slot.flags), ops_name(slot.ops));
  }
  if (!pipe.rd_wait.empty()) {
    text += "    rd_wait: " + waiters_text(pipe.rd_wait) + "\n";
  }
  if (!pipe.wr_wait.empty()) {
    text += "    wr_wait: " + waiters_text(pipe.wr_wait) + "\n";
  }
  return text;
}

std::string to_text(const MqueueSnapshot& queue) {
  std::string text = fmt::format(
      "  mqueue \"{}\": mq_maxmsg {} mq_msgsize {} mq_curmsgs {} qsize {} node_cache {}\n",
      queue.name, queue.mq_maxmsg, queue.mq_msgsize, queue.mq_curmsgs, queue.qsize,
      queue.node_cache ? "full" : "empty");
  append_tree(text, queue, queue.root, 0);
  if (!queue.send_wait.empty()) {
    text += "    e_wait_q[SEND]: " + mq_waiters_text(queue.send_wait) + "\n";
  }
  if (!queue.recv_wait.empty()) {
    text += "    e_wait_q[RECV]: " + mq_waiters_text(queue.recv_wait) + "\n";
  }
  if (queue.notify_owner) {
    text += fmt::format("    notify_owner: task {} ({})\n", queue.notify_owner->v,
                        name_of(sigev_names(), queue.sigev_notify.value_or(0)).value_or("?"));
  }
  return text;
}

std::string to_text(const Snapshot& snapshot) {
  std::string text;
  for (const PipeSnapshot& pipe : snapshot.pipes) {
    text += to_text(pipe);
  }
  for (const MqueueSnapshot& queue : snapshot.mqueues) {
    text += to_text(queue);
  }
  return text;
}

}  // namespace ipcsim
