#include "sim/kernel/credentials.hpp"

#include <range/v3/algorithm/binary_search.hpp>

namespace ipcsim {
namespace {

void add_ids(Hasher& hasher, const Ids& ids) {
  hasher.add(ids.real);
  hasher.add(ids.effective);
  hasher.add(ids.saved);
  hasher.add(ids.fs);
}

}  // namespace

bool Credentials::in_group(u32 group) const {
  return gid.fs == group || ranges::binary_search(groups, group);
}

void Credentials::hash_into(Hasher& hasher) const {
  add_ids(hasher, uid);
  add_ids(hasher, gid);
  for (const u32 group : groups) {
    hasher.add(group);
  }
  hasher.add(effective.bits);
  hasher.add(permitted.bits);
  hasher.add(user_ns);
}

}  // namespace ipcsim
