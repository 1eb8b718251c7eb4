// Writes "ret", "errno" and "out".
#include <fmt/format.h>

#include "sim/trace/call_json.hpp"
#include "sim/trace/names_json.hpp"
#include "sim/trace/payload_json.hpp"

namespace ipcsim {
namespace {

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

}  // namespace

void write_result(JsonObjectText& out, const SysResult& result) {
  out.number("ret", result.ret);
  if (result.error != Errno::kOk) {
    out.json("errno", errno_json(result.error));
  }
  JsonObjectText output;
  visit(WriteOutput{output}, result.out);
  if (!output.empty()) {
    out.json("out", output.text());
  }
}

}  // namespace ipcsim
