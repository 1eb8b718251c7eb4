// Reading and writing whole files.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>

#include "tools/ipcsim/command.hpp"

namespace ipcsim {
namespace {

std::string why(const std::string& path) {
  return fmt::format("{}: {}", path, std::strerror(errno));
}

}  // namespace

std::expected<std::string, std::string> read_file(const std::string& path) {
  const int fd = path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return std::unexpected(why(path));
  }
  std::string text;
  std::string buffer(1U << 16U, '\0');
  ssize_t got = 0;
  while ((got = ::read(fd, buffer.data(), buffer.size())) > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  const std::string error = got < 0 ? why(path) : std::string{};
  if (fd != STDIN_FILENO) {
    ::close(fd);
  }
  return got < 0 ? std::expected<std::string, std::string>(std::unexpected(error))
                 : std::move(text);
}

std::expected<void, std::string> write_file(const std::string& path, const std::string& text) {
  const auto put = [&](int fd) {
    for (std::size_t done = 0; done < text.size();) {
      const ssize_t n = ::write(fd, text.data() + done, text.size() - done);
      if (n < 0) {
        return false;
      }
      done += static_cast<std::size_t>(n);
    }
    return true;
  };
  if (path == "-") {
    return put(STDOUT_FILENO) ? std::expected<void, std::string>{}
                              : std::unexpected(why("standard output"));
  }
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored) && !std::filesystem::is_regular_file(path, ignored)) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);  // a device, a pipe: no renaming
    const bool good = fd >= 0 && put(fd);
    const std::string error = good ? std::string{} : why(path);
    if (fd >= 0) {
      ::close(fd);
    }
    return good ? std::expected<void, std::string>{} : std::unexpected(error);
  }
  std::string temporary = path + ".XXXXXX";
  const int fd = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (fd < 0) {
    return std::unexpected(why(path));
  }
  constexpr mode_t kOrdinaryMode = 0644;
  const bool good = put(fd) && ::fchmod(fd, kOrdinaryMode) == 0;
  std::string error = good ? std::string{} : why(path);
  ::close(fd);
  if (good && ::rename(temporary.c_str(), path.c_str()) == 0) {
    return {};
  }
  error = error.empty() ? why(path) : error;
  ::unlink(temporary.c_str());
  return std::unexpected(error);
}

}  // namespace ipcsim
