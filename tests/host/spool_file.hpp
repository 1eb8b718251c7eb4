// A file that goes when its owner does.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <string>

namespace ipcsim::host {

class SpoolFile {
 public:
  SpoolFile() {
    if (const int fd = ::mkstemp(path_.data()); fd >= 0) {
      ::close(fd);
    }
  }
  SpoolFile(const SpoolFile&) = delete;
  SpoolFile& operator=(const SpoolFile&) = delete;
  ~SpoolFile() { ::unlink(path_.c_str()); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_ = "/tmp/ipcsim-spool-XXXXXX";
};

}  // namespace ipcsim::host
