#include "tools/ipcsim/parallel.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <mutex>
#include <thread>
#include <vector>

#include <fmt/format.h>

namespace ipcsim {
namespace {

/// A line of a terminal that is written over and wiped in the end.
class Progress {
 public:
  Progress(std::string what, std::size_t count)
      : what_(std::move(what)), count_(count), shown_(isatty(STDERR_FILENO) == 1 && count > 1) {
    show();
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() {
    if (shown_) {
      fmt::print(stderr, "\r\x1b[K");
    }
  }
  void step() {
    const std::scoped_lock lock(mutex_);
    ++done_;
    show();
  }

 private:
  void show() const {
    if (shown_) {
      fmt::print(stderr, "\r{}: {} of {}", what_, done_, count_);
      std::fflush(stderr);
    }
  }
  std::string what_;
  std::size_t count_;
  bool shown_;
  std::size_t done_ = 0;
  std::mutex mutex_;
};

}  // namespace

void for_each_parallel(std::size_t count, unsigned threads, const std::string& what,
                       const std::function<void(std::size_t)>& work) {
  Progress progress(what, count);
  std::atomic<std::size_t> next{0};
  const auto run = [&] {
    for (std::size_t i = next++; i < count; i = next++) {
      work(i);
      progress.step();
    }
  };
  if (threads == 0) {
    threads = std::max(1U, std::thread::hardware_concurrency());
  }
  threads = static_cast<unsigned>(std::min<std::size_t>(threads, count));
  std::vector<std::jthread> helpers;
  for (unsigned i = 1; i < threads; ++i) {
    helpers.emplace_back(run);
  }
  run();
}

}  // namespace ipcsim
