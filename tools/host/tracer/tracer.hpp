// Watches a program's system calls through BPF: raw tracepoints that write to a ring buffer.
#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tools/host/tracer/trace_records.hpp"
#include "tools/host/tracer/tracer_programs.hpp"

namespace ipcsim::host {

/// A file descriptor of this process.
class OwnedFd {
 public:
  explicit OwnedFd(int fd = -1) : fd_(fd) {}
  OwnedFd(const OwnedFd&) = delete;
  OwnedFd& operator=(const OwnedFd&) = delete;
  OwnedFd(OwnedFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~OwnedFd();
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

/// The programs, attached, and their maps.
class Tracer {
 public:
  /// Errors (by text): why BPF may not be used here.
  [[nodiscard]] static std::expected<std::unique_ptr<Tracer>, std::string> attach(
      const TracerSizes& sizes);
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;
  ~Tracer();

  /// prctl() with this number makes the calling task the first that is traced.
  [[nodiscard]] u64 key() const { return control_->key; }
  /// No further task becomes the first.
  void close_entrance() { entrance_ = OwnedFd{}; }
  /// Takes the records that are there, in order; each is a RecordHead and chunks.
  void drain(const std::function<void(std::span<const std::byte>)>& take);
  [[nodiscard]] u64 lost() const { return counter(control_->lost); }
  [[nodiscard]] u64 first_lost_ns() const { return counter(control_->first_lost_ns); }
  [[nodiscard]] u64 foreign() const { return counter(control_->foreign); }
  [[nodiscard]] u64 untracked() const { return counter(control_->untracked); }

 private:
  Tracer() = default;
  [[nodiscard]] std::expected<void, std::string> make_maps(const TracerSizes& sizes);
  [[nodiscard]] std::expected<OwnedFd, std::string> attach_program(const TracerProgram& program);
  static u64 counter(const u64& value) { return __atomic_load_n(&value, __ATOMIC_RELAXED); }

  OwnedFd tasks_, control_map_, scratch_, ring_;
  std::vector<OwnedFd> links_;
  OwnedFd entrance_;
  TracerControl* control_ = nullptr;
  std::byte* consumer_ = nullptr;  ///< page with how far this side has read
  std::byte* producer_ = nullptr;  ///< page with how far the programs have written, then the data
  u32 ring_bytes_ = 0;
};

}  // namespace ipcsim::host
