#include "tools/host/agent_image.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

// The file's bytes, put here by the assembler; IPCSIM_AGENT_FILE is its path.
asm(R"(
  .section .rodata
  .balign 16
ipcsim_agent_image_begin:
  .incbin ")" IPCSIM_AGENT_FILE R"("
ipcsim_agent_image_end:
  .byte 0
  .globl ipcsim_agent_image_begin
  .globl ipcsim_agent_image_end
  .text
)");

extern "C" {
extern const std::byte ipcsim_agent_image_begin[];
extern const std::byte ipcsim_agent_image_end[];
}

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

namespace ipcsim::host {
namespace {

std::unexpected<MachineError> no_file(const char* what) {
  const int error = errno;
  return std::unexpected(MachineError{
      .unsupported = true,
      .message = fmt::format("{} for the agent program: {}", what, std::strerror(error))});
}

std::expected<int, MachineError> make_file() {
  int fd = memfd_create("ipcsim-agent", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
  if (fd < 0 && errno == EINVAL) {
    // Linux before 6.3 knows no MFD_EXEC; there, every such file can be executed.
    fd = memfd_create("ipcsim-agent", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  }
  if (fd < 0) {
    return no_file("memfd_create()");
  }
  const std::span<const std::byte> image = agent_image();
  for (std::size_t done = 0; done < image.size();) {
    const ssize_t len = write(fd, image.data() + done, image.size() - done);
    if (len <= 0) {
      const auto error = no_file("write()");
      close(fd);
      return error;
    }
    done += static_cast<std::size_t>(len);
  }
  if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0) {
    const auto error = no_file("F_ADD_SEALS");
    close(fd);
    return error;
  }
  return fd;
}

}  // namespace

std::span<const std::byte> agent_image() {
  return {static_cast<const std::byte*>(ipcsim_agent_image_begin),
          static_cast<const std::byte*>(ipcsim_agent_image_end)};
}

std::expected<int, MachineError> agent_file() {
  static const std::expected<int, MachineError> file = make_file();
  return file;
}

}  // namespace ipcsim::host
