#include "tools/import/passing.hpp"

#include <range/v3/algorithm/all_of.hpp>
#include <range/v3/algorithm/equal.hpp>

namespace ipcsim::strace {
namespace {

constexpr std::string_view kPipePrefix = "pipe:[";

std::string_view digits(std::string_view text) {
  return text.substr(0, text.find_first_not_of("0123456789"));
}

/// True when one name may be what is behind the other descriptor. Sockets have other names when
/// they are connected.
bool may_be(const PassedMessage::Item& item, std::string_view name) {
  if (name.empty()) {
    return true;
  }
  const bool pipe = name.starts_with(kPipePrefix);
  if (item.name.empty()) {
    return pipe == (item.like.kind == FdKind::kPipe) || item.like.kind == FdKind::kOther;
  }
  const bool was_pipe = item.name.starts_with(kPipePrefix);
  return pipe || was_pipe ? item.name == name : true;
}

bool same_files(const PassedMessage& a, const PassedMessage& b) {
  return ranges::equal(a.items, b.items, [](const auto& x, const auto& y) {
    return x.like.kind == y.like.kind && x.like.made_at == y.like.made_at &&
           x.like.read_end == y.like.read_end && x.like.end == y.like.end &&
           x.like.path == y.like.path;
  });
}

}  // namespace

u32 Passing::named(std::string_view number) {
  const auto found = by_name_.find(number);
  if (found != by_name_.end()) {
    return found->second;
  }
  by_name_.emplace(number, ++sockets_);
  return sockets_;
}

u32 Passing::socket_of(const FdSlot* slot, std::optional<std::string_view> name) {
  const u32 known = slot == nullptr ? 0 : slot->socket;
  if (!name || !(name->starts_with("socket:[") || name->starts_with("UNIX"))) {
    return known;
  }
  std::string_view rest = name->substr(name->find('[') + 1);
  const std::string_view own = digits(rest);
  if (own.empty()) {
    return known;
  }
  const u32 socket = named(own);
  rest.remove_prefix(own.size());
  if (rest.starts_with("->") && !digits(rest.substr(2)).empty()) {
    connect(socket, named(digits(rest.substr(2))));
  }
  return socket;
}

std::pair<u32, u32> Passing::connect(u32 first, u32 second) {
  first = first == 0 ? ++sockets_ : first;
  second = second == 0 ? ++sockets_ : second;
  peers_[first] = second;
  peers_[second] = first;
  return {first, second};
}

u32 Passing::peer_of(u32 socket) const {
  const auto found = peers_.find(socket);
  return found == peers_.end() ? 0 : found->second;
}

bool Passing::fits(const PassedMessage& message, u32 socket,
                   std::span<const std::string> names) const {
  const u32 peer = peer_of(socket);
  if ((message.to != 0 && socket != 0 && message.to != socket) ||
      (message.to == 0 && peer != 0 && message.from != 0 && message.from != peer) ||
      message.items.size() < names.size()) {
    return false;
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!may_be(message.items[i], names[i])) {
      return false;
    }
  }
  return true;
}

Passing::Match Passing::receive(u32 socket, std::span<const std::string> names) {
  Match match;
  std::optional<std::size_t> best;
  std::vector<std::size_t> others;
  for (std::size_t i = 0; i < in_flight_.size(); ++i) {
    if (!fits(in_flight_[i], socket, names)) {
      continue;
    }
    if (in_flight_[i].to != 0 && in_flight_[i].to == socket) {
      best = i;  // what was sent first comes first
      others.clear();
      break;
    }
    if (!best) {
      best = i;
    } else {
      others.push_back(i);
    }
  }
  if (!best) {
    return match;
  }
  const bool clear = ranges::all_of(
      others, [&](std::size_t i) { return same_files(in_flight_[i], in_flight_[*best]); });
  if (!clear) {
    match.ambiguous.push_back(in_flight_[*best]);
    for (const std::size_t i : others) {
      match.ambiguous.push_back(in_flight_[i]);
    }
    return match;
  }
  match.message = in_flight_[*best];
  in_flight_.erase(in_flight_.begin() + static_cast<std::ptrdiff_t>(*best));
  return match;
}

}  // namespace ipcsim::strace
