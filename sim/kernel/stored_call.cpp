#include "sim/kernel/stored_call.hpp"

namespace ipcsim {
namespace {

/// The visit() of calls, which the member hides.
template <class F>
auto visit_call(F f, const Call& call) {
  return visit(f, call);
}

}  // namespace

StoredCall::StoredCall(const Call& call)
    : block_(visit_call([]<class C>(const C& c) -> Block* { return new Holder<C>(c); }, call)) {}

void StoredCall::destroy() {
  visit([this]<class C>(const C& /*call*/) { delete static_cast<Holder<C>*>(block_); });
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
  return a.visit([&b]<class C>(const C& call) {
    return call == static_cast<const StoredCall::Holder<C>*>(b.block_)->call;
  });
}

}  // namespace ipcsim
