#include "tools/ipcsim/snapshot_json.hpp"

namespace ipcsim {
namespace {

using Json = nlohmann::ordered_json;

/// A list with `convert(element)` of every element.
template <class Range, class F>
Json listed(const Range& range, F convert) {
  Json list = Json::array();
  for (const auto& element : range) {
    list.push_back(convert(element));
  }
  return list;
}

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json waiters(const std::vector<WaiterSnapshot>& list) {
  return listed(list, [](const WaiterSnapshot& w) {
    return Json{{"task", w.task.v}, {"exclusive", w.exclusive}, {"poll", w.poll}};
  });
}

Json mq_waiters(const std::vector<MqWaiterSnapshot>& list) {
  return listed(list, [](const MqWaiterSnapshot& w) {
    return Json{{"task", w.task.v}, {"prio", or_null(w.prio)}, {"len", or_null(w.len)}};
  });
}

}  // namespace

Json to_json(const PipeSnapshot& pipe) {
  return {{"name", pipe.name},
          {"head", pipe.head},
          {"tail", pipe.tail},
          {"max_usage", pipe.max_usage},
          {"ring_size", pipe.ring_size},
          {"nr_accounted", pipe.nr_accounted},
          {"readers", pipe.readers},
          {"writers", pipe.writers},
          {"files", pipe.files},
          {"r_counter", pipe.r_counter},
          {"w_counter", pipe.w_counter},
          {"poll_usage", pipe.poll_usage},
          {"note_loss", pipe.note_loss},
          {"tmp_page", listed(pipe.tmp_page,
                              [](const std::optional<Identity>& page) {
                                return page ? Json(page->v) : Json(nullptr);
                              })},
          {"slots", listed(pipe.slots,
                           [](const SlotSnapshot& slot) {
                             return Json{
                                 {"index", slot.index},   {"page", slot.page.v},
                                 {"offset", slot.offset}, {"len", slot.len},
                                 {"flags", slot.flags},   {"ops", static_cast<int>(slot.ops)}};
                           })},
          {"rd_wait", waiters(pipe.rd_wait)},
          {"wr_wait", waiters(pipe.wr_wait)}};
}

Json to_json(const MqueueSnapshot& queue) {
  return {{"name", queue.name},
          {"mq_maxmsg", queue.mq_maxmsg},
          {"mq_msgsize", queue.mq_msgsize},
          {"mq_curmsgs", queue.mq_curmsgs},
          {"qsize", queue.qsize},
          {"node_cache", queue.node_cache},
          {"root", or_null(queue.root)},
          {"msg_tree_rightmost", or_null(queue.msg_tree_rightmost)},
          {"nodes", listed(queue.nodes,
                           [](const MqNodeSnapshot& node) {
                             return Json{{"priority", node.priority},
                                         {"black", node.black},
                                         {"left", or_null(node.left)},
                                         {"right", or_null(node.right)},
                                         {"lens", node.lens}};
                           })},
          {"send_wait", mq_waiters(queue.send_wait)},
          {"recv_wait", mq_waiters(queue.recv_wait)},
          {"notify_owner", queue.notify_owner ? Json(queue.notify_owner->v) : Json(nullptr)},
          {"sigev_notify", or_null(queue.sigev_notify)},
          {"sigev_signo", or_null(queue.sigev_signo)},
          {"sigev_value", or_null(queue.sigev_value)},
          {"mq_queues_count", queue.mq_queues_count},
          {"i_nlink", queue.i_nlink},
          {"i_size", queue.i_size}};
}

}  // namespace ipcsim
