// What results of a log demand of pipes that were there before it.
#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include <range/v3/algorithm/contains.hpp>

#include "model/pipe/pipe_file.hpp"
#include "tools/import/conversion.hpp"
#include "tools/import/inherited.hpp"

namespace ipcsim::strace {
namespace {

/// Looks at the first call of a plan and adds to it what has to happen around it.
class Supposer {
 public:
  Supposer(InheritedPipes& pipes, TaskState& task, Plan& plan, Origin origin)
      : pipes_(pipes), task_(task), plan_(plan), origin_(origin) {}

  void look() {
    const Call call = plan_.calls.front().call;
    result_ = plan_.calls.front().result;
    visit([&](const auto& c) { see(c); }, call);
  }

 private:
  using Pipe = std::shared_ptr<InheritedPipe>;

  [[nodiscard]] std::shared_ptr<InheritedEnd> end_of(Fd fd) const {
    const FdSlot* slot = task_.files->find(fd.v);
    return slot == nullptr ? nullptr : slot->end;
  }
  [[nodiscard]] bool ok() const { return result_ && result_->error == Errno::kOk; }
  [[nodiscard]] bool failed_with(Errno error) const { return result_ && result_->error == error; }

  /// Adds a step that does something to a pipe.
  template <class F>
  void step(std::vector<std::function<void()>>& steps, const Pipe& pipe, F f) {
    steps.emplace_back([&pipes = pipes_, pipe, origin = origin_, f] { f(pipes, *pipe, origin); });
  }
  template <class F>
  void before_begin(const Pipe& pipe, F f) {
    step(plan_.before_begin, pipe, f);
  }
  template <class F>
  void before_end(const Pipe& pipe, F f) {
    step(plan_.before_end, pipe, f);
  }

  /// Keeps in mind what went through a pipe that may be the log's tasks' own.
  void note(const Pipe& pipe, SeenTransfer::Kind kind, const Payload& bytes) {
    if (pipe->facts.decided) {
      return;
    }
    const std::size_t at = pipe->seen.size();
    pipe->seen.push_back({.kind = kind, .bytes = bytes, .begin = pipes_.tick()});
    plan_.before_end.emplace_back(
        [&pipes = pipes_, pipe, at] { pipe->seen[at].end = pipes.tick(); });
  }

  static void make_empty(InheritedPipes& pipes, InheritedPipe& pipe, Origin origin) {
    pipes.make_empty(pipe, origin);
  }
  static void make_full(InheritedPipes& pipes, InheritedPipe& pipe, Origin origin) {
    pipes.make_full(pipe, origin);
  }

  void read(Fd fd, u64 asked) {
    const auto end = end_of(fd);
    if (end == nullptr || !result_ || failed_with(Errno::kEBADF)) {
      return;
    }
    const Pipe& pipe = end->pipe;
    end->reads = true;
    if (failed_with(Errno::kEINTR)) {
      before_begin(pipe, make_empty);
    } else if (failed_with(Errno::kEAGAIN)) {
      end->nonblocking |= !end->flags_set;
      note(pipe, SeenTransfer::Kind::kEmpty, {});
      before_end(pipe, make_empty);
    } else if (ok() && result_->ret == 0 && asked > 0) {
      note(pipe, SeenTransfer::Kind::kEmpty, {});
      before_end(pipe, [](InheritedPipes& pipes, InheritedPipe& p, Origin origin) {
        pipes.fill_to(p, 0, origin);
        pipes.end_writing(p, origin);
      });
    } else if (ok() && result_->ret > 0) {
      const auto* out = get_if<ReadBytes>(&result_->out);
      const u64 len = static_cast<u64>(result_->ret);
      const Payload bytes = out == nullptr ? Payload::of_unknown(len) : out->buf;
      note(pipe, SeenTransfer::Kind::kRead, bytes);
      before_end(pipe, [bytes](InheritedPipes& pipes, InheritedPipe& p, Origin origin) {
        pipes.give(p, bytes, origin);
      });
    }
  }

  void write(Fd fd, const Payload& bytes) {
    const auto end = end_of(fd);
    if (end == nullptr || !result_ || failed_with(Errno::kEBADF)) {
      return;
    }
    const Pipe& pipe = end->pipe;
    end->writes = true;
    if (failed_with(Errno::kEPIPE)) {
      before_end(pipe, [](InheritedPipes& pipes, InheritedPipe& p, Origin origin) {
        pipes.end_reading(p, origin);
      });
    } else if (failed_with(Errno::kEINTR)) {
      before_begin(pipe, make_full);
    } else if (failed_with(Errno::kEAGAIN)) {
      end->nonblocking |= !end->flags_set;
      before_end(pipe, make_full);
    } else if (ok() && result_->ret > 0) {
      const u64 done = std::min(static_cast<u64>(result_->ret), bytes.len());
      note(pipe, SeenTransfer::Kind::kWrite, head(bytes, done));
      plan_.two_lines = plan_.two_lines || (!pipe->facts.own && done > pipe->size);
      before_end(pipe, [done, asked = bytes.len()](InheritedPipes& pipes, InheritedPipe& p,
                                                   Origin origin) {
        pipes.make_room(p, done, asked, origin);
      });
      step(plan_.after_end, pipe,
           [written = head(bytes, done)](InheritedPipes& pipes, InheritedPipe& p, Origin origin) {
             pipes.take(p, written, origin);
           });
    }
  }

  static Payload head(const Payload& bytes, u64 len) {
    if (len == bytes.len()) {
      return bytes;
    }
    return Payload::of_unknown(len, bytes.stored_bytes().substr(0, len));
  }

  static Payload gathered(const std::vector<UserSegment>& iov) {
    std::string known;
    bool all = true;
    for (const UserSegment& segment : iov) {
      if (all) {
        known += segment.data.stored_bytes();
        all = segment.data.known() && segment.data.len() == segment.len;
      }
    }
    const u64 len = total_len(iov);
    known.resize(std::min<u64>(known.size(), len));
    return Payload::of_unknown(len, known);
  }

  /// What a poll() told of a descriptor, or did not tell though it was asked.
  void polled(Fd fd, u32 asked, u32 told) {
    const auto end = end_of(fd);
    if (end == nullptr) {
      return;
    }
    const Pipe& pipe = end->pipe;
    end->reads |= (told & (kPollIn | kPollHup)) != 0;
    end->writes |= (told & (kPollOut | kPollErr)) != 0;
    if (end->reads && (told & kPollHup) != 0) {
      const bool filled = (told & kPollIn) != 0;
      before_end(pipe, [filled](InheritedPipes& pipes, InheritedPipe& p, Origin origin) {
        if (filled) {
          pipes.make_readable(p, origin);
        } else {
          pipes.fill_to(p, 0, origin);
        }
        pipes.end_writing(p, origin);
      });
    } else if (end->reads && (told & kPollIn) != 0) {
      before_end(pipe, [](InheritedPipes& pipes, InheritedPipe& p, Origin origin) {
        pipes.make_readable(p, origin);
      });
    } else if (end->reads && (asked & kPollIn) != 0) {
      note(pipe, SeenTransfer::Kind::kEmpty, {});
      before_begin(pipe, make_empty);
      before_end(pipe, make_empty);
    }
    if (end->writes && (told & kPollErr) != 0) {
      before_end(pipe, [](InheritedPipes& pipes, InheritedPipe& p, Origin origin) {
        pipes.end_reading(p, origin);
      });
    } else if (end->writes && (told & kPollOut) != 0) {
      before_end(pipe, [](InheritedPipes& pipes, InheritedPipe& p, Origin origin) {
        pipes.make_writable(p, origin);
      });
    } else if (end->writes && (asked & kPollOut) != 0) {
      before_begin(pipe, make_full);
      before_end(pipe, make_full);
    }
  }

  void see_polled(const std::vector<PollFd>& fds) {
    const auto* out = result_ ? get_if<Revents>(&result_->out) : nullptr;
    if (out == nullptr && !failed_with(Errno::kEINTR)) {
      return;
    }
    for (std::size_t i = 0; i < fds.size(); ++i) {
      const u32 told = out == nullptr || i >= out->revents.size() ? 0 : out->revents[i].v;
      polled(fds[i].fd, fds[i].events.v, told);
    }
  }

  void see_selected(const auto& call) {
    const auto* out = result_ ? get_if<SelectedFds>(&result_->out) : nullptr;
    if (out == nullptr && !failed_with(Errno::kEINTR)) {
      return;
    }
    const auto each = [&](const FdSetPtr& asked, const std::optional<std::vector<Fd>>* told,
                          u32 events) {
      for (const Fd fd : asked.value) {
        const bool ready = told != nullptr && *told && ranges::contains(**told, fd);
        polled(fd, events, ready ? events : 0);
      }
    };
    each(call.readfds, out == nullptr ? nullptr : &out->readfds, kPollIn);
    each(call.writefds, out == nullptr ? nullptr : &out->writefds, kPollOut);
  }

  void see(const PollCall& call) { see_polled(call.fds); }
  void see(const PpollCall& call) { see_polled(call.fds); }
  void see(const SelectCall& call) { see_selected(call); }
  void see(const Pselect6Call& call) { see_selected(call); }
  void see(const ReadCall& call) { read(call.fd, call.buf.len); }
  void see(const ReadvCall& call) { read(call.fd, total_len(call.iov)); }
  void see(const WriteCall& call) {
    const bool whole = call.buf.data.len() == call.buf.len;
    write(call.fd, whole ? call.buf.data : Payload::of_unknown(call.buf.len));
  }
  void see(const WritevCall& call) { write(call.fd, gathered(call.iov)); }

  void see(const FcntlCall& call) {
    const auto end = end_of(call.fd);
    if (end == nullptr || !result_) {
      return;
    }
    InheritedPipe& pipe = *end->pipe;
    switch (call.cmd.v) {
      case kFGetfl:
        if (ok()) {
          const u32 flags = static_cast<u32>(result_->ret);
          ((flags & kOAccmode) == 0 ? end->reads : end->writes) = true;
          end->nonblocking |= !end->flags_set && (flags & kONonblock) != 0;
          pipe.facts.left_out |= (flags & kOAccmode) == kORdwr || (flags & kODirect) != 0;
        }
        drop();  // with which other flags it was opened is not known
        return;
      case kFSetfl:
        end->flags_set = true;
        pipe.facts.left_out |= (static_cast<u32>(call.arg) & (kOAsync | kODirect)) != 0;
        return;
      case kFGetpipeSz:
        if (ok() && !pipe.resized) {
          pipe.facts.size = static_cast<u64>(result_->ret);
        }
        return;
      case kFSetpipeSz:
        if (!ok()) {
          drop();  // it depends on what is in it, and on whose it is
          return;
        }
        pipe.resized = true;
        before_end(end->pipe, [](InheritedPipes& pipes, InheritedPipe& p, Origin origin) {
          pipes.fill_to(p, 0, origin);
        });
        step(plan_.after_end, end->pipe,
             [size = static_cast<u64>(result_->ret)](InheritedPipes& /*pipes*/, InheritedPipe& p,
                                                     Origin /*origin*/) { p.size = size; });
        return;
      case kFGetfd:
      case kFDupfdQuery:
        drop();
        return;
      default:
        return;
    }
  }

  void see(const IoctlCall& call) {
    const auto end = end_of(call.fd);
    const auto* in = result_ ? get_if<IntOut>(&result_->out) : nullptr;
    if (end != nullptr && call.request.v == kFionread && in != nullptr) {
      if (end->pipe->facts.own) {
        drop();  // what was left in it at the end is not known
        return;
      }
      before_end(end->pipe, [bytes = static_cast<u64>(in->value)](InheritedPipes& pipes,
                                                                  InheritedPipe& p, Origin origin) {
        pipes.fill_to(p, bytes, origin);
      });
    } else if (end != nullptr && call.request.v == kFioasync) {
      pipes_.leave_out(*end);
    }
  }

  void leave_out(Fd fd) {
    if (const auto end = end_of(fd)) {
      pipes_.leave_out(*end);
    }
  }
  void see(const SpliceCall& call) {
    leave_out(call.fd_in);
    leave_out(call.fd_out);
  }
  void see(const TeeCall& call) {
    leave_out(call.fd_in);
    leave_out(call.fd_out);
  }
  void see(const SendfileCall& call) {
    leave_out(call.in_fd);
    leave_out(call.out_fd);
  }
  void see(const VmspliceCall& call) { leave_out(call.fd); }
  void see(const EpollCtlCall& call) { leave_out(call.fd); }
  void see(const Preadv2Call& call) { leave_out(call.fd); }
  void see(const Pwritev2Call& call) { leave_out(call.fd); }
  void see(const auto& /*call*/) {}

  /// The call says nothing that is known.
  void drop() {
    plan_.calls.clear();
    plan_.fate = Plan::Fate::kNoEffect;
  }

  InheritedPipes& pipes_;
  TaskState& task_;
  Plan& plan_;
  Origin origin_;
  std::optional<SysResult> result_;
};

}  // namespace

void suppose(InheritedPipes& pipes, TaskState& task, Plan& plan, Origin origin) {
  if (!plan.calls.empty() && pipes.count() > 0) {
    Supposer(pipes, task, plan, origin).look();
  }
}

}  // namespace ipcsim::strace
