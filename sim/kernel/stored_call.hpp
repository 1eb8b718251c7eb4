// The call that a task is in, kept while it takes more than one section.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>
#include <variant>

#include "model/base/types.hpp"
#include "sim/kernel/call.hpp"

namespace ipcsim {

namespace detail {
template <class X, std::size_t... I>
consteval u16 call_number(std::index_sequence<I...> /*all*/) {
  return static_cast<u16>(
      ((std::is_same_v<X, std::variant_alternative_t<I, Call>> ? I + 1 : 0) + ...));
}
using CallIndices = std::make_index_sequence<std::variant_size_v<Call>>;
}  // namespace detail

/// 1, 2, 3 ... by the order of `Call`. 0 is no call.
template <class X>
inline constexpr u16 kCallNumber = detail::call_number<X>(detail::CallIndices{});
[[nodiscard]] inline u16 call_number(const Call& call) {
  return static_cast<u16>(call.index() + 1);
}

/// A call that never changes, shared by the copies of a state, and no larger than this call needs
/// (a `Call` is as large as the largest).
class StoredCall {
 public:
  StoredCall() = default;
  explicit StoredCall(const Call& call)
      : block_(std::visit([]<class X>(const X& c) -> Block* { return new Holder<X>(c); }, call)) {}
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
  /// `f(call)`, as std::visit() does it. REQUIRES: !empty().
  template <class F>
  decltype(auto) visit(F&& f) const {
    return visit_at(*block_, f, detail::CallIndices{});
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
  template <class X>
  struct Holder : Block {
    X call;
    explicit Holder(X c) : Block(kCallNumber<X>), call(std::move(c)) {}
  };

  template <class F, std::size_t... I>
  static decltype(auto) visit_at(const Block& block, F& f, std::index_sequence<I...> /*all*/) {
    using First = const std::variant_alternative_t<0, Call>&;
    using R = std::invoke_result_t<F&, First>;
    using Function = R (*)(const Block&, F&);
    static constexpr std::array<Function, sizeof...(I)> kTable{[](const Block& b, F& g) -> R {
      return g(static_cast<const Holder<std::variant_alternative_t<I, Call>>&>(b).call);
    }...};
    return kTable[block.number - 1U](block, f);
  }
  void destroy();

  Block* block_ = nullptr;
};

}  // namespace ipcsim
