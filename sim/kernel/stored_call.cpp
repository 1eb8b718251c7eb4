#include "sim/kernel/stored_call.hpp"

namespace ipcsim {

void StoredCall::destroy() {
  visit([this]<class X>(const X& /*call*/) { delete static_cast<Holder<X>*>(block_); });
}

Call StoredCall::get() const {
  return visit([](const auto& call) -> Call { return call; });
}

bool operator==(const StoredCall& a, const StoredCall& b) {
  if (a.block_ == b.block_) {
    return true;
  }
  if (a.empty() || b.empty() || a.block_->number != b.block_->number) {
    return false;
  }
  return a.visit([&b]<class X>(const X& call) {
    return call == static_cast<const StoredCall::Holder<X>*>(b.block_)->call;
  });
}

}  // namespace ipcsim
