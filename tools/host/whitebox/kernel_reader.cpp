#include "tools/host/whitebox/kernel_reader.hpp"

#include <optional>

#include "tools/host/whitebox/ops_names.hpp"
#include "tools/host/whitebox/task_finder.hpp"

namespace ipcsim::host {

std::expected<KernelReader, std::string> KernelReader::open() {
  auto peek = Peek::load();
  if (!peek) {
    return std::unexpected(peek.error());
  }
  const auto btf = Btf::of_this_kernel();
  if (!btf) {
    return std::unexpected(btf.error());
  }
  auto layout = KernelLayout::of(*btf);
  if (!layout) {
    return std::unexpected(layout.error());
  }
  KernelReader reader{.peek = *std::move(peek), .layout = *layout, .ops = {}, .pid_level = 0};
  const auto level = own_pid_level(*reader.peek, reader.layout);
  if (!level) {
    return std::unexpected("BPF refused: kernel memory cannot be read");
  }
  reader.pid_level = *level;
  reader.ops = learn_ops(*reader.peek, reader.layout);
  return reader;
}

std::expected<KernelReader*, std::string> KernelReader::of_this_thread() {
  thread_local std::optional<std::expected<KernelReader, std::string>> reader;
  if (!reader) {
    reader = open();
  }
  if (!reader->has_value()) {
    return std::unexpected(reader->error());
  }
  return &reader->value();
}

}  // namespace ipcsim::host
