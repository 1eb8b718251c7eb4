#include "tools/import/arg_reader.hpp"

#include <limits>
#include <utility>

#include <fmt/format.h>

#include "tools/import/printable.hpp"
#include "tools/import/symbols.hpp"

namespace ipcsim::strace {

using Kind = Node::Kind;

namespace {

/// Of a trace's payload.
constexpr u64 kMostUnknownBytes = u64{1} << 30U;

}  // namespace

bool is_null(const Node& node) { return node.is("NULL"); }

bool is_address(const Node& node) { return node.kind == Kind::kNumber && !node.negative; }

bool is_bad_address(const Node& node) {
  constexpr u64 kFirstPage = 4096;
  constexpr u64 kKernelHalf = u64{1} << 47U;
  return is_address(node) && (node.number < kFirstPage || node.number >= kKernelHalf);
}

void ArgReader::fail(std::string what) {
  if (!problem_) {
    problem_ = Problem{false, std::move(what)};
  }
}

void ArgReader::unsupported(std::string what) {
  if (!problem_) {
    problem_ = Problem{true, std::move(what)};
  }
}

void ArgReader::expected(const Node* node, std::string_view name, std::string_view what) {
  if (node->kind == Kind::kCut) {
    unsupported(
        fmt::format("argument {} of {} was left out of the log; record with -v", name, call_));
    return;
  }
  fail(fmt::format("argument {} of {} is '{}'; expected {}", name, call_, printable(node->text, 40),
                   what));
}

const Node* ArgReader::at(std::size_t index) {
  if (index < args_.size()) {
    return &args_[index];
  }
  if (!partial_) {
    fail(fmt::format("{} has {} arguments; expected at least {}", call_, args_.size(), index + 1));
  }
  return nullptr;
}

i64 ArgReader::number(const Node* node, std::string_view name) {
  if (node == nullptr) {
    return 0;
  }
  if (node->kind != Kind::kNumber) {
    expected(node, name, "a number");
    return 0;
  }
  return static_cast<i64>(node->number);
}

Fd ArgReader::fd(const Node* node, std::string_view name) {
  const i64 value = number(node, name);
  if (value < std::numeric_limits<i32>::min() || value > std::numeric_limits<i32>::max()) {
    expected(node, name, "a descriptor");
    return {};
  }
  return Fd{static_cast<i32>(value)};
}

u64 ArgReader::size(const Node* node, std::string_view name) {
  if (node == nullptr) {
    return 0;
  }
  if (node->kind != Kind::kNumber) {
    expected(node, name, "a size");
    return 0;
  }
  return node->number;
}

u64 ArgReader::flags(const Node* node, std::string_view name, std::span<const NamedNumber> names) {
  if (node == nullptr) {
    return 0;
  }
  const auto value = flags_value(*node, names);
  if (!value) {
    expected(node, name, "flags that this call has");
  }
  return value.value_or(0);
}

OpenFlags ArgReader::open_flags(const Node* node, std::string_view name) {
  if (node == nullptr) {
    return {};
  }
  const auto value = open_flags_value(*node);
  if (!value || *value > std::numeric_limits<u32>::max()) {
    expected(node, name, "flags of open()");
    return {};
  }
  return OpenFlags{static_cast<u32>(*value)};
}

std::string ArgReader::string(const Node* node, std::string_view name) {
  if (node == nullptr) {
    return {};
  }
  if (node->kind != Kind::kString) {
    expected(node, name, "a string");
  } else if (node->cut) {
    unsupported(fmt::format("argument {} of {} was cut; record with a larger -s", name, call_));
  }
  return node->bytes;
}

Signal ArgReader::signal(const Node* node, std::string_view name) {
  if (node == nullptr) {
    return {};
  }
  const auto value = signal_value(node->text);
  if (!value) {
    expected(node, name, "a signal");
  }
  return value.value_or(Signal{});
}

u64 ArgReader::signal_set(const Node* node, std::string_view name) {
  if (node == nullptr) {
    return 0;
  }
  const auto value = signal_set_value(*node);
  if (!value) {
    expected(node, name, "a set of signals");
  }
  return value.value_or(0);
}

UserPtr<std::string> ArgReader::string_ptr(const Node* node, std::string_view name) {
  if (node == nullptr || is_null(*node)) {
    return {};
  }
  if (is_address(*node)) {
    return UserPtr<std::string>::bad();
  }
  std::string text = string(node, name);
  if (text.contains('\0')) {
    expected(node, name, "a name without a NUL byte");
  }
  return UserPtr<std::string>::of(std::move(text));
}

UserPtr<Timespec> ArgReader::timespec(const Node* node, std::string_view name) {
  if (node == nullptr || is_null(*node)) {
    return {};
  }
  if (is_address(*node)) {
    return UserPtr<Timespec>::bad();
  }
  const Node* sec = node->member("tv_sec");
  const Node* nsec = node->member("tv_nsec");
  if (node->kind != Kind::kStruct || sec == nullptr || nsec == nullptr) {
    expected(node, name, "{tv_sec=..., tv_nsec=...}, NULL or an address");
    return {};
  }
  return UserPtr<Timespec>::of({number(sec, "tv_sec"), number(nsec, "tv_nsec")});
}

UserPtr<MqAttr> ArgReader::mq_attr_value(const Node& node, std::string_view name) {
  MqAttr attr;
  const auto read = [&](std::string_view member, i64& into) {
    const Node* value = node.member(member);
    if (value == nullptr) {
      expected(&node, name, "a structure mq_attr with all its members");
    } else {
      into = number(value, member);
    }
  };
  const Node* flags = node.member("mq_flags");
  if (flags == nullptr) {
    expected(&node, name, "a structure mq_attr");
    return {};
  }
  const auto bits = open_flags_value(*flags);
  if (!bits) {
    expected(flags, "mq_flags", "flags of open()");
  }
  attr.mq_flags = static_cast<i64>(bits.value_or(0));
  read("mq_maxmsg", attr.mq_maxmsg);
  read("mq_msgsize", attr.mq_msgsize);
  read("mq_curmsgs", attr.mq_curmsgs);
  return UserPtr<MqAttr>::of(attr);
}

UserPtr<MqAttr> ArgReader::mq_attr(const Node* node, std::string_view name) {
  if (node == nullptr || is_null(*node)) {
    return {};
  }
  if (is_address(*node)) {
    return UserPtr<MqAttr>::bad();
  }
  return mq_attr_value(*node, name);
}

Payload ArgReader::payload(const Node* node, std::string_view name, u64 len) {
  if (node == nullptr) {
    return Payload::of_unknown(len);
  }
  if (is_address(*node) && len <= kMostUnknownBytes) {
    ++cut_strings_;
    return Payload::of_unknown(len);
  }
  if (node->kind != Kind::kString) {
    expected(node, name, "a string");
    return {};
  }
  if (node->bytes.size() > len || (!node->cut && node->bytes.size() != len)) {
    fail(fmt::format("argument {} of {} shows {} bytes; expected {}", name, call_,
                     node->bytes.size(), len));
    return {};
  }
  if (node->cut && node->bytes.size() < len) {
    ++cut_strings_;
    return Payload::of_unknown(len, node->bytes);
  }
  return Payload::of_bytes(node->bytes);
}

UserSegment ArgReader::in_buffer(const Node* node, std::string_view name, u64 len) {
  UserSegment segment{.data = {}, .len = len};
  const bool address = node != nullptr && is_address(*node);
  if (node != nullptr && (is_null(*node) || (address && (faulted_ || len > kMostUnknownBytes)))) {
    segment.mapped = 0;  // strace could not read it either
    return segment;
  }
  segment.data = payload(node, name, len);
  if (len > kMostUnknownBytes) {
    // Nobody has as much memory: the rest is not there.
    segment.data = Payload::of_unknown(kMostUnknownBytes, std::string(segment.data.stored_bytes()));
    segment.mapped = kMostUnknownBytes;
  }
  return segment;
}

OutPtr ArgReader::out_ptr(const Node* node, std::string_view name, bool faulted) {
  if (node == nullptr) {
    return OutPtr::kValid;
  }
  if (is_null(*node)) {
    return OutPtr::kNull;
  }
  if (node->kind == Kind::kExpression) {
    expected(node, name, "an address or what is behind it");
  }
  return faulted && is_bad_address(*node) ? OutPtr::kBad : OutPtr::kValid;
}

std::vector<UserSegment> ArgReader::iov(const Node* node, std::string_view name, bool fills) {
  constexpr u64 kMostBufferBytes = u64{1} << 30U;  // of a trace's payload
  std::vector<UserSegment> segments;
  if (node == nullptr) {
    return segments;
  }
  if (node->kind != Kind::kList) {
    // An address: the vector itself could not be read.
    if (is_address(*node) || is_null(*node)) {
      unsupported(fmt::format("{} with a vector that cannot be read", call_));
    } else {
      expected(node, name, "a list of buffers");
    }
    return segments;
  }
  for (const Node& item : node->items) {
    const Node* base = item.member("iov_base");
    const Node* len = item.member("iov_len");
    if (base == nullptr || len == nullptr) {
      expected(&item, name, "{iov_base=..., iov_len=...}");
      return segments;
    }
    const u64 bytes = size(len, "iov_len");
    if (bytes > kMostBufferBytes) {
      unsupported(fmt::format("{} with a buffer of {} bytes", call_, bytes));
      return segments;
    }
    if (fills) {
      segments.push_back({.data = {}, .len = bytes});
    } else {
      segments.push_back(in_buffer(base, "iov_base", bytes));
    }
  }
  return segments;
}

}  // namespace ipcsim::strace
