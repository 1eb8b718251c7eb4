// The events that make pipes from before a log, and the tasks that it begins with.
#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "tools/import/inherited.hpp"

namespace ipcsim::strace {
namespace {

/// What a process may have at most (fs.nr_open).
constexpr u64 kMostFds = 1'048'576;

/// The events that make what the log begins with.
class Setup {
 public:
  explicit Setup(TaskId unseen) : unseen_(unseen) {}

  void call(Call call, i64 ret, Output out = {}) {
    call_of(unseen_, std::move(call), ret, std::move(out));
  }
  void call_of(TaskId task, Call call, i64 ret, Output out = {}) {
    add(CallEvent{task, std::move(call), SysResult::success(ret, std::move(out))});
  }
  void add(EventBody body) {
    Event& event = events_.emplace_back();
    event.body = std::move(body);
    event.origin = "supposed: before the log";
  }
  /// Descriptors 0 and 1, which were just made, get these numbers instead.
  void move_both(Fd first, Fd second) {
    call(FcntlCall{Fd{0}, FcntlCmd{kFDupfd}, first.v}, first.v);
    call(FcntlCall{Fd{1}, FcntlCmd{kFDupfd}, second.v}, second.v);
    call(CloseCall{Fd{0}}, 0);
    call(CloseCall{Fd{1}}, 0);
  }
  [[nodiscard]] std::vector<Event> take() { return std::move(events_); }

 private:
  TaskId unseen_;
  std::vector<Event> events_;
};

}  // namespace

std::vector<Event> InheritedPipes::setup(TaskId unseen, const std::vector<Root>& roots) const {
  constexpr u32 kLastFd = ~0U;
  const PipeFacts usual;
  Setup setup(unseen);
  setup.add(NoteEvent{fmt::format("task {} stands for what the log does not show", unseen.v)});
  if (unseen_.carries()) {
    setup.call(SocketpairCall{SocketType{kSockSeqpacket}}, 0, SocketFds{Fd{0}, Fd{1}});
    setup.move_both(unseen_.carrier_in(), unseen_.carrier_out());
  }
  const i32 first = unseen_.first_end().v;
  i32 held = first;
  for (const auto& [name, pipe] : pipes_) {
    const Fd reader{held++};
    const Fd writer{held++};
    setup.call(Pipe2Call{}, 0, PipeFds{Fd{0}, Fd{1}});
    if (pipe->facts.size != usual.size) {
      const i64 size = static_cast<i64>(pipe->facts.size);
      setup.call(FcntlCall{Fd{0}, FcntlCmd{kFSetpipeSz}, size}, size);
    }
    setup.move_both(reader, writer);
    if (const i64 len = static_cast<i64>(pipe->facts.initial.len()); len > 0) {
      setup.call(WriteCall{writer, {.data = pipe->facts.initial, .len = pipe->facts.initial.len()}},
                 len);
    }
    for (const auto& [fd, end] : ends_) {
      if (end->pipe == pipe && end->nonblocking) {
        setup.call(FcntlCall{end->reads ? reader : writer, FcntlCmd{kFSetfl}, kONonblock}, 0);
      }
    }
  }
  for (const Root& root : roots) {
    std::set<i32> others = root.fds;
    setup.call(ForkCall{root.task}, root.task.v);
    for (const auto& [fd, end] : ends_) {
      const i32 pipe = static_cast<i32>(std::distance(
          pipes_.begin(),
          std::ranges::find(pipes_, end->pipe, [](const auto& p) { return p.second; })));
      if (fd.root == root.number) {
        setup.call_of(root.task, Dup2Call{Fd{first + 2 * pipe + (end->reads ? 0 : 1)}, Fd{fd.fd}},
                      fd.fd);
        others.erase(fd.fd);
      }
    }
    if (held > first) {
      setup.call_of(root.task, CloseRangeCall{static_cast<u32>(first), kLastFd, {}}, 0);
    }
    if (root.rlimit_nofile < kMostFds) {
      setup.call_of(root.task, SetrlimitCall{Resource{kRlimitNofile}, root.rlimit_nofile}, 0);
    }
    for (const i32 fd : others) {
      setup.add(OtherFdEvent{root.task, Fd{fd}, false, ""});
    }
  }
  return setup.take();
}

}  // namespace ipcsim::strace
