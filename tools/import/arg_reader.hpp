// Typed reading of a call's arguments, with messages that say which one is wrong.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/kernel/call.hpp"
#include "tools/import/argument.hpp"

namespace ipcsim::strace {

/// Why a call cannot be imported.
struct Problem {
  /// The log is right but this program cannot say it; otherwise the log is wrong.
  bool unsupported = false;
  std::string what;
};

/// Reads arguments one by one. The first that is not what it must be is kept as the problem; from
/// then on what is read means nothing. Arguments that a call which never returned does not show
/// have default values.
class ArgReader {
 public:
  ArgReader(std::string_view call, std::span<const Node> args, bool partial)
      : call_(call), args_(args), partial_(partial) {}

  [[nodiscard]] const std::optional<Problem>& problem() const { return problem_; }
  /// Strings that were cut so far.
  [[nodiscard]] u64 cut_strings() const { return cut_strings_; }

  /// Argument `index`, or null when there is none.
  const Node* at(std::size_t index);
  [[nodiscard]] std::size_t count() const { return args_.size(); }

  // Each takes the name of the parameter for its message, and a null pointer for a default value.

  Fd fd(const Node* node, std::string_view name);
  i64 number(const Node* node, std::string_view name);
  u64 size(const Node* node, std::string_view name);
  u64 flags(const Node* node, std::string_view name, std::span<const NamedNumber> names);
  OpenFlags open_flags(const Node* node, std::string_view name);
  std::string string(const Node* node, std::string_view name);
  Signal signal(const Node* node, std::string_view name);
  u64 signal_set(const Node* node, std::string_view name);
  UserPtr<std::string> string_ptr(const Node* node, std::string_view name);
  UserPtr<Timespec> timespec(const Node* node, std::string_view name);
  UserPtr<MqAttr> mq_attr(const Node* node, std::string_view name);

  /// Bytes that the call writes: a string of `len` bytes, or a pointer that could not be read.
  UserSegment in_buffer(const Node* node, std::string_view name, u64 len);
  /// A pointer to something that the call fills. `faulted`: the call failed with EFAULT.
  OutPtr out_ptr(const Node* node, std::string_view name, bool faulted);
  /// An iovec's elements; `elements` sees each base and length.
  std::vector<UserSegment> iov(const Node* node, std::string_view name, bool fills);
  /// The bytes of a string that is `len` bytes long, as far as they are known.
  Payload payload(const Node* node, std::string_view name, u64 len);

  void fail(std::string what);
  void unsupported(std::string what);
  /// "argument fd of read is '"x"'; expected a number"
  void expected(const Node* node, std::string_view name, std::string_view what);

  /// The call failed with EFAULT: an address in place of bytes is a bad one. Otherwise strace did
  /// not decode it.
  void set_faulted(bool faulted) { faulted_ = faulted; }

 private:
  bool faulted_ = false;

  UserPtr<MqAttr> mq_attr_value(const Node& node, std::string_view name);

  std::string_view call_;
  std::span<const Node> args_;
  bool partial_;
  std::optional<Problem> problem_;
  u64 cut_strings_ = 0;
};

/// NULL.
[[nodiscard]] bool is_null(const Node& node);
/// An address that strace printed because it could not, or need not, look behind it.
[[nodiscard]] bool is_address(const Node& node);
/// An address that no program can have: in the first page, or in the kernel's half.
[[nodiscard]] bool is_bad_address(const Node& node);

}  // namespace ipcsim::strace
