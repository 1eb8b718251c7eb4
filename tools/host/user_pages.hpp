// Memory of the tasks that vmsplice() hands to pipes: who has which addresses.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "sim/kernel/call_splice.hpp"
#include "tools/host/agent/protocol.hpp"

namespace ipcsim::host {

/// Gives out addresses within the private memory that every agent has. The same name is the same
/// address in every process, and what is there is each process's own.
class UserPages {
 public:
  /// The start of the memory called `name`; nothing when there are too many names.
  [[nodiscard]] std::optional<u64> named(const std::string& name) {
    const auto [entry, fresh] = names_.try_emplace(name, names_.size());
    if (entry->second >= kMostPageNames) {
      return std::nullopt;
    }
    return kPrivateAddress + entry->second * kPageNameBytes;
  }
  /// Whole pages that no call used before, with one page behind them; nothing when all were used.
  [[nodiscard]] std::optional<u64> fresh(u64 bytes, u64 page_bytes) {
    const u64 pages = (bytes + page_bytes - 1) / page_bytes + 1;
    if (pages > (kPrivateBytes - used_) / page_bytes) {
      return std::nullopt;
    }
    const u64 address = kPrivateAddress + used_;
    used_ += pages * page_bytes;
    return address;
  }

 private:
  std::map<std::string, u64> names_;
  u64 used_ = kMostPageNames * kPageNameBytes;
};

}  // namespace ipcsim::host
