#include "tools/host/whitebox/ops_names.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <optional>

#include "tools/host/whitebox/task_finder.hpp"

namespace ipcsim::host {
namespace {

class OwnFd {
 public:
  explicit OwnFd(int fd) : fd_(fd) {}
  OwnFd(const OwnFd&) = delete;
  OwnFd& operator=(const OwnFd&) = delete;
  ~OwnFd() {
    if (fd_ >= 0) {
      close(fd_);
    }
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

/// The table of the oldest slot of this process's pipe.
std::optional<u64> first_ops(Peek& peek, const KernelLayout& layout, int pipe) {
  peek.begin();
  const Peeked file = ask_file(peek, layout, Peek::current(), static_cast<u32>(pipe));
  const Peeked inode = peek.follow(file, 0, layout.file.f_inode, sizeof(u64));
  const Peeked info = peek.follow(inode, 0, layout.inode.i_pipe, sizeof(u64));
  const Peeked bufs = peek.follow(info, 0, layout.pipe.bufs, sizeof(u64));
  const Peeked ops = peek.follow(bufs, 0, layout.pipe_buffer.ops, sizeof(u64));
  if (!peek.run() || !peek.ok(ops) || peek.get<u64>(ops) == 0) {
    return std::nullopt;
  }
  return peek.get<u64>(ops);
}

/// Makes one slot in a fresh pipe with `fill(write end)` and remembers its table as `name`, unless
/// it is one of another kind.
void learn(Peek& peek, const KernelLayout& layout, PipeBufOps name,
           const std::function<bool(int)>& fill, std::map<u64, PipeBufOps>& known) {
  std::array<int, 2> ends{-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
    return;
  }
  const OwnFd read_end(ends[0]);
  const OwnFd write_end(ends[1]);
  if (!fill(ends[1])) {
    return;
  }
  if (const auto ops = first_ops(peek, layout, ends[0])) {
    known.try_emplace(*ops, name);
  }
}

bool splice_one(int from, off64_t* offset, int to) {
  return splice(from, offset, to, nullptr, 1, SPLICE_F_NONBLOCK) == 1;
}

bool splice_socket(int to) {
  std::array<int, 2> ends{-1, -1};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0) {
    return false;
  }
  const OwnFd a(ends[0]);
  const OwnFd b(ends[1]);
  return send(ends[0], "x", 1, MSG_NOSIGNAL) == 1 && splice_one(ends[1], nullptr, to);
}

}  // namespace

std::map<u64, PipeBufOps> learn_ops(Peek& peek, const KernelLayout& layout) {
  constexpr std::size_t kHoleAt = 1 << 16;  // beyond the page that is written
  std::map<u64, PipeBufOps> known;
  const OwnFd file(memfd_create("ipcsim", MFD_CLOEXEC));
  // From 5.10 to 6.4 /dev/zero cannot be spliced; what /proc makes up is copied everywhere.
  const OwnFd zeros(open("/dev/zero", O_RDONLY | O_CLOEXEC));
  const OwnFd made_up(open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC));
  const bool filled =
      file.get() >= 0 && write(file.get(), "x", 1) == 1 && ftruncate(file.get(), 2 * kHoleAt) == 0;
  // The order matters where a kernel has the same table for two of them: the first name stays.
  learn(peek, layout, PipeBufOps::kAnon, [](int to) { return write(to, "x", 1) == 1; }, known);
  learn(
      peek, layout, PipeBufOps::kPageCache,
      [&](int to) {
        off64_t at = 0;
        return filled && splice_one(file.get(), &at, to);
      },
      known);
  learn(
      peek, layout, PipeBufOps::kUserPage,
      [](int to) {
        iovec page{.iov_base = const_cast<char*>("x"), .iov_len = 1};
        return vmsplice(to, &page, 1, SPLICE_F_NONBLOCK) == 1;
      },
      known);
  learn(
      peek, layout, PipeBufOps::kDefault,
      [&](int to) {
        return splice_one(zeros.get(), nullptr, to) || splice_one(made_up.get(), nullptr, to);
      },
      known);
  learn(peek, layout, PipeBufOps::kNosteal, splice_socket, known);
  learn(
      peek, layout, PipeBufOps::kZero,
      [&](int to) {
        off64_t at = kHoleAt;
        return filled && splice_one(file.get(), &at, to);
      },
      known);
  return known;
}

}  // namespace ipcsim::host
