#include "tools/host/whitebox/queue_tree.hpp"

#include <algorithm>
#include <map>

namespace ipcsim::host {
namespace {

/// Blocks of the longest messages that a full queue could have, by far.
constexpr std::size_t kMostSegments = std::size_t{1} << 24U;

/// A node's memory, and that of its messages.
struct Node {
  std::array<std::byte, kElementBytes> bytes{};
  std::vector<ListElement> messages;

  template <class T>
  [[nodiscard]] T get(u32 at) const {
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
  }
};
using Nodes = std::map<u64, Node>;  // by the address of the rb_node

/// Reads nodes level by level, each with one call where there is room.
std::expected<Nodes, ReadError> read_nodes(Peek& peek, const KernelLayout& layout, u64 root,
                                           std::size_t most) {
  const auto& l = layout.tree_node;
  Nodes nodes;
  std::vector<u64> wanted;
  if (root != 0) {
    wanted.push_back(root);
  }
  while (!wanted.empty()) {
    std::vector<Peeked> pieces;
    peek.begin();
    while (pieces.size() < wanted.size() && peek.has_room(l.size)) {
      pieces.push_back(peek.ask(wanted[pieces.size()] - l.rb_node, l.size));
    }
    if (!peek.run()) {
      return std::unexpected(ReadError::kRefused);
    }
    std::vector<u64> next(wanted.begin() + static_cast<std::ptrdiff_t>(pieces.size()),
                          wanted.end());
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      const auto [entry, fresh] = nodes.try_emplace(wanted[i]);
      if (!fresh || !peek.ok(pieces[i]) || nodes.size() > most) {
        return std::unexpected(ReadError::kTorn);
      }
      Node& node = entry->second;
      std::copy_n(peek.bytes(pieces[i]), l.size, node.bytes.data());
      for (const u32 side : {l.left, l.right}) {
        if (const u64 child = node.get<u64>(side); child != 0) {
          next.push_back(child);
        }
      }
    }
    wanted = std::move(next);
  }
  return nodes;
}

/// Reads every node's messages.
std::expected<void, ReadError> read_messages(Peek& peek, const KernelLayout& layout, Nodes& nodes,
                                             std::size_t most) {
  const auto& l = layout.tree_node;
  std::vector<List> lists;
  for (const auto& [address, node] : nodes) {
    lists.push_back({.end = address - l.rb_node + l.msg_list,
                     .next = node.get<u64>(l.msg_list),
                     .elements = {}});
  }
  const ListShape shape{
      .pointed = layout.msg.m_list, .next = layout.msg.m_list, .bytes = layout.msg.size};
  if (auto done = walk(peek, lists, shape, most); !done) {
    return done;
  }
  std::size_t i = 0;
  for (auto& [address, node] : nodes) {
    node.messages = std::move(lists[i++].elements);
  }
  return {};
}

/// The priority of the node at `address`, or nothing for 0 and for what is no node.
std::optional<u32> priority_of(const Nodes& nodes, const KernelLayout& layout, u64 address) {
  const auto found = nodes.find(address);
  return found == nodes.end()
             ? std::nullopt
             : std::optional{static_cast<u32>(found->second.get<i32>(layout.tree_node.priority))};
}

}  // namespace

std::expected<std::vector<u64>, ReadError> count_segments(Peek& peek, const KernelLayout& layout,
                                                          const std::vector<u64>& first) {
  std::vector<List> lists;
  for (const u64 next : first) {
    lists.push_back({.end = 0, .next = next, .elements = {}});
  }
  const ListShape shape{.pointed = 0,
                        .next = layout.msg_segment.next,
                        .bytes = layout.msg_segment.next + static_cast<u32>(sizeof(u64))};
  if (auto done = walk(peek, lists, shape, kMostSegments); !done) {
    return std::unexpected(done.error());
  }
  std::vector<u64> counts;
  for (const List& list : lists) {
    counts.push_back(list.elements.size());
  }
  return counts;
}

std::expected<QueueTree, ReadError> read_tree(Peek& peek, const KernelLayout& layout, u64 root,
                                              u64 rightmost, std::size_t most) {
  auto nodes = read_nodes(peek, layout, root, most);
  if (!nodes) {
    return std::unexpected(nodes.error());
  }
  if (auto done = read_messages(peek, layout, *nodes, most); !done) {
    return std::unexpected(done.error());
  }
  QueueTree tree{.root = priority_of(*nodes, layout, root),
                 .rightmost = priority_of(*nodes, layout, rightmost),
                 .nodes = {}};
  std::vector<u64> blocks;
  for (const auto& [address, node] : *nodes) {
    MqNodeSnapshot& snapshot = tree.nodes.emplace_back();
    snapshot.priority = static_cast<u32>(node.get<i32>(layout.tree_node.priority));
    snapshot.black = (node.get<u64>(layout.tree_node.parent_color) & 1) != 0;
    snapshot.left = priority_of(*nodes, layout, node.get<u64>(layout.tree_node.left));
    snapshot.right = priority_of(*nodes, layout, node.get<u64>(layout.tree_node.right));
    for (const ListElement& message : node.messages) {
      snapshot.lens.push_back(message.get<u64>(layout.msg.m_ts));
      blocks.push_back(message.get<u64>(layout.msg.next));
    }
  }
  const auto counts = count_segments(peek, layout, blocks);
  if (!counts) {
    return std::unexpected(counts.error());
  }
  auto count = counts->begin();
  for (MqNodeSnapshot& node : tree.nodes) {
    node.segments.assign(count, count + static_cast<std::ptrdiff_t>(node.lens.size()));
    count += static_cast<std::ptrdiff_t>(node.lens.size());
  }
  std::ranges::sort(tree.nodes, {}, &MqNodeSnapshot::priority);
  const auto twice = std::ranges::adjacent_find(tree.nodes, {}, &MqNodeSnapshot::priority);
  if (twice != tree.nodes.end()) {
    return std::unexpected(ReadError::kTorn);
  }
  return tree;
}

}  // namespace ipcsim::host
