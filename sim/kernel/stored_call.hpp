// The call that a task is in, kept while it takes more than one section.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "model/base/check.hpp"
#include "model/base/types.hpp"
#include "sim/kernel/call.hpp"

namespace ipcsim {

/// 1, 2, 3 ... by the order of `CallTypes`. 0 is no call.
template <class C>
inline constexpr u16 kCallNumber = static_cast<u16>(CallTypes::index_of<C>() + 1);
[[nodiscard]] inline u16 call_number(const Call& call) {
  return static_cast<u16>(call.index() + 1);
}
/// True when the number is that of one of these calls.
template <class... Calls>
[[nodiscard]] constexpr bool is_any_call(u16 number) {
  return ((number == kCallNumber<Calls>) || ...);
}

/// A call that never changes, shared by the copies of a state, and no larger than this call needs
/// (a `Call` is as large as the largest).
class StoredCall {
 public:
  StoredCall() = default;
  explicit StoredCall(const Call& call);
  template <class C>
    requires(CallTypes::kContains<C>)
  explicit StoredCall(const C& call) : block_(new Holder<C>(call)) {}
  StoredCall(const StoredCall& other) : block_(other.block_) {
    if (block_ != nullptr) {
      ++block_->owners;
    }
  }
  StoredCall(StoredCall&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  StoredCall& operator=(StoredCall other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~StoredCall() {
    if (block_ != nullptr && --block_->owners == 0) {
      destroy();
    }
  }

  [[nodiscard]] bool empty() const { return block_ == nullptr; }
  /// `f(call)`. REQUIRES: !empty().
  template <class F>
  decltype(auto) visit(F&& f) const {
    IPCSIM_CHECK(block_ != nullptr);
    return kVisits<F>[block_->number - 1U](*block_, f);
  }
  /// The call, which is known to be a C.
  template <class C>
  [[nodiscard]] const C& known() const {
    IPCSIM_CHECK(block_ != nullptr && block_->number == kCallNumber<C>);
    return static_cast<const Holder<C>&>(*block_).call;
  }
  /// REQUIRES: !empty().
  [[nodiscard]] Call get() const;
  friend bool operator==(const StoredCall& a, const StoredCall& b);

 private:
  // The count is not atomic: a state and its copies stay on one thread.
  struct Block {
    u32 owners = 1;
    u16 number;
    explicit Block(u16 n) : number(n) {}
  };
  template <class C>
  struct Holder : Block {
    C call;
    explicit Holder(C c) : Block(kCallNumber<C>), call(std::move(c)) {}
  };

  template <class C, class F>
  static decltype(auto) call_with(const Block& block, F& f) {
    return f(static_cast<const Holder<C>&>(block).call);
  }
  template <class F>
  static constexpr auto kVisits = CallTypes::each([]<class C>(std::type_identity<C> /*type*/) {
    return &call_with<C, std::remove_reference_t<F>>;
  });
  void destroy();

  Block* block_ = nullptr;
};

}  // namespace ipcsim
