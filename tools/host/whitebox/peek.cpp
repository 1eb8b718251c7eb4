#include "tools/host/whitebox/peek.hpp"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

#include <fmt/format.h>

namespace ipcsim::host {
namespace {

/// The kernel gives the function that reads its memory only to programs under a licence like its
/// own.
constexpr std::string_view kLicence = "Dual BSD/GPL";
constexpr std::string_view kName = "ipcsim_peek";

long bpf(int command, bpf_attr& attributes) {
  return syscall(SYS_bpf, command, &attributes, sizeof attributes);
}

std::string refused(std::string_view what) {
  return fmt::format("BPF refused: {}: {}", what, std::strerror(errno));
}

u64 address_of(const void* p) { return reinterpret_cast<u64>(p); }

constexpr std::size_t kAreaBytes = (sizeof(PeekArea) + 0xffff) & ~std::size_t{0xffff};

int load_program(int map) {
  const std::vector<bpf_insn> code = peek_program(map);
  bpf_attr attributes{};
  attributes.prog_type = BPF_PROG_TYPE_SYSCALL;
  attributes.insns = address_of(code.data());
  attributes.insn_cnt = static_cast<u32>(code.size());
  attributes.license = address_of(kLicence.data());
  attributes.prog_flags = BPF_F_SLEEPABLE;
  kName.copy(attributes.prog_name, sizeof attributes.prog_name - 1);
  return static_cast<int>(bpf(BPF_PROG_LOAD, attributes));
}

}  // namespace

std::expected<std::unique_ptr<Peek>, std::string> Peek::load() {
  bpf_attr attributes{};
  attributes.map_type = BPF_MAP_TYPE_ARRAY;
  attributes.key_size = sizeof(u32);
  attributes.value_size = kAreaBytes;
  attributes.max_entries = 1;
  attributes.map_flags = BPF_F_MMAPABLE;
  const int map = static_cast<int>(bpf(BPF_MAP_CREATE, attributes));
  if (map < 0) {
    return std::unexpected(refused("BPF_MAP_CREATE"));
  }
  void* memory = mmap(nullptr, kAreaBytes, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
  if (memory == MAP_FAILED) {
    const std::string why = refused("mmap()");
    close(map);
    return std::unexpected(why);
  }
  const int program = load_program(map);
  if (program < 0) {
    const std::string why = refused("BPF_PROG_LOAD");
    munmap(memory, kAreaBytes);
    close(map);
    return std::unexpected(why);
  }
  return std::unique_ptr<Peek>(new Peek(map, program, static_cast<PeekArea*>(memory)));
}

Peek::~Peek() {
  munmap(area_, kAreaBytes);
  close(program_);
  close(map_);
}

void Peek::begin() {
  area_->count = 0;
  top_ = sizeof(u64);
}

bool Peek::has_room(u32 bytes, u32 pieces) const {
  return area_->count + pieces <= kMostPeeks && top_ + bytes + 8 * pieces <= kPeekDataBytes;
}

Peeked Peek::ask_from(u32 base, u64 address, u32 bytes) {
  if (!has_room(bytes) || bytes > kPeekPieceBytes) {
    return {.request = kMostPeeks + 1, .at = 0};
  }
  const Peeked piece{.request = area_->count, .at = top_};
  area_->requests[area_->count++] = {
      .address = address, .base = base, .bytes = bytes, .to = top_, .error = -1};
  top_ = (top_ + bytes + 7) & ~7U;
  return piece;
}

std::expected<void, std::string> Peek::run() {
  bpf_attr attributes{};
  attributes.test.prog_fd = static_cast<u32>(program_);
  ++runs_;
  if (bpf(BPF_PROG_TEST_RUN, attributes) != 0) {
    return std::unexpected(refused("BPF_PROG_TEST_RUN"));
  }
  return {};
}

bool Peek::ok(Peeked piece) const {
  return piece.request == kMostPeeks ||
         (piece.request < area_->count && area_->requests[piece.request].error == 0);
}

}  // namespace ipcsim::host
