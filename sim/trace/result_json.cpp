// "ret", "errno" and "out".
#include <algorithm>
#include <array>
#include <limits>
#include <type_traits>
#include <utility>

#include "model/base/check.hpp"
#include "sim/trace/call_json.hpp"
#include "sim/trace/names_json.hpp"
#include "sim/trace/payload_json.hpp"

namespace ipcsim {
namespace {

void read_two(JsonReader& out, std::string_view key, PipeFds& fds) {
  constexpr std::string_view kExpected = "a list of two descriptors";
  const JsonValue::List* list = out.need_list(key, kExpected);
  if (list == nullptr) {
    return;
  }
  if (list->size() != 2) {
    out.report(
        fmt::format("\"{}\" has {} items, expected {}", out.path(key), list->size(), kExpected));
    return;
  }
  constexpr i32 kMost = std::numeric_limits<i32>::max();
  out.integer_of(indexed(key, 0), (*list)[0], fds.read.v, 0, kMost);
  out.integer_of(indexed(key, 1), (*list)[1], fds.write.v, 0, kMost);
}

void read_output(JsonReader& out, PipeFds& fds) { read_two(out, "pipefd", fds); }

void read_bytes(JsonReader& out, std::string_view key, Payload& payload) {
  if (const JsonValue* value = out.need(key, "the bytes")) {
    read_payload(out, key, *value, payload);
  }
}

void read_output(JsonReader& out, ReadBytes& bytes) { read_bytes(out, "buf", bytes.buf); }

void read_output(JsonReader& out, ReceivedMessage& message) {
  read_bytes(out, "msg_ptr", message.msg);
  if (out.has("msg_prio")) {
    out.integer("msg_prio", message.msg_prio.emplace());
  }
}

void read_output(JsonReader& out, MqAttr& attr) {
  if (const JsonValue* value = out.need("oldattr", "an object")) {
    read_attr(out, "oldattr", *value, attr);
  }
}

void read_output(JsonReader& out, IntOut& number) { out.need_integer("arg", number.value); }

void read_output(JsonReader& out, Offsets& offsets) {
  constexpr std::array<std::string_view, 3> kKeys{"off_in", "off_out", "offset"};
  const std::array members{&offsets.off_in, &offsets.off_out, &offsets.offset};
  for (std::size_t i = 0; i < kKeys.size(); ++i) {
    if (out.has(kKeys[i])) {
      out.integer(kKeys[i], members[i]->emplace());
    }
  }
  if (!offsets.any()) {
    out.report("\"out\" is empty, expected one of off_in, off_out, offset");
  }
}

void read_output(JsonReader& out, Revents& events) {
  const JsonValue::List* list = out.need_list("revents", "a list of event lists");
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    PollEvents& row = events.revents.emplace_back();
    u64 bits = 0;
    read_flags(out, indexed("revents", i), (*list)[i], flag_word(row), bits);
    row.v = static_cast<u32>(bits);
  }
}

void read_output(JsonReader& out, StatOut& stat) {
  out.integer("st_ino", stat.ino);
  if (const JsonValue* value = out.find("st_mode")) {
    read_mode(out, "st_mode", *value, stat.mode);
  }
  out.integer("st_nlink", stat.nlink);
  out.integer("st_uid", stat.uid);
  out.integer("st_gid", stat.gid);
  out.integer("st_size", stat.size);
  out.integer("st_blksize", stat.blksize);
  out.integer("st_blocks", stat.blocks);
  if (const JsonValue* value = out.find("changed")) {
    u64 bits = 0;
    read_flags(out, "changed", *value, flag_word(stat.changed), bits);
    stat.changed.v = static_cast<u32>(bits);
  }
}

void read_output(JsonReader& out, StatfsOut& statfs) {
  out.need_integer("f_type", statfs.type);
  out.need_integer("f_bsize", statfs.bsize);
}

void read_output(JsonReader& out, IdsOut& ids) {
  out.need_integer("real", ids.real);
  out.need_integer("effective", ids.effective);
  out.need_integer("saved", ids.saved);
}

void read_output(JsonReader& out, ValueOut& value) { out.need_integer("value", value.value); }

void read_output(JsonReader& out, SocketFds& sockets) {
  PipeFds fds;
  read_two(out, "sv", fds);
  sockets = {fds.read, fds.write};
}

void read_output(JsonReader& out, ReceivedRights& received) {
  if (out.has("buf")) {
    read_bytes(out, "buf", received.buf);
  }
  const JsonValue::List* list =
      out.has("rights") ? out.need_list("rights", "a list of descriptors") : nullptr;
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    out.integer_of(indexed("rights", i), (*list)[i], received.rights.emplace_back().v, 0,
                   std::numeric_limits<i32>::max());
  }
}

void read_set(JsonReader& out, std::string_view key, std::optional<std::vector<Fd>>& set) {
  if (const JsonValue* value = out.find(key)) {
    read_fds(out, key, *value, set.emplace());
  }
}

void read_output(JsonReader& out, SelectedFds& sets) {
  read_set(out, "readfds", sets.readfds);
  read_set(out, "writefds", sets.writefds);
  read_set(out, "exceptfds", sets.exceptfds);
}

void read_output(JsonReader& out, EpollEventList& events) {
  const JsonValue::List* list = out.need_list("events", "a list of events");
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    read_epoll_event(out, indexed("events", i), (*list)[i], events.events.emplace_back());
  }
}

void read_output(JsonReader& out, OwnerEx& owner) {
  if (const JsonValue* value = out.need("owner", "an object")) {
    read_owner(out, "owner", *value, owner);
  }
}

// Which of the outputs a call has.
template <class C>
struct OutputOf : std::type_identity<std::monostate> {};
template <>
struct OutputOf<Pipe2Call> : std::type_identity<PipeFds> {};
template <>
struct OutputOf<ReadCall> : std::type_identity<ReadBytes> {};
template <>
struct OutputOf<ReadvCall> : std::type_identity<ReadBytes> {};
template <>
struct OutputOf<VmspliceCall> : std::type_identity<ReadBytes> {};
template <>
struct OutputOf<SpliceCall> : std::type_identity<Offsets> {};
template <>
struct OutputOf<SendfileCall> : std::type_identity<Offsets> {};
template <>
struct OutputOf<Pread64Call> : std::type_identity<ReadBytes> {};
template <>
struct OutputOf<PreadvCall> : std::type_identity<ReadBytes> {};
template <>
struct OutputOf<Preadv2Call> : std::type_identity<ReadBytes> {};
template <>
struct OutputOf<MqTimedreceiveCall> : std::type_identity<ReceivedMessage> {};
template <>
struct OutputOf<MqGetsetattrCall> : std::type_identity<MqAttr> {};
template <>
struct OutputOf<IoctlCall> : std::type_identity<IntOut> {};
template <>
struct OutputOf<PollCall> : std::type_identity<Revents> {};
template <>
struct OutputOf<PpollCall> : std::type_identity<Revents> {};
template <>
struct OutputOf<SelectCall> : std::type_identity<SelectedFds> {};
template <>
struct OutputOf<Pselect6Call> : std::type_identity<SelectedFds> {};
template <>
struct OutputOf<EpollWaitCall> : std::type_identity<EpollEventList> {};
template <>
struct OutputOf<EpollPwaitCall> : std::type_identity<EpollEventList> {};
template <>
struct OutputOf<EpollPwait2Call> : std::type_identity<EpollEventList> {};
template <>
struct OutputOf<FcntlCall> : std::type_identity<OwnerEx> {};

template <>
struct OutputOf<ReadlinkCall> : std::type_identity<ReadBytes> {};
template <>
struct OutputOf<FstatCall> : std::type_identity<StatOut> {};
template <>
struct OutputOf<StatCall> : std::type_identity<StatOut> {};
template <>
struct OutputOf<FstatfsCall> : std::type_identity<StatfsOut> {};
template <>
struct OutputOf<GetresuidCall> : std::type_identity<IdsOut> {};
template <>
struct OutputOf<GetresgidCall> : std::type_identity<IdsOut> {};
template <>
struct OutputOf<SysctlCall> : std::type_identity<ValueOut> {};
template <>
struct OutputOf<SocketpairCall> : std::type_identity<SocketFds> {};
template <>
struct OutputOf<RecvmsgCall> : std::type_identity<ReceivedRights> {};
template <>
struct OutputOf<RecvfromCall> : std::type_identity<ReadBytes> {};

template <class C>
Output read_one(JsonReader& in, const JsonValue& value) {
  typename OutputOf<C>::type output{};
  if constexpr (std::is_same_v<decltype(output), std::monostate>) {
    in.report(fmt::format("\"out\" has no place here, as {} hands nothing out", C::kName));
  } else if (auto object = in.inside("out", value, "an object with what the call handed out")) {
    read_output(*object, output);
    object->close();
  }
  return output;
}

template <std::size_t... I>
constexpr auto make_readers(std::index_sequence<I...> /*all*/) {
  return std::array{&read_one<std::variant_alternative_t<I, Call>>...};
}
constexpr auto kReaders = make_readers(std::make_index_sequence<std::variant_size_v<Call>>{});

struct WriteOutput {
  JsonObjectText& out;

  void operator()(std::monostate /*nothing*/) const {}
  void operator()(const PipeFds& fds) const {
    out.json("pipefd", fmt::format("[{},{}]", fds.read.v, fds.write.v));
  }
  void operator()(const ReadBytes& bytes) const { out.json("buf", payload_json(bytes.buf)); }
  void operator()(const ReceivedMessage& message) const {
    out.json("msg_ptr", payload_json(message.msg));
    if (message.msg_prio) {
      out.number("msg_prio", *message.msg_prio);
    }
  }
  void operator()(const MqAttr& attr) const { out.json("oldattr", attr_json(attr)); }
  void operator()(const IntOut& number) const { out.number("arg", number.value); }
  void operator()(const Offsets& offsets) const {
    const auto add = [&](std::string_view key, const std::optional<i64>& offset) {
      if (offset) {
        out.number(key, *offset);
      }
    };
    add("off_in", offsets.off_in);
    add("off_out", offsets.off_out);
    add("offset", offsets.offset);
  }
  void operator()(const StatOut& stat) const {
    out.number("st_ino", stat.ino).json("st_mode", mode_json(stat.mode));
    out.number("st_nlink", stat.nlink).number("st_uid", stat.uid).number("st_gid", stat.gid);
    out.number("st_size", stat.size).number("st_blksize", stat.blksize);
    out.number("st_blocks", stat.blocks);
    if (stat.changed.v != 0) {
      out.json("changed", flags_json(flag_word(stat.changed), stat.changed.v));
    }
  }
  void operator()(const StatfsOut& statfs) const {
    out.number("f_type", statfs.type).number("f_bsize", statfs.bsize);
  }
  void operator()(const IdsOut& ids) const {
    out.number("real", ids.real).number("effective", ids.effective).number("saved", ids.saved);
  }
  void operator()(const ValueOut& value) const { out.number("value", value.value); }
  void operator()(const SocketFds& fds) const {
    out.json("sv", fmt::format("[{},{}]", fds.first.v, fds.second.v));
  }
  void operator()(const ReceivedRights& received) const {
    out.json("buf", payload_json(received.buf));
    std::vector<std::string> items;
    for (const Fd fd : received.rights) {
      items.push_back(fmt::format("{}", fd.v));
    }
    if (!items.empty()) {
      out.json("rights", json_list(items));
    }
  }
  void operator()(const SelectedFds& sets) const {
    const auto write = [&](std::string_view key, const std::optional<std::vector<Fd>>& set) {
      if (set) {
        out.json(key, fds_json(*set));
      }
    };
    write("readfds", sets.readfds);
    write("writefds", sets.writefds);
    write("exceptfds", sets.exceptfds);
  }
  void operator()(const EpollEventList& events) const {
    std::vector<std::string> items;
    for (const EpollEvent& event : events.events) {
      items.push_back(epoll_event_json(event));
    }
    out.json("events", json_list(items));
  }
  void operator()(const OwnerEx& owner) const { out.json("owner", owner_json(owner)); }
  void operator()(const Revents& events) const {
    std::vector<std::string> items;
    for (const PollEvents row : events.revents) {
      items.push_back(flags_json(flag_word(row), row.v));
    }
    out.json("revents", json_list(items));
  }
};

std::optional<std::string> length_contradiction(const SysResult& result, std::string_view key,
                                                u64 len) {
  if (std::cmp_equal(result.ret, len)) {
    return std::nullopt;
  }
  return fmt::format("\"ret\" is {}, but \"out.{}\" has {} bytes", result.ret, key, len);
}

std::optional<std::string> child_contradiction(TaskId child, const SysResult& result) {
  if (result.error != Errno::kOk || std::cmp_equal(result.ret, child.v)) {
    return std::nullopt;
  }
  return fmt::format("\"ret\" is {}, expected the child's number, {}", result.ret, child.v);
}

// One overload for each call whose result can contradict it.
struct Contradiction {
  const SysResult& result;

  std::optional<std::string> operator()(const auto& /*call*/) const { return std::nullopt; }
  std::optional<std::string> operator()(const ReadCall& /*call*/) const { return read_length(); }
  std::optional<std::string> operator()(const ReadvCall& /*call*/) const { return read_length(); }
  std::optional<std::string> operator()(const Pread64Call& /*call*/) const { return read_length(); }
  std::optional<std::string> operator()(const PreadvCall& /*call*/) const { return read_length(); }
  std::optional<std::string> operator()(const Preadv2Call& /*call*/) const { return read_length(); }
  std::optional<std::string> operator()(const MqTimedreceiveCall& /*call*/) const {
    const auto* message = std::get_if<ReceivedMessage>(&result.out);
    return message == nullptr ? std::nullopt
                              : length_contradiction(result, "msg_ptr", message->msg.len());
  }
  std::optional<std::string> operator()(const VmspliceCall& /*call*/) const {
    return read_length();
  }
  std::optional<std::string> operator()(const SpliceCall& call) const {
    const auto* offsets = std::get_if<Offsets>(&result.out);
    if (offsets == nullptr || (!offsets->offset && !(offsets->off_in && call.off_in.is_null()) &&
                               !(offsets->off_out && call.off_out.is_null()))) {
      return std::nullopt;
    }
    return "\"out\" has an offset that was not asked for";
  }
  std::optional<std::string> operator()(const SendfileCall& call) const {
    const auto* offsets = std::get_if<Offsets>(&result.out);
    if (offsets == nullptr || (!offsets->off_in && !offsets->off_out && !call.offset.is_null())) {
      return std::nullopt;
    }
    return "\"out\" has an offset that was not asked for";
  }
  std::optional<std::string> operator()(const PollCall& call) const { return revents_of(call.fds); }
  std::optional<std::string> operator()(const PpollCall& call) const {
    return revents_of(call.fds);
  }
  std::optional<std::string> operator()(const EpollWaitCall& /*call*/) const { return events(); }
  std::optional<std::string> operator()(const EpollPwaitCall& /*call*/) const { return events(); }
  std::optional<std::string> operator()(const EpollPwait2Call& /*call*/) const { return events(); }
  std::optional<std::string> operator()(const FcntlCall& call) const {
    if (call.cmd.v == kFGetownEx || std::holds_alternative<std::monostate>(result.out)) {
      return std::nullopt;
    }
    return "\"out\" has no place here, as only F_GETOWN_EX hands something out";
  }
  std::optional<std::string> operator()(const ReadlinkCall& /*call*/) const {
    return read_length();
  }
  std::optional<std::string> operator()(const RecvmsgCall& /*call*/) const {
    const auto* received = std::get_if<ReceivedRights>(&result.out);
    return received == nullptr ? std::nullopt
                               : length_contradiction(result, "buf", received->buf.len());
  }
  std::optional<std::string> operator()(const IoctlCall& call) const {
    if (call.request.v == kFionread || call.request.v == kFigetbsz ||
        std::holds_alternative<std::monostate>(result.out)) {
      return std::nullopt;
    }
    return "\"out\" has no place here, as only FIONREAD and FIGETBSZ hand something out";
  }
  std::optional<std::string> operator()(const ForkCall& call) const {
    return child_contradiction(call.child, result);
  }
  std::optional<std::string> operator()(const VforkCall& call) const {
    return child_contradiction(call.child, result);
  }
  std::optional<std::string> operator()(const CloneCall& call) const {
    return child_contradiction(call.child, result);
  }
  std::optional<std::string> operator()(const ExitCall& /*call*/) const { return no_return(); }
  std::optional<std::string> operator()(const ExitGroupCall& /*call*/) const { return no_return(); }

 private:
  [[nodiscard]] std::optional<std::string> revents_of(const std::vector<PollFd>& fds) const {
    const auto* events = std::get_if<Revents>(&result.out);
    if (events == nullptr || events->revents.size() == fds.size()) {
      return std::nullopt;
    }
    return fmt::format("\"out.revents\" has {} items, expected {}, one for each of \"fds\"",
                       events->revents.size(), fds.size());
  }
  [[nodiscard]] std::optional<std::string> events() const {
    const auto* list = std::get_if<EpollEventList>(&result.out);
    if (list == nullptr || std::cmp_equal(result.ret, list->events.size())) {
      return std::nullopt;
    }
    return fmt::format("\"ret\" is {}, but \"out.events\" has {} items", result.ret,
                       list->events.size());
  }
  [[nodiscard]] std::optional<std::string> read_length() const {
    const auto* bytes = std::get_if<ReadBytes>(&result.out);
    return bytes == nullptr ? std::nullopt : length_contradiction(result, "buf", bytes->buf.len());
  }
  static std::optional<std::string> no_return() { return "this call does not return"; }
};

}  // namespace

std::optional<SysResult> read_result(JsonReader& in, std::string_view name) {
  const JsonValue* ret = in.find("ret");
  const JsonValue* error = in.find("errno");
  const JsonValue* out = in.find("out");
  if (ret == nullptr) {
    if (error != nullptr || out != nullptr) {
      in.report(fmt::format("\"{}\" without \"ret\", expected both or none",
                            error != nullptr ? "errno" : "out"));
    }
    return std::nullopt;
  }
  SysResult result;
  in.integer("ret", result.ret, i64{-1});
  if (error != nullptr) {
    read_errno(in, "errno", *error, result.error);
  }
  if (error != nullptr && result.ret != -1) {
    in.report(fmt::format("\"ret\" is {} beside \"errno\", expected -1", result.ret));
  } else if (error == nullptr && result.ret == -1) {
    in.report("\"ret\" is -1 without \"errno\", expected both");
  } else if (error != nullptr && out != nullptr) {
    in.report("\"out\" stands beside \"errno\", but a call that fails hands nothing out");
  }
  if (out != nullptr) {
    const auto names = call_names();
    const auto index = static_cast<std::size_t>(std::ranges::find(names, name) - names.begin());
    IPCSIM_CHECK(index < kReaders.size());
    result.out = kReaders[index](in, *out);
  }
  return result;
}

void write_result(JsonObjectText& out, const SysResult& result) {
  out.number("ret", result.ret);
  if (result.error != Errno::kOk) {
    out.json("errno", errno_json(result.error));
  }
  JsonObjectText output;
  std::visit(WriteOutput{output}, result.out);
  if (!output.empty()) {
    out.json("out", output.text());
  }
}

std::optional<std::string> contradiction(const Call& call, const SysResult& result) {
  return std::visit(Contradiction{result}, call);
}

}  // namespace ipcsim
