#include "model/mqueue/mq_limits.hpp"

#include <algorithm>

#include "model/mqueue/mq_message.hpp"

namespace ipcsim {
namespace {

constexpr std::size_t kPathMax = 4096;
constexpr std::size_t kNameMax = 255;
constexpr u64 kTreeNodeSize = 48;  // struct posix_msg_tree_node of a 64-bit kernel

}  // namespace

Errno mq_check_count(u64 queues, const MqLimits& limits, Caps caps) {
  const bool room = queues < limits.mq_queues_max || caps.has(Cap::kSysResource);
  return room ? Errno::kOk : Errno::kENOSPC;
}

Result<MqSize> mq_new_size(const std::optional<MqSize>& asked, const MqLimits& limits, Caps caps) {
  if (!asked) {
    return MqSize{.mq_maxmsg = std::min(limits.mq_msg_max, limits.mq_msg_default),
                  .mq_msgsize = std::min(limits.mq_msgsize_max, limits.mq_msgsize_default)};
  }
  if (asked->mq_maxmsg <= 0 || asked->mq_msgsize <= 0) {
    return fail(Errno::kEINVAL);
  }
  const bool privileged = caps.has(Cap::kSysResource);
  const i64 most = privileged ? kHardMsgMax : limits.mq_msg_max;
  const i64 longest = privileged ? kHardMsgSizeMax : limits.mq_msgsize_max;
  if (asked->mq_maxmsg > most || asked->mq_msgsize > longest) {
    return fail(Errno::kEINVAL);
  }
  return *asked;
}

u64 mq_bytes(const MqSize& size) {
  const u64 maxmsg = static_cast<u64>(size.mq_maxmsg);
  return maxmsg * static_cast<u64>(size.mq_msgsize) + maxmsg * kMsgMsgSize +
         std::min<u64>(maxmsg, kMqPrioMax) * kTreeNodeSize;
}

Errno mq_check_path(std::string_view name) {
  if (name.empty()) {
    return Errno::kENOENT;
  }
  return name.size() >= kPathMax ? Errno::kENAMETOOLONG : Errno::kOk;
}

Errno mq_check_name(std::string_view name) {
  if (name.find('/') != std::string_view::npos || name == "." || name == "..") {
    return Errno::kEACCES;
  }
  return name.size() > kNameMax ? Errno::kENAMETOOLONG : Errno::kOk;
}

}  // namespace ipcsim
