#include "model/base/payload.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <range/v3/algorithm/all_of.hpp>
#include <range/v3/view/iota.hpp>

#include "model/base/check.hpp"

namespace ipcsim {

void SharedBytes::grow(u64 capacity) {
  if (block_ != nullptr && block_->owners == 1) {
    capacity = std::max(capacity, 2 * block_->capacity);
  }
  SharedBytes larger;
  larger.block_ = make(capacity);
  if (size() > 0) {
    std::memcpy(larger.bytes(), data(), size());
    larger.block_->size = size();
  }
  std::swap(block_, larger.block_);
}

// Kept apart from the way that nearly every destructor takes.
[[gnu::noinline]] void SharedBytes::release(Block* block) { ::operator delete(block); }

Payload Payload::of_bytes(std::string_view bytes) {
  SharedBytes shared;
  shared.append(reinterpret_cast<const std::byte*>(bytes.data()), bytes.size());
  return of_bytes(std::move(shared));
}

Payload Payload::of_pattern(u64 len, u8 pattern) {
  Payload p;
  p.len_ = len;
  p.kind_ = Kind::kPattern;
  p.pattern_ = pattern;
  return p;
}

Payload Payload::of_unknown(u64 len, std::string_view prefix) {
  IPCSIM_CHECK(prefix.size() <= len);
  Payload p = of_unknown(len);
  if (!prefix.empty()) {
    p.bytes_.append(reinterpret_cast<const std::byte*>(prefix.data()), prefix.size());
  }
  return p;
}

std::optional<u8> Payload::pattern() const {
  return kind_ == Kind::kPattern ? std::optional{pattern_} : std::nullopt;
}

void Payload::copy_made_up(u64 offset, std::span<std::byte> to) const {
  if (to.empty()) {
    return;
  }
  if (kind_ == Kind::kPattern) {
    for (u64 i = 0; i < to.size(); ++i) {
      to[i] = pattern_byte(pattern_, offset + i);
    }
    return;
  }
  const std::string_view known = stored_bytes();
  const u64 from_known = std::min<u64>(to.size(), known.size() - std::min(offset, known.size()));
  if (from_known > 0) {
    std::memcpy(to.data(), known.data() + offset, from_known);
  }
  std::fill(to.begin() + static_cast<std::ptrdiff_t>(from_known), to.end(), std::byte{0});
}

std::byte Payload::at(u64 index) const {
  std::byte b{};
  copy(index, {&b, 1});
  return b;
}

std::string Payload::to_string() const {
  std::string text(len_, '\0');
  copy(0, std::as_writable_bytes(std::span{text}));
  return text;
}

bool Payload::compatible_with(const Payload& other) const {
  if (len_ != other.len_) {
    return false;
  }
  if (kind_ == Kind::kPattern && kind_ == other.kind_ && pattern_ == other.pattern_) {
    return true;
  }
  const u64 common = std::min(known_len(), other.known_len());
  if (kind_ != Kind::kPattern && other.kind_ != Kind::kPattern) {
    return stored_bytes().substr(0, common) == other.stored_bytes().substr(0, common);
  }
  return ranges::all_of(ranges::views::iota(u64{0}, common),
                        [&](u64 i) { return at(i) == other.at(i); });
}

bool operator==(const Payload& a, const Payload& b) {
  return a.known_len() == b.known_len() && a.compatible_with(b);
}

}  // namespace ipcsim
