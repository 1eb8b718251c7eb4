// An optional value kept apart.
#pragma once

#include <memory>
#include <utility>

#include "model/base/check.hpp"

namespace ipcsim {

/// An optional value that takes no more room than a pointer while it is not there: for what few
/// objects have. As std::optional, copies and comparisons are those of the value.
template <class T>
class Boxed {
 public:
  Boxed() = default;
  Boxed(const Boxed& other) : value_(other ? std::make_unique<T>(*other) : nullptr) {}
  Boxed(Boxed&&) noexcept = default;
  Boxed& operator=(const Boxed& other) {
    if (this != &other) {
      *this = Boxed(other);
    }
    return *this;
  }
  Boxed& operator=(Boxed&&) noexcept = default;
  ~Boxed() = default;

  T& emplace(T value = {}) {
    value_ = std::make_unique<T>(std::move(value));
    return *value_;
  }
  [[nodiscard]] bool has_value() const { return value_ != nullptr; }
  explicit operator bool() const { return value_ != nullptr; }
  /// REQUIRES: has_value(), here and below.
  [[nodiscard]] T& operator*() {
    IPCSIM_CHECK(has_value());
    return *value_;
  }
  [[nodiscard]] const T& operator*() const {
    IPCSIM_CHECK(has_value());
    return *value_;
  }
  [[nodiscard]] T* operator->() { return &**this; }
  [[nodiscard]] const T* operator->() const { return &**this; }

  friend bool operator==(const Boxed& a, const Boxed& b) {
    return a.has_value() == b.has_value() && (!a || *a == *b);
  }

 private:
  std::unique_ptr<T> value_;
};

}  // namespace ipcsim
