// Descriptors on their way over sockets: which message of the log is which.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/import/fd_tracker.hpp"

namespace ipcsim::strace {

/// A message with descriptors that was sent and not received yet.
struct PassedMessage {
  struct Item {
    FdSlot like;        ///< what the descriptor was
    bool ours = false;  ///< it is on the carrier, for the model has it
    std::string name;   ///< what -y calls it, or nothing
  };
  u32 from = 0;     ///< a socket, or 0: not known
  u32 to = 0;       ///< the same of the other end
  u32 carried = 0;  ///< the message on the carrier, or 0
  std::vector<Item> items;
};

/// What a log shows of sockets, and the messages that are in them.
class Passing {
 public:
  /// The number of the socket behind a descriptor; 0 when the log does not tell. `name`: what -y
  /// calls it, "socket:[7]" or "UNIX-STREAM:[7->9]".
  u32 socket_of(const FdSlot* slot, std::optional<std::string_view> name);
  /// Two sockets are each other's ends; new ones where a number is 0.
  std::pair<u32, u32> connect(u32 first, u32 second);
  /// The other end, or 0.
  [[nodiscard]] u32 peer_of(u32 socket) const;

  void send(PassedMessage message) { in_flight_.push_back(std::move(message)); }

  struct Match {
    std::optional<PassedMessage> message;
    /// Messages between which nothing decides.
    std::vector<PassedMessage> ambiguous;
  };
  /// The message that `socket` receives, of descriptors that -y calls `names`. It is in flight no
  /// more.
  [[nodiscard]] Match receive(u32 socket, std::span<const std::string> names);

  [[nodiscard]] const std::vector<PassedMessage>& in_flight() const { return in_flight_; }

 private:
  u32 named(std::string_view number);
  [[nodiscard]] bool fits(const PassedMessage& message, u32 socket,
                          std::span<const std::string> names) const;

  std::map<std::string, u32, std::less<>> by_name_;
  std::map<u32, u32> peers_;
  std::vector<PassedMessage> in_flight_;
  u32 sockets_ = 0;
};

}  // namespace ipcsim::strace
