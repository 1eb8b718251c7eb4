#include "tests/host/support.hpp"

#include <algorithm>
#include <iterator>
#include <sstream>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ipcsim {
namespace {

std::string value_text(const SysResult& result) {
  if (result.error != Errno::kOk) {
    return fmt::format("-{}", errno_name(result.error));
  }
  if (const auto* read = get_if<ReadBytes>(&result.out)) {
    const std::string bytes = read->buf.to_string();
    return bytes.size() <= 16 ? fmt::format("'{}'", bytes) : fmt::format("{}", bytes.size());
  }
  if (const auto* message = get_if<ReceivedMessage>(&result.out)) {
    return fmt::format("'{}'@{}", message->msg.to_string(), message->msg_prio.value_or(999));
  }
  if (const auto* fds = get_if<PipeFds>(&result.out)) {
    return fmt::format("[{},{}]", fds->read.v, fds->write.v);
  }
  if (const auto* number = get_if<IntOut>(&result.out)) {
    return fmt::format("{}:{}", result.ret, number->value);
  }
  if (const auto* attr = get_if<MqAttr>(&result.out)) {
    return fmt::format("{}/{}", attr->mq_curmsgs, attr->mq_maxmsg);
  }
  if (const auto* revents = get_if<Revents>(&result.out)) {
    std::string text = fmt::format("{}", result.ret);
    for (const PollEvents events : revents->revents) {
      text += fmt::format(":{:x}", events.v);
    }
    return text;
  }
  return fmt::format("{}", result.ret);
}

std::string text_of(const Settled& settled) {
  std::string text;
  const auto append = [&](const std::string& word) {
    text += text.empty() ? "" : " ";
    text += word;
  };
  for (const Completion& c : settled.completions) {
    switch (c.kind) {
      case Completion::Kind::kReturned:
        append(fmt::format("t{}={}", c.task.v, value_text(c.result)));
        break;
      case Completion::Kind::kDied:
        append(c.signal.v == 0 ? fmt::format("t{}+gone", c.task.v)
                               : fmt::format("t{}+{}", c.task.v, signal_name(c.signal)));
        break;
      case Completion::Kind::kNotModelled:
        append(fmt::format("t{}?", c.task.v));
        break;
    }
  }
  for (const Sleeper& s : settled.sleepers) {
    append(fmt::format("~t{}", s.task.v));
  }
  return text;
}

constexpr Mode kModes[] = {
    {"Best"},
    {"Polling", HostOrdering::kPolling},
    {"Namespaces", HostOrdering::kBest, HostIsolation::kNamespaces},
    {"UserNamespace", HostOrdering::kBest, HostIsolation::kUserNamespace},
    {"UserNamespacePolling", HostOrdering::kPolling, HostIsolation::kUserNamespace},
    {"Folder", HostOrdering::kBest, HostIsolation::kFolder},
    {"FolderPolling", HostOrdering::kPolling, HostIsolation::kFolder},
};

}  // namespace

Environment plain_environment() {
  Environment environment = host_environment();
  environment.caps = {};
  environment.tasks.front().nice = 0;
  return environment;
}

Call pipe_call(u32 flags) { return Pipe2Call{.flags = OpenFlags{flags}}; }
Call read_call(i32 fd, u64 count) { return ReadCall{Fd{fd}, {.data = {}, .len = count}}; }
Call write_call(i32 fd, std::string bytes) {
  const u64 len = bytes.size();
  return WriteCall{Fd{fd}, {.data = Payload::of_bytes(bytes), .len = len}};
}
Call fill_call(i32 fd, u64 count) {
  return WriteCall{Fd{fd}, {.data = Payload::of_pattern(count, 7), .len = count}};
}
Call open_call(std::string path, u32 flags) {
  return OpenCall{std::move(path), OpenFlags{flags}, 0600};
}
Call mq_call(std::string name, u32 flags, i64 maxmsg, i64 msgsize) {
  return MqOpenCall{UserPtr<std::string>::of(std::move(name)), OpenFlags{flags}, 0600,
                    UserPtr<MqAttr>::of({.mq_maxmsg = maxmsg, .mq_msgsize = msgsize})};
}
Call send_call(i32 mqdes, std::string bytes, u32 prio) {
  const u64 len = bytes.size();
  return MqTimedsendCall{Fd{mqdes}, {.data = Payload::of_bytes(bytes), .len = len}, prio, {}};
}
Call receive_call(i32 mqdes, u64 len) {
  return MqTimedreceiveCall{Fd{mqdes}, {.data = {}, .len = len}, OutPtr::kValid, {}};
}
Call thread_call(TaskId child) { return CloneCall{CloneFlags{kThreadFlags}, child}; }

HostRun::HostRun(const Environment& environment, const HostOptions& options) {
  auto made = make_host_machine(environment, options);
  if (!made) {
    error_ = made.error();
    return;
  }
  machine_ = *std::move(made);
  host_ = dynamic_cast<host::HostMachine*>(machine_.get());
}

std::string HostRun::step(TaskId task, const Call& call) {
  post(task, call);
  return settle();
}

std::string HostRun::signal(TaskId task, Signal signal) {
  const auto posted = machine_->post_signal(task, signal);
  EXPECT_TRUE(posted.has_value()) << posted.error().message;
  return settle();
}

std::string HostRun::batch(const std::vector<std::pair<TaskId, Call>>& calls) {
  for (const auto& [task, call] : calls) {
    post(task, call);
  }
  return settle();
}

void HostRun::post(TaskId task, const Call& call) {
  const auto posted = machine_->post(task, call);
  EXPECT_TRUE(posted.has_value()) << to_text(call) << ": " << posted.error().message;
}

std::string HostRun::settle() {
  const auto settled = machine_->settle();
  return settled ? text_of(*settled) : "error: " + settled.error().message;
}

std::string HostRun::advance_ms(i64 ms) {
  const auto advanced = machine_->advance(Nanoseconds{ms * 1'000'000});
  EXPECT_TRUE(advanced.has_value()) << advanced.error().message;
  return settle();
}

void HostRun::destroy() {
  machine_.reset();
  host_ = nullptr;
}

HostOptions EveryMode::options() const {
  return {.ordering = GetParam().ordering, .isolation = GetParam().isolation, .verify = true};
}

void EveryMode::SetUp() {
  run_ = std::make_unique<HostRun>(plain_environment(), options());
  if (!run_->made()) {
    GTEST_SKIP() << run_->error().message;
  }
}

void Ordered::SetUp() {
  if (!run_.made()) {
    GTEST_SKIP() << run_.error().message;
  }
  if (!run_.realtime()) {
    GTEST_SKIP() << "SCHED_FIFO is refused here, so completions have no order";
  }
}

std::string sorted(const std::string& text) {
  std::istringstream words(text);
  std::vector<std::string> list(std::istream_iterator<std::string>{words}, {});
  std::ranges::sort(list);
  return fmt::format("{}", fmt::join(list, " "));
}

std::vector<Mode> every_mode() { return {std::begin(kModes), std::end(kModes)}; }

std::string mode_name(const testing::TestParamInfo<Mode>& info) {
  return std::string(info.param.name);
}

}  // namespace ipcsim
