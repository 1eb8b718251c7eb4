#include "tools/host/tracer/call_text.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>

#include "sim/kernel/constants.hpp"
#include "tools/host/tracer/struct_text.hpp"

namespace ipcsim::host {
namespace {

constexpr u64 kCreates = 0100 | 020000000;  // O_CREAT, and what makes O_TMPFILE

/// Renders one call; a member function a kind of argument.
class Renderer {
 public:
  Renderer(const TracedCall& call, const RecordView& begin, const RecordView* end)
      : call_(call), begin_(begin), end_(end) {}

  CallText run(std::string_view last_name) {
    CallText text;
    const std::vector<Piece> pieces = pieces_of(call_.args);
    const std::size_t count = shown_arguments();
    bool known = true;
    for (at_ = 0; at_ < count; ++at_) {
      const char letter = call_.args[at_];
      tag_ = static_cast<u32>(std::ranges::find(pieces, at_, &Piece::arg) - pieces.begin());
      known = known && std::string_view("BVIUZRSXHEiOWc").find(letter) == std::string_view::npos;
      text.args.push_back(argument(letter));
      text.known_at_entry += known ? 1 : 0;
    }
    if (call_.name == "restart_syscall") {
      text.args = {fmt::format("<... resuming interrupted {} ...>", last_name)};
      text.known_at_entry = 1;
    } else if (call_.name == "clone") {
      name_clone(text);
    } else if (call_.name == "rt_sigreturn") {
      text.args.front() = fmt::format("{{mask={}}}", text.args.front());
    }
    if (end_ != nullptr) {
      text.result = result();
    }
    return text;
  }

 private:
  [[nodiscard]] i64 value(std::size_t at) const { return begin_.head().value[at]; }
  [[nodiscard]] i64 returned() const { return end_ == nullptr ? -1 : end_->head().value[0]; }
  /// A piece that the call reads: as it was at the beginning, or failing that at the end.
  [[nodiscard]] std::optional<Bytes> given(u32 tag) const {
    auto piece = begin_.piece(tag);
    return piece || end_ == nullptr ? piece : end_->piece(tag);
  }
  [[nodiscard]] std::optional<Bytes> filled(u32 tag) const {
    return end_ == nullptr ? std::nullopt : end_->piece(tag);
  }

  /// A mode that is given to a call that makes no file is whatever a register held.
  [[nodiscard]] std::size_t shown_arguments() const {
    const std::size_t flags_at = call_.args.find('y');
    const bool opens = call_.name == "open" || call_.name == "openat" || call_.name == "mq_open";
    if (opens && (static_cast<u64>(value(flags_at)) & kCreates) == 0) {
      return flags_at + 1;
    }
    return call_.args.size();
  }

  std::string argument(char letter) {
    const i64 v = value(at_);
    const auto u = static_cast<u64>(v);
    switch (letter) {
      case 'd':
        return fmt::format("{}", static_cast<i32>(v));
      case 'l':
        return fmt::format("{}", v);
      case 'u':
        return fmt::format("{}", u);
      case 'x':
        return hex(u & 0xffff'ffffU);
      case 'o':
        return octal(u & 0xffff'ffffU);
      case 'p':
        return address(v);
      case 'f':
        return descriptor(static_cast<i32>(v));
      case 'y':
        return flag_names(u & 0xffff'ffffU, open_flag_names());
      case 'Y':
        return one_of(u & 0xffff'ffffU, rlimit_names());
      case 'z':
        return clone_text(u);
      case 'F':
        return one_of(u & 0xffff'ffffU, fcntl_names());
      case 'k':
        return fcntl_argument(v);
      case 's':
      case 'q':
        return path();
      case 'b':
        return bytes_given();
      case 'B':
        return bytes_filled();
      case 'v':
      case 'V':
        return vector(letter == 'V');
      case 'i':
        return int_behind();
      case 'O':
        return offset();
      case 'I':
        return pair();
      default:
        return structure(letter);
    }
  }

  [[nodiscard]] std::string descriptor(i32 fd) const {
    constexpr u32 kPipefsMagic = 0x50495045;  // a FIFO is elsewhere, and nothing tells its name
    const RecordHead& head = begin_.head();
    const bool pipe = at_ == 0 && head.magic == kPipefsMagic;
    return pipe ? fmt::format("{}<pipe:[{}]>", fd, head.inode) : fmt::format("{}", fd);
  }

  [[nodiscard]] std::string fcntl_argument(i64 v) const {
    constexpr i64 kSetfl = 4;
    return value(1) == kSetfl ? flag_names(static_cast<u64>(v), open_flag_names())
                              : fmt::format("{}", v);
  }

  [[nodiscard]] std::string path() const {
    const auto piece = given(tag_);
    if (!piece || piece->empty()) {
      return address(value(at_));
    }
    const bool whole = piece->back() == std::byte{0};
    return quoted(piece->first(piece->size() - (whole ? 1 : 0))) + (whole ? "" : "...");
  }

  [[nodiscard]] std::string string(std::optional<Bytes> piece, u64 length, i64 where) const {
    if (length == 0 && where != 0) {
      return "\"\"";
    }
    if (!piece) {
      return address(where);
    }
    const Bytes shown = piece->first(std::min<u64>(piece->size(), length));
    return quoted(shown) + (shown.size() < length ? "..." : "");
  }

  [[nodiscard]] std::string bytes_given() const {
    return string(given(tag_), static_cast<u64>(value(at_ + 1)), value(at_));
  }
  [[nodiscard]] std::string bytes_filled() const {
    if (returned() < 0) {
      return address(value(at_));
    }
    const auto length = static_cast<u64>(returned());
    const bool counts_nul = call_.name == "getcwd" && length > 0;
    return string(filled(tag_), length - (counts_nul ? 1 : 0), value(at_));
  }

  [[nodiscard]] std::string vector(bool fills) const {
    const auto list = fills ? filled(tag_) : given(tag_);
    if (!list) {
      return address(value(at_));
    }
    u64 left = fills ? static_cast<u64>(std::max<i64>(returned(), 0)) : ~u64{0};
    std::string text = "[";
    for (u32 i = 0; (i + 1) * std::size_t{16} <= list->size(); ++i) {
      const u64 len = get<u64>(*list, i * std::size_t{16} + 8);
      const u64 here = std::min(len, left);
      left -= here;
      const u32 tag = tag_ + kBufferTag * (i + 1);
      auto piece = fills ? filled(tag) : given(tag);
      if (!piece && here > 0) {
        piece = Bytes{};  // not recorded: cut to nothing
      }
      text += fmt::format("{}{{iov_base={}, iov_len={}}}", i == 0 ? "" : ", ",
                          string(piece, here, get<i64>(*list, i * std::size_t{16})), len);
    }
    return text + "]";
  }

  [[nodiscard]] std::string int_behind() const {
    constexpr i64 kFionbio = 0x5421;
    constexpr i64 kFioasync = 0x5452;
    const bool read = value(1) == kFionbio || value(1) == kFioasync;
    const auto piece = read ? given(tag_) : filled(tag_);
    const bool known = name_of(ioctl_names(), static_cast<u64>(value(1)) & 0xffff'ffffU) && piece &&
                       returned() >= 0;
    return known ? fmt::format("[{}]", get<i32>(*piece, 0)) : address(value(at_));
  }

  [[nodiscard]] std::string offset() const {
    const auto before = given(tag_);
    const auto after = filled(tag_);
    if (!before) {
      return address(value(at_));
    }
    const i64 from = get<i64>(*before, 0);
    const i64 to = after ? get<i64>(*after, 0) : from;
    return from == to ? fmt::format("[{}]", from) : fmt::format("[{}] => [{}]", from, to);
  }

  [[nodiscard]] std::string pair() const {
    const auto piece = filled(tag_);
    if (!piece) {
      return address(value(at_));
    }
    const bool pipe = call_.name.starts_with("pipe") && end_->head().inode != 0;
    const std::string name = pipe ? fmt::format("<pipe:[{}]>", end_->head().inode) : "";
    return fmt::format("[{}{}, {}{}]", get<i32>(*piece, 0), name, get<i32>(*piece, 4), name);
  }

  std::string structure(char letter) {
    const bool fills = std::string_view("UZRSXHEW").find(letter) != std::string_view::npos;
    const auto piece = fills ? filled(tag_) : given(tag_);
    if (!piece) {
      return address(value(at_));
    }
    const Bytes b = *piece;
    switch (letter) {
      case 'm':
        return signals_text(b);
      case '3':
        return set_text(b, 0);
      case 'P':
        return polled(b, false);
      case '6':
        return masked(b);
      case 't':
        return fmt::format("{{tv_sec={}, tv_nsec={}}}", get<i64>(b, 0), get<i64>(b, 8));
      case 'T':
        return fmt::format("{{tv_sec={}, tv_usec={}}}", get<i64>(b, 0), get<i64>(b, 8));
      case 'r':
      case 'R':
        return fmt::format("{{rlim_cur={}, rlim_max={}}}", get<u64>(b, 0), get<u64>(b, 8));
      case 'a':
        return fmt::format("{{sa_handler={}, sa_mask=[], sa_flags={}}}", hex(get<u64>(b, 0)),
                           hex(get<u64>(b, 8)));
      case 'e':
        return event_text(b);
      case 'E':
        return events(b);
      case 'A':
      case 'Z':
        return attr_text(b);
      case 'U':
      case 'W':
        return fmt::format("[{}]", get<u32>(b, 0));
      case 'n':
        return sigevent_text(b);
      case 'S':
        return fmt::format("{{st_mode={}}}", octal(get<u32>(b, 24)));
      case 'X':
        return fmt::format("{{stx_mode={}}}", octal(get<u16>(b, 28)));
      case 'h':
      case 'H':
        return message(letter == 'H');
      case 'c':
        return clone_args(b);
      case 'w':
        return fmt::format("{{flags={}, mode={}}}", flag_names(get<u64>(b, 0), open_flag_names()),
                           octal(get<u64>(b, 8)));
      case 'G':
        return numbers(b);
      default:
        return address(value(at_));
    }
  }

  /// The list of struct pollfd that poll() is asked, or what it answers.
  static std::string polled(Bytes b, bool answers) {
    std::string text = "[";
    for (std::size_t at = 0; at + 8 <= b.size(); at += 8) {
      const u32 events = get<u16>(b, at + (answers ? 6 : 4));
      if (answers && events == 0) {
        continue;
      }
      text += fmt::format("{}{{fd={}, {}={}}}", text.size() == 1 ? "" : ", ", get<i32>(b, at),
                          answers ? "revents" : "events", hex(events));
    }
    return text + "]";
  }

  [[nodiscard]] std::string masked(Bytes b) const {
    const auto mask = given(tag_ | kInnerTag);
    return mask ? fmt::format("{{sigmask={}, sigsetsize={}}}", signals_text(*mask), get<u64>(b, 8))
                : fmt::format("{{sigmask={}, sigsetsize={}}}", address(get<i64>(b, 0)),
                              get<u64>(b, 8));
  }

  static std::string events(Bytes b) {
    std::string text = "[";
    for (std::size_t at = 0; at + 12 <= b.size(); at += 12) {
      text += (at == 0 ? "" : ", ") + event_text(b.subspan(at, 12));
    }
    return text + "]";
  }

  static std::string numbers(Bytes b) {
    std::string text = "[";
    for (std::size_t at = 0; at + 4 <= b.size(); at += 4) {
      text += fmt::format("{}{}", at == 0 ? "" : ", ", get<u32>(b, at));
    }
    return text + "]";
  }

  [[nodiscard]] std::string message(bool fills) const {
    const auto control = fills ? filled(tag_ | kInnerTag) : given(tag_ | kInnerTag);
    return control && !control->empty() ? fmt::format("{{msg_control={}}}", control_text(*control))
                                        : "{msg_controllen=0}";
  }

  [[nodiscard]] std::string clone_args(Bytes b) const {
    constexpr u64 kClonePidfd = 0x1000;
    const u64 flags = get<u64>(b, 0);
    const auto pidfd = filled(tag_ | kInnerTag);
    std::string text =
        fmt::format("{{flags={}, exit_signal={}}}", clone_text(flags), get<u64>(b, 32));
    if ((flags & kClonePidfd) != 0 && pidfd && returned() > 0) {
      text += fmt::format(" => {{pidfd=[{}]}}", get<i32>(*pidfd, 0));
    }
    return text;
  }

  /// clone() has its arguments with names; the descriptor of CLONE_PIDFD stands where the parent's
  /// copy of the number would.
  void name_clone(CallText& text) const {
    constexpr u64 kClonePidfd = 0x1000;
    const bool pidfd = (static_cast<u64>(value(0)) & kClonePidfd) != 0;
    text.args = {fmt::format("flags={}", text.args[0]), fmt::format("child_stack={}", text.args[1]),
                 fmt::format("parent_tid={}", pidfd ? text.args[2] : address(value(2)))};
    text.known_at_entry = pidfd ? 2 : 3;
  }

  [[nodiscard]] std::string result() const {
    struct Restart {
      i64 code;
      std::string_view text;
    };
    constexpr std::array kRestarts = std::to_array<Restart>({
        {-512, "? ERESTARTSYS (To be restarted if SA_RESTART is set)"},
        {-513, "? ERESTARTNOINTR (To be restarted)"},
        {-514, "? ERESTARTNOHAND (To be restarted if no handler)"},
        {-516, "? ERESTART_RESTARTBLOCK (Interrupted by signal)"},
    });
    constexpr i64 kMostErrno = 4095;
    const i64 ret = returned();
    if (ret >= 0 || ret < -kMostErrno) {
      return fmt::format("{}{}", ret, details());
    }
    if (const auto* row = std::ranges::find(kRestarts, ret, &Restart::code);
        row != kRestarts.end()) {
      return std::string(row->text);
    }
    const char* name = ::strerrorname_np(static_cast<int>(-ret));
    return name == nullptr
               ? fmt::format("-1 (errno {})", -ret)
               : fmt::format("-1 {} ({})", name, ::strerrordesc_np(static_cast<int>(-ret)));
  }

  /// What poll() and select() say behind their result.
  [[nodiscard]] std::string details() const {
    const bool poll = call_.args.starts_with('P');
    const bool select = call_.args.starts_with("d333");
    if ((poll || select) && returned() == 0) {
      return " (Timeout)";
    }
    if (poll) {
      const auto answered = filled(0);
      return answered ? fmt::format(" ({})", polled(*answered, true)) : "";
    }
    if (!select) {
      return "";
    }
    constexpr std::array kNames = std::to_array<std::string_view>({"in", "out", "except"});
    std::string text;
    for (u32 i = 0; i < kNames.size(); ++i) {
      const auto set = filled(i);
      if (const std::string list = set ? set_text(*set, 0) : "[]"; list != "[]") {
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", kNames[i], list);
      }
    }
    return text.empty() ? "" : fmt::format(" ({})", text);
  }

  const TracedCall& call_;
  const RecordView& begin_;
  const RecordView* end_;
  std::size_t at_ = 0;
  u32 tag_ = 0;
};

}  // namespace

CallText call_text(const TracedCall& call, const RecordView& begin, const RecordView* end,
                   std::string_view last_name) {
  return Renderer(call, begin, end).run(last_name);
}

}  // namespace ipcsim::host
