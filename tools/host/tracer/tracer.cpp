#include "tools/host/tracer/tracer.hpp"

#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <string_view>

#include <fmt/format.h>

namespace ipcsim::host {
namespace {

/// Functions that read memory are given only to programs under a licence like the kernel's.
constexpr std::string_view kLicence = "Dual BSD/GPL";
constexpr std::size_t kPage = 4096;
constexpr std::size_t kControlBytes = (sizeof(TracerControl) + kPage - 1) & ~(kPage - 1);
constexpr u32 kMostTasks = 16'384;

long bpf(int command, bpf_attr& attributes) {
  return syscall(SYS_bpf, command, &attributes, sizeof attributes);
}

std::unexpected<std::string> refused(std::string_view what) {
  return std::unexpected(fmt::format("BPF refused: {}: {}", what, std::strerror(errno)));
}

u64 address_of(const void* p) { return reinterpret_cast<u64>(p); }

std::expected<OwnedFd, std::string> make_map(u32 type, u32 key, u32 value, u32 entries, u32 flags) {
  bpf_attr attributes{};
  attributes.map_type = type;
  attributes.key_size = key;
  attributes.value_size = value;
  attributes.max_entries = entries;
  attributes.map_flags = flags;
  const auto fd = static_cast<int>(bpf(BPF_MAP_CREATE, attributes));
  if (fd < 0) {
    return refused("BPF_MAP_CREATE");
  }
  return OwnedFd{fd};
}

int load(const TracerProgram& program, std::string& log) {
  bpf_attr attributes{};
  attributes.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT;
  attributes.insns = address_of(program.code.data());
  attributes.insn_cnt = static_cast<u32>(program.code.size());
  attributes.license = address_of(kLicence.data());
  if (!log.empty()) {
    attributes.log_buf = address_of(log.data());
    attributes.log_size = static_cast<u32>(log.size());
    attributes.log_level = 1;
  }
  return static_cast<int>(bpf(BPF_PROG_LOAD, attributes));
}

/// The last lines of what the verifier says.
std::string last_lines(const std::string& log) {
  const std::string_view text(log.c_str());
  constexpr std::size_t kMost = 600;
  return std::string(text.substr(text.size() - std::min(text.size(), kMost)));
}

}  // namespace

OwnedFd::~OwnedFd() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

std::expected<void, std::string> Tracer::make_maps(const TracerSizes& sizes) {
  const auto take = [](OwnedFd& to, std::expected<OwnedFd, std::string> map) {
    if (!map) {
      return map.error();
    }
    to = *std::move(map);
    return std::string{};
  };
  const auto processors = static_cast<u32>(::sysconf(_SC_NPROCESSORS_CONF));
  ring_bytes_ = sizes.ring_bytes;
  for (const std::string& error :
       {take(tasks_, make_map(BPF_MAP_TYPE_HASH, 8, sizeof(TracedTask), kMostTasks, 0)),
        take(control_map_,
             make_map(BPF_MAP_TYPE_ARRAY, 4, sizeof(TracerControl), 1, BPF_F_MMAPABLE)),
        take(scratch_, make_map(BPF_MAP_TYPE_ARRAY, 4, kScratchBytes, processors, 0)),
        take(ring_, make_map(BPF_MAP_TYPE_RINGBUF, 0, 0, ring_bytes_, 0))}) {
    if (!error.empty()) {
      return std::unexpected(error);
    }
  }
  const auto map = [](std::size_t bytes, int rights, int fd, off_t at) -> std::byte* {
    void* memory = ::mmap(nullptr, bytes, rights, MAP_SHARED, fd, at);
    return memory == MAP_FAILED ? nullptr : static_cast<std::byte*>(memory);
  };
  control_ = reinterpret_cast<TracerControl*>(
      map(kControlBytes, PROT_READ | PROT_WRITE, control_map_.get(), 0));
  consumer_ = map(kPage, PROT_READ | PROT_WRITE, ring_.get(), 0);
  producer_ = map(kPage + 2 * std::size_t{ring_bytes_}, PROT_READ, ring_.get(), kPage);
  if (control_ == nullptr || consumer_ == nullptr || producer_ == nullptr) {
    return refused("mmap()");
  }
  return {};
}

Tracer::~Tracer() {
  links_.clear();
  close_entrance();
  if (control_ != nullptr) {
    ::munmap(control_, kControlBytes);
  }
  if (consumer_ != nullptr) {
    ::munmap(consumer_, kPage);
  }
  if (producer_ != nullptr) {
    ::munmap(producer_, kPage + 2 * std::size_t{ring_bytes_});
  }
}

std::expected<OwnedFd, std::string> Tracer::attach_program(const TracerProgram& program) {
  std::string log;
  OwnedFd loaded{load(program, log)};
  if (loaded.get() < 0) {
    const int error = errno;
    log.resize(std::size_t{1} << 20U);
    loaded = OwnedFd{load(program, log)};
    errno = error;
    return std::unexpected(fmt::format("BPF refused: the program of {}: {} {}", program.tracepoint,
                                       std::strerror(error), last_lines(log)));
  }
  const std::string name(program.tracepoint);
  bpf_attr attributes{};
  attributes.raw_tracepoint.name = address_of(name.c_str());
  attributes.raw_tracepoint.prog_fd = static_cast<u32>(loaded.get());
  const auto link = static_cast<int>(bpf(BPF_RAW_TRACEPOINT_OPEN, attributes));
  if (link < 0) {
    return refused(fmt::format("the tracepoint {}", name));
  }
  return OwnedFd{link};
}

std::expected<std::unique_ptr<Tracer>, std::string> Tracer::attach(const TracerSizes& sizes) {
#ifndef __x86_64__
  return std::unexpected("the tracer knows the registers of x86-64 alone");
#endif
  std::unique_ptr<Tracer> tracer(new Tracer);
  if (auto made = tracer->make_maps(sizes); !made) {
    return std::unexpected(std::move(made.error()));
  }
  const auto btf = Btf::of_this_kernel();
  if (!btf) {
    return std::unexpected(btf.error());
  }
  const auto layout = TracerLayout::of(*btf);
  if (!layout) {
    return std::unexpected(layout.error());
  }
  const std::vector<std::string_view> shapes = call_shapes();
  for (const TracedCall& call : traced_calls()) {
    const auto shape = std::ranges::find(shapes, call.args) - shapes.begin();
    tracer->control_->shape[call.nr] = static_cast<u8>(shape + 1);
  }
  while (tracer->control_->key == 0) {
    if (::getrandom(&tracer->control_->key, sizeof(u64), 0) != sizeof(u64)) {
      return std::unexpected(fmt::format("getrandom(): {}", std::strerror(errno)));
    }
  }
  const TracerMaps maps{.tasks = tracer->tasks_.get(),
                        .control = tracer->control_map_.get(),
                        .scratch = tracer->scratch_.get(),
                        .ring = tracer->ring_.get()};
  for (const TracerProgram& program : tracer_programs(maps, *layout, sizes)) {
    auto link = tracer->attach_program(program);
    if (!link) {
      return std::unexpected(std::move(link.error()));
    }
    tracer->links_.push_back(*std::move(link));
  }
  tracer->entrance_ = std::move(tracer->links_.back());
  tracer->links_.pop_back();
  return tracer;
}

void Tracer::drain(const std::function<void(std::span<const std::byte>)>& take) {
  constexpr u64 kHeader = BPF_RINGBUF_HDR_SZ;
  auto* consumed = reinterpret_cast<u64*>(consumer_);
  const auto* produced = reinterpret_cast<const u64*>(producer_);
  u64 at = *consumed;
  while (at < __atomic_load_n(produced, __ATOMIC_ACQUIRE)) {
    const std::byte* record = producer_ + kPage + (at & (ring_bytes_ - 1));
    const u32 length = __atomic_load_n(reinterpret_cast<const u32*>(record), __ATOMIC_ACQUIRE);
    if ((length & BPF_RINGBUF_BUSY_BIT) != 0) {
      break;
    }
    const u32 bytes = length & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
    if ((length & BPF_RINGBUF_DISCARD_BIT) == 0) {
      take({record + kHeader, bytes});
    }
    at += (bytes + kHeader + 7) & ~u64{7};
    __atomic_store_n(consumed, at, __ATOMIC_RELEASE);
  }
}

}  // namespace ipcsim::host
