#include "tools/host/measure/real_probe.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include <fmt/format.h>

namespace ipcsim {
namespace {

/// Both ends of a nonblocking pipe, closed at the end of the scope.
class ProbedPipe {
 public:
  explicit ProbedPipe(bool packets) {
    if (pipe2(ends_, O_NONBLOCK | O_CLOEXEC | (packets ? O_DIRECT : 0)) != 0) {
      ends_[0] = ends_[1] = -1;
    }
  }
  ProbedPipe(const ProbedPipe&) = delete;
  ProbedPipe& operator=(const ProbedPipe&) = delete;
  ~ProbedPipe() {
    close(ends_[0]);
    close(ends_[1]);
  }
  [[nodiscard]] bool open() const { return ends_[0] >= 0; }
  [[nodiscard]] int set_size(u64 bytes) const {
    return fcntl(ends_[1], F_SETPIPE_SZ, static_cast<int>(bytes));
  }
  [[nodiscard]] u64 write(const std::vector<char>& from, u64 bytes) const {
    const ssize_t got = ::write(ends_[1], from.data(), bytes);
    return got > 0 ? static_cast<u64>(got) : 0;
  }
  [[nodiscard]] u64 read_byte() const {
    char byte = 0;
    return ::read(ends_[0], &byte, 1) == 1 ? 1 : 0;
  }
  [[nodiscard]] bool writable() const {
    pollfd one{.fd = ends_[1], .events = POLLOUT, .revents = 0};
    return poll(&one, 1, 0) == 1;
  }
  [[nodiscard]] u64 fionread() const {
    int bytes = 0;
    return ioctl(ends_[0], FIONREAD, &bytes) == 0 ? static_cast<u64>(bytes) : 0;
  }

 private:
  int ends_[2] = {-1, -1};
};

MachineError broken(std::string_view what) {
  return {.unsupported = errno == EPERM,
          .message = fmt::format("{}: {}", what, std::strerror(errno))};
}

}  // namespace

std::expected<PipeProbe, MachineError> probe_real_pipe(u64 asked_bytes, u64 write_bytes,
                                                       bool packets) {
  const ProbedPipe pipe(packets);
  if (!pipe.open()) {
    return std::unexpected(broken("pipe2()"));
  }
  const int size = pipe.set_size(asked_bytes);
  if (size < 0) {
    return std::unexpected(broken(fmt::format("a pipe of {} bytes", asked_bytes)));
  }
  const std::vector<char> bytes(write_bytes, 'x');
  PipeProbe probe{.size_bytes = static_cast<u64>(size)};
  for (u64 got = pipe.write(bytes, write_bytes); got > 0; got = pipe.write(bytes, write_bytes)) {
    probe.writes += got == write_bytes ? 1 : 0;
    probe.capacity_bytes += got;
  }
  while (pipe.write(bytes, 1) == 1) {
    ++probe.more_bytes;
  }
  while (!pipe.writable()) {
    probe.left_then = pipe.fionread();
    const u64 got = pipe.read_byte();
    if (got == 0) {
      return std::unexpected(broken("a read of the full pipe"));
    }
    probe.read_for_room += got;
  }
  return probe;
}

}  // namespace ipcsim
