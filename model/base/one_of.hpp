// A value of one of many types.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

#include "model/base/check.hpp"
#include "model/base/types.hpp"

namespace ipcsim {

/// Types, in an order.
template <class... Ts>
struct TypeList {
  static constexpr std::size_t kSize = sizeof...(Ts);
  static constexpr std::size_t kLargest = std::max({sizeof(Ts)...});
  static constexpr std::size_t kAlignment = std::max({alignof(Ts)...});
  template <class T>
  static constexpr bool kContains = (std::same_as<T, Ts> || ...);

  /// The place of T.
  template <class T>
  static consteval std::size_t index_of() {
    std::size_t index = 0;
    static_cast<void>(((std::same_as<T, Ts> || (++index, false)) || ...));
    return index;
  }
  /// What `of` makes of each type, given as std::type_identity.
  static consteval auto each(auto of) { return std::array{of(std::type_identity<Ts>{})...}; }

  template <std::size_t I>
  using At = std::tuple_element_t<I, std::tuple<Ts...>>;
};

/// A value of one of the types of `Set`, which derives from a TypeList. As std::variant, and used
/// as it is (visit(), get(), get_if(), holds_alternative()), but never without a value. The list is
/// not part of the type's name: with a hundred types a variant's symbols fill a hundred megabytes
/// in every file that handles one.
template <class Set>
class OneOf {
 public:
  static constexpr std::size_t kSize = Set::kSize;
  template <std::size_t I>
  using Alternative = Set::template At<I>;

  /// The first type's value.
  OneOf() : OneOf(Alternative<0>{}) {}
  template <class T>
    requires Set::template
  kContains<std::remove_cvref_t<T>>
  // NOLINTNEXTLINE(google-explicit-constructor,bugprone-forwarding-reference-overload): as a
  // variant.
  OneOf(T&& value) : index_(kIndex<std::remove_cvref_t<T>>) {
    std::construct_at(place<std::remove_cvref_t<T>>(), std::forward<T>(value));
  }
  OneOf(const OneOf& other) : index_(other.index_) {
    if (kEmpty[index_]) {
      return;  // nothing is stored
    }
    if (kPlain[index_]) {
      std::memcpy(storage_, other.storage_, sizeof storage_);
    } else {
      kCopies[index_](*this, other);
    }
  }
  OneOf(OneOf&& other) noexcept : index_(other.index_) {
    if (kEmpty[index_]) {
      return;
    }
    if (kPlain[index_]) {
      std::memcpy(storage_, other.storage_, sizeof storage_);
    } else {
      kMoves[index_](*this, other);
    }
  }
  OneOf& operator=(const OneOf& other) {
    if (this != &other) {
      *this = OneOf(other);
    }
    return *this;
  }
  OneOf& operator=(OneOf&& other) noexcept {
    if (this != &other) {
      std::destroy_at(this);
      std::construct_at(this, std::move(other));
    }
    return *this;
  }
  ~OneOf() {
    if (!kPlain[index_]) {
      kEnds[index_](*this);
    }
  }

  [[nodiscard]] std::size_t index() const { return index_; }
  /// Replaces the value.
  template <class T>
  T& emplace(T value = {}) {
    std::destroy_at(this);
    std::construct_at(this, std::move(value));
    return *place<T>();
  }

  friend bool operator==(const OneOf& a, const OneOf& b) {
    return a.index_ == b.index_ && kEquals[a.index_](a, b);
  }

  template <class T>
  friend bool holds_alternative(const OneOf& value) {
    return value.index_ == kIndex<T>;
  }
  template <class T>
  friend T* get_if(OneOf* value) {
    return value != nullptr && value->index_ == kIndex<T> ? value->template place<T>() : nullptr;
  }
  template <class T>
  friend const T* get_if(const OneOf* value) {
    return value != nullptr && value->index_ == kIndex<T> ? value->template place<T>() : nullptr;
  }
  template <class T>
  friend T& get(OneOf& value) {
    IPCSIM_CHECK(value.index_ == kIndex<T>);
    return *value.template place<T>();
  }
  template <class T>
  friend const T& get(const OneOf& value) {
    IPCSIM_CHECK(value.index_ == kIndex<T>);
    return *value.template place<T>();
  }
  template <class T>
  friend T get(OneOf&& value) {
    IPCSIM_CHECK(value.index_ == kIndex<T>);
    return std::move(*value.template place<T>());
  }
  template <class F>
  friend decltype(auto) visit(F&& visitor, OneOf& value) {
    return kVisits<F, OneOf>[value.index_](visitor, value);
  }
  template <class F>
  friend decltype(auto) visit(F&& visitor, const OneOf& value) {
    return kVisits<F, const OneOf>[value.index_](visitor, value);
  }

 private:
  static_assert(kSize <= 256, "an index is a byte");
  template <class T>
  static constexpr u8 kIndex = Set::template index_of<T>();

  void* address() { return storage_; }
  [[nodiscard]] const void* address() const { return storage_; }
  template <class T>
  T* place() {
    return static_cast<T*>(address());
  }
  template <class T>
  const T* place() const {
    return static_cast<const T*>(address());
  }

  template <class T>
  static void copy(OneOf& to, const OneOf& from) {
    std::construct_at(to.place<T>(), *from.place<T>());
  }
  template <class T>
  static void move(OneOf& to, OneOf& from) {
    std::construct_at(to.place<T>(), std::move(*from.place<T>()));
  }
  template <class T>
  static void end(OneOf& value) {
    std::destroy_at(value.place<T>());
  }
  template <class T>
  static bool equal(const OneOf& a, const OneOf& b) {
    return *a.place<T>() == *b.place<T>();
  }
  template <class T, class F, class Value>
  static decltype(auto) call(F& visitor, Value& value) {
    return visitor(*value.template place<T>());
  }

  static constexpr auto kPlain = Set::each(
      []<class T>(std::type_identity<T> /*type*/) { return std::is_trivially_copyable_v<T>; });
  static constexpr auto kEmpty =
      Set::each([]<class T>(std::type_identity<T> /*type*/) { return std::is_empty_v<T>; });
  static constexpr auto kCopies =
      Set::each([]<class T>(std::type_identity<T> /*type*/) { return &copy<T>; });
  static constexpr auto kMoves =
      Set::each([]<class T>(std::type_identity<T> /*type*/) { return &move<T>; });
  static constexpr auto kEnds =
      Set::each([]<class T>(std::type_identity<T> /*type*/) { return &end<T>; });
  static constexpr auto kEquals =
      Set::each([]<class T>(std::type_identity<T> /*type*/) { return &equal<T>; });
  template <class F, class Value>
  static constexpr auto kVisits = Set::each([]<class T>(std::type_identity<T> /*type*/) {
    return &call<T, std::remove_reference_t<F>, Value>;
  });

  alignas(Set::kAlignment) std::byte storage_[Set::kLargest];
  u8 index_;
};

}  // namespace ipcsim
