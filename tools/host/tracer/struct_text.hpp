// Structures and strings of the caller's memory as strace prints them.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <string>

#include "model/base/types.hpp"
#include "sim/kernel/constants.hpp"

namespace ipcsim::host {

using Bytes = std::span<const std::byte>;

/// The T at byte `at`; zero where the bytes end.
template <class T>
T get(Bytes bytes, std::size_t at) {
  T value{};
  if (at + sizeof(T) <= bytes.size()) {
    std::memcpy(&value, bytes.data() + at, sizeof(T));
  }
  return value;
}

std::string hex(u64 value);
/// Of a pointer: NULL, or a number.
std::string address(i64 value);
std::string octal(u64 value);
/// Names for the bits that have one, a number for the others.
std::string flag_names(u64 value, std::span<const NamedNumber> names);
/// The name, or a number where there is none.
std::string one_of(u64 value, std::span<const NamedNumber> names);
/// A set of signals: "[2 15]", or what it lacks, "~[9 19]".
std::string signals_text(Bytes bytes);
/// The numbers of a set's bits, from `first` on for bit 0: "[2 15]".
std::string set_text(Bytes bytes, u64 first);
std::string attr_text(Bytes b);
std::string event_text(Bytes b);
std::string sigevent_text(Bytes b);
/// The descriptors that control messages pass.
std::string control_text(Bytes b);
/// Flags of clone() and unshare(), with the name that the importer looks for.
std::string clone_text(u64 flags);
/// In quotes, with octal escapes.
std::string quoted(Bytes bytes);

}  // namespace ipcsim::host
