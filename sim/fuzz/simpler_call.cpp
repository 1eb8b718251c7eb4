#include "sim/fuzz/simpler_call.hpp"

#include <algorithm>
#include <array>
#include <type_traits>

namespace ipcsim {
namespace {

constexpr u64 kPage = 4096;

/// Carries out one of all simplifications that it passes, the one whose turn it is.
class Simplifier {
 public:
  explicit Simplifier(u32 turn) : turn_(turn) {}

  [[nodiscard]] bool done() const { return done_; }

  void field(std::string_view /*name*/, auto& value) { simplify(value); }
  void entry(MqEntry& entry) {
    if (entry == MqEntry::kIa32 && turn()) {
      entry = MqEntry::kSyscall;
    }
  }
  void in_buffer(std::string_view, std::string_view, UserSegment& segment) {
    buffer(segment, true);
  }
  void out_buffer(std::string_view, std::string_view, UserSegment& segment) {
    buffer(segment, false);
  }
  void in_iov(std::string_view, std::vector<UserSegment>& iov) {
    drop_one(iov, 1);
    for (UserSegment& segment : iov) {
      buffer(segment, true);
    }
  }
  void out_iov(std::string_view, std::vector<UserSegment>& iov) {
    drop_one(iov, 1);
    for (UserSegment& segment : iov) {
      buffer(segment, false);
    }
  }
  void page_iov(std::string_view, std::vector<PageSegment>& iov) {
    drop_one(iov, 1);
    for (PageSegment& segment : iov) {
      if (segment.offset != 0 && turn()) {
        segment.offset = 0;
      }
      buffer(segment.memory, segment.memory.data.len() > 0);
    }
  }
  void payload(std::string_view, Payload& payload) {
    u64 len = payload.len();
    number(len, 1);
    cut(payload, len);
  }
  void mode(std::string_view, u32& /*mode*/) {}
  void fcntl_arg(std::string_view, const FcntlCmd& cmd, i64& arg) {
    if (cmd.v == kFSetfl) {
      bits(arg);
    } else {
      simplify(arg);
    }
  }

 private:
  /// True exactly once: when all simplifications before have been passed.
  bool turn() {
    if (done_ || turn_-- > 0) {
      return false;
    }
    return done_ = true;
  }

  /// A size that matters is near 0, a page, or a number of pages.
  void number(u64& value, u64 least) {
    const std::array<u64, 6> smaller{least,
                                     value % kPage,
                                     value / kPage * kPage,
                                     value / 2,
                                     value > kPage ? value - kPage : least,
                                     value - 1};
    u64 result = value;
    for (const u64 one : smaller) {
      if (one < value && one >= least && turn()) {
        result = one;
      }
    }
    value = result;
  }
  static void cut(Payload& payload, u64 len) {
    if (len < payload.len()) {
      const auto pattern = payload.pattern();
      payload = pattern ? Payload::of_pattern(len, *pattern)
                        : Payload::of_bytes(payload.to_string().substr(0, len));
    }
  }
  void bits(auto& word) {
    using T = std::remove_reference_t<decltype(word)>;
    T result = word;
    for (unsigned bit = 0; bit < sizeof(T) * 8 - 1; ++bit) {
      const T mask = static_cast<T>(T{1} << bit);
      if ((word & mask) != 0 && turn()) {
        result = static_cast<T>(word & ~mask);
      }
    }
    word = result;
  }
  void buffer(UserSegment& segment, bool filled) {
    if (segment.mapped != UserSegment::kAllMapped && segment.data.len() == segment.len && turn()) {
      segment.mapped = UserSegment::kAllMapped;
    }
    u64 len = segment.len;
    number(len, 0);
    if (len == segment.len) {
      return;
    }
    segment.len = len;
    if (filled) {
      cut(segment.data, len);
    }
  }
  template <class T>
  void drop_one(std::vector<T>& list, std::size_t least) {
    for (std::size_t i = 0; list.size() > least && i < list.size(); ++i) {
      if (turn()) {
        list.erase(list.begin() + static_cast<std::ptrdiff_t>(i));
        return;
      }
    }
  }

  void simplify(u64& value) { number(value, 1); }
  void simplify(i64& value) {
    u64 size = value < 0 ? 0 : static_cast<u64>(value);
    number(size, 1);
    value = value < 0 ? value : static_cast<i64>(size);
  }
  void simplify(OpenFlags& flags) { bits(flags.v); }
  void simplify(RwFlags& flags) { bits(flags.v); }
  void simplify(SpliceFlags& flags) { bits(flags.v); }
  void simplify(SaFlags& flags) { bits(flags.v); }
  void simplify(PollEvents& events) { bits(events.v); }
  void simplify(OutPtr& pointer) {
    if (pointer != OutPtr::kValid && turn()) {
      pointer = OutPtr::kValid;
    }
  }
  template <class T>
  void simplify(UserPtr<T>& pointer) {
    if (!pointer.is_null() && turn()) {
      pointer = {};
    }
  }
  /// A name is no pointer that may be missing.
  void simplify(UserPtr<std::string>& /*name*/) {}
  void simplify(std::vector<PollFd>& fds) {
    drop_one(fds, 1);
    for (PollFd& fd : fds) {
      bits(fd.events.v);
    }
  }
  void simplify(std::vector<Signal>& set) { drop_one(set, 0); }
  void simplify(auto& /*other*/) {}

  u32 turn_;
  bool done_ = false;
};

}  // namespace

std::optional<Call> simpler_call(const Call& call, u32 n) {
  Call copy = call;
  Simplifier simplifier(n);
  visit(
      [&](auto& c) {
        using T = std::remove_reference_t<decltype(c)>;
        T::each_field(c, simplifier);
      },
      copy);
  return simplifier.done() ? std::optional(std::move(copy)) : std::nullopt;
}

}  // namespace ipcsim
