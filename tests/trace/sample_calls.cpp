#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <type_traits>
#include <utility>

#include "sim/trace/call_json.hpp"
#include "sim/trace/names_json.hpp"
#include "tests/trace/samples.hpp"

namespace ipcsim {
namespace {

constexpr std::size_t kCalls = Call::kSize;

// Also bytes that are no UTF-8, but no NUL.
std::string random_name(Random& random) {
  std::string name = random_text(random);
  if (random.one_in(8)) {
    name += "\xff\xfe";
  }
  return name;
}

std::string random_bytes(Random& random, u64 len) {
  std::string bytes;
  for (u64 i = 0; i < len; ++i) {
    bytes += static_cast<char>(random.below(256));
  }
  return bytes;
}

u64 random_flags(Random& random, const FlagWord& word) {
  u64 bits = 0;
  for (u64 n = random.below(4); n > 0; --n) {
    bits |= word.names[random.below(word.names.size())].number;
  }
  return random.one_in(8) ? bits | (random.next() & word.max) : bits;
}

u32 random_named(Random& random, std::span<const NamedNumber> names) {
  return static_cast<u32>(names[random.below(names.size())].number);
}

UserSegment random_in_segment(Random& random) {
  UserSegment segment{random_payload(random), 0, UserSegment::kAllMapped};
  segment.len = segment.data.len();
  switch (random.below(4)) {
    case 0:  // a page is missing, perhaps the first
      segment.mapped = random.below(segment.len + 1);
      segment.len = random_number<u64>(random);
      break;
    case 1:
      segment.len = random.below(segment.len + 1);
      break;
    default:
      break;
  }
  return segment;
}

UserSegment random_out_segment(Random& random) {
  return {{},
          random_number<u64>(random),
          random.one_in(3) ? random_number<u64>(random) : UserSegment::kAllMapped};
}

PageSegment random_page_segment(Random& random) {
  PageSegment segment;
  switch (random.below(3)) {
    case 0:
      segment.memory = random_in_segment(random);
      break;
    case 1:
      segment.memory = random_out_segment(random);
      break;
    default:
      segment.memory.data = random_payload(random);
      segment.memory.len = segment.memory.data.len() + random.below(100);
      segment.page = "A" + random_name(random);
      segment.offset = static_cast<u32>(random.below(5000));
      break;
  }
  return segment;
}

template <class T>
std::vector<T> random_list(Random& random, auto&& make) {
  std::vector<T> items;
  for (u64 n = random.below(4); n > 0; --n) {
    items.push_back(make(random));
  }
  return items;
}

struct Filler {
  Random& random;

  void field(std::string_view /*name*/, Fd& out) const { out.v = random_number<i32>(random); }
  void field(std::string_view name, TaskId& out) const {
    out.v = static_cast<u32>(random.below(kMostTask + 1));
    if (name == "child" && out.v == 0) {
      out.v = 1;
    }
  }
  void field(std::string_view /*name*/, u64& out) const { out = random_number<u64>(random); }
  void field(std::string_view /*name*/, u32& out) const { out = random_number<u32>(random); }
  void field(std::string_view /*name*/, i32& out) const { out = random_number<i32>(random); }
  void field(std::string_view /*name*/, i64& out) const { out = random_number<i64>(random); }
  template <class Tag, class Rep>
    requires requires(Strong<Tag, Rep> word) { flag_word(word); }
  void field(std::string_view /*name*/, Strong<Tag, Rep>& out) const {
    out.v = static_cast<Rep>(random_flags(random, flag_word(out)));
  }
  template <class Tag>
    requires requires(Strong<Tag, u32> number) { names_of(number); }
  void field(std::string_view /*name*/, Strong<Tag, u32>& out) const {
    out.v = random.one_in(4) ? random_number<u32>(random) : random_named(random, names_of(out));
  }
  template <class Enum>
    requires std::is_enum_v<Enum> && requires(Enum e) { names_of(e); }
  void field(std::string_view /*name*/, Enum& out) const {
    out = static_cast<Enum>(random_named(random, names_of(out)));
  }
  void field(std::string_view /*name*/, std::string& out) const { out = random_name(random); }
  void field(std::string_view /*name*/, Payload& out) const { out = random_payload(random); }
  void field(std::string_view /*name*/, MqAttr& out) const {
    for (i64* member : {&out.mq_flags, &out.mq_maxmsg, &out.mq_msgsize, &out.mq_curmsgs}) {
      *member = random.one_in(2) ? random_number<i64>(random) : 0;
    }
  }
  void field(std::string_view /*name*/, Timespec& out) const {
    out = {random_number<i64>(random), random_number<i64>(random)};
  }
  void field(std::string_view /*name*/, Timeval& out) const {
    out = {random_number<i64>(random), random_number<i64>(random)};
  }
  void field(std::string_view name, EpollEvent& out) const {
    field(name, out.events);
    field(name, out.data);
  }
  void field(std::string_view name, OwnerEx& out) const {
    field(name, out.type);
    field(name, out.pid);
  }
  void field(std::string_view /*name*/, std::vector<Fd>& out) const {
    out = random_list<Fd>(random, [](Random& r) { return Fd{static_cast<i32>(r.below(1000))}; });
  }
  void field(std::string_view name, SigEvent& out) const {
    field(name, out.sigev_notify);
    out.sigev_signo = random_number<i32>(random);
    out.sigev_value = random_number<u64>(random);
    out.cookie = {};
    if (random.one_in(3)) {
      out.cookie = UserPtr<Payload>::of(Payload::of_bytes(random_bytes(random, kNotifyCookieLen)));
    } else if (random.one_in(3)) {
      out.cookie = UserPtr<Payload>::bad();
    }
  }
  template <class T>
  void field(std::string_view name, UserPtr<T>& out) const {
    out = {};
    if (random.one_in(4)) {
      out = UserPtr<T>::bad();
    } else if (!random.one_in(3)) {
      out.kind = UserPtr<T>::Kind::kValue;
      field(name, out.value);
    }
  }
  void field(std::string_view /*name*/, OutPtr& out) const {
    out = static_cast<OutPtr>(random.below(3));
  }
  void field(std::string_view name, std::vector<PollFd>& out) const {
    out = random_list<PollFd>(random, [&](Random& /*same*/) {
      PollFd row;
      field(name, row.fd);
      field(name, row.events);
      return row;
    });
  }
  void field(std::string_view /*name*/, std::vector<Signal>& out) const {
    out = random_list<Signal>(
        random, [](Random& r) { return Signal{static_cast<u32>(1 + r.below(kMostSignal))}; });
  }
  void field(std::string_view /*name*/, Caps& out) const { out.bits = random_number<u64>(random); }
  void field(std::string_view /*name*/, std::vector<u32>& out) const {
    out = random_list<u32>(random, random_number<u32>);
  }
  void entry(MqEntry& out) const { out = static_cast<MqEntry>(random.below(3)); }
  void mode(std::string_view /*name*/, u32& out) const { out = random_number<u32>(random); }
  void fcntl_arg(std::string_view /*name*/, FcntlCmd cmd, i64& out) const {
    const FlagWord word = cmd.v == kFSetfd ? flag_word(FdFlags{}) : flag_word(OpenFlags{});
    out = random.one_in(2) ? static_cast<i64>(random_flags(random, word))
                           : random_number<i64>(random);
  }
  void in_buffer(std::string_view /*pointer*/, std::string_view /*length*/,
                 UserSegment& out) const {
    out = random_in_segment(random);
  }
  void out_buffer(std::string_view /*pointer*/, std::string_view /*length*/,
                  UserSegment& out) const {
    out = random_out_segment(random);
  }
  void page_iov(std::string_view /*name*/, std::vector<PageSegment>& out) const {
    out = random_list<PageSegment>(random, random_page_segment);
  }
  void payload(std::string_view /*name*/, Payload& out) const { out = random_payload(random); }
  void in_iov(std::string_view /*name*/, std::vector<UserSegment>& out) const {
    out = random_list<UserSegment>(random, random_in_segment);
  }
  void out_iov(std::string_view /*name*/, std::vector<UserSegment>& out) const {
    out = random_list<UserSegment>(random, random_out_segment);
  }
};

template <std::size_t... I>
Call call_at(Random& random, std::size_t index, std::index_sequence<I...> /*all*/) {
  Call call;
  const auto fill = [&]<std::size_t K>() {
    using C = Call::Alternative<K>;
    if (index == K) {
      C filled;
      C::each_field(filled, Filler{random});
      call = std::move(filled);
    }
  };
  (fill.template operator()<I>(), ...);
  return call;
}

}  // namespace

std::string random_text(Random& random) {
  constexpr std::array<std::string_view, 12> kPieces{
      "a", "fifo", "/tmp/x", "\"", "\\", " ", "\n", "\t", "\xc3\xa4", "\xe2\x82\xac", "\x01", "}"};
  std::string text;
  for (u64 n = random.below(6); n > 0; --n) {
    text += kPieces[random.below(kPieces.size())];
  }
  return text;
}

MqAttr random_attr(Random& random) {
  MqAttr attr;
  Filler{random}.field("attr", attr);
  return attr;
}

PollEvents random_poll_events(Random& random) {
  PollEvents events;
  Filler{random}.field("events", events);
  return events;
}

Payload random_payload(Random& random) {
  switch (random.below(7)) {
    case 0:
      return Payload::of_bytes(random_text(random));
    case 1:
      return Payload::of_bytes(random_bytes(random, random.below(40)));
    case 2:
      return Payload::of_pattern(random.below(70000), static_cast<u8>(random.below(251)));
    case 3: {
      const Payload pattern = Payload::of_pattern(40 + random.below(100), 3);
      return Payload::of_bytes(pattern.to_string());
    }
    case 4:
      return Payload::of_unknown(random.below(5000));
    case 5: {
      std::string prefix = random_bytes(random, random.below(20));
      const u64 len = prefix.size() + random.below(100);
      return Payload::of_unknown(len, prefix);
    }
    default:
      return {};
  }
}

Call random_call(Random& random, std::size_t index) {
  return call_at(random, index, std::make_index_sequence<kCalls>{});
}

}  // namespace ipcsim
