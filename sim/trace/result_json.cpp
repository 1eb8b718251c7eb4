// Reads "ret", "errno" and "out".
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

constexpr auto kReaders =
    CallTypes::each([]<class C>(std::type_identity<C> /*type*/) { return &read_one<C>; });

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
    const auto index =
        static_cast<std::size_t>(std::ranges::find(kCallNames, name) - kCallNames.begin());
    IPCSIM_CHECK(index < kReaders.size());
    result.out = kReaders[index](in, *out);
  }
  return result;
}

}  // namespace ipcsim
