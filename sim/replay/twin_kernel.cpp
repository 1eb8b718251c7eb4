#include "sim/replay/twin_kernel.hpp"

#include <utility>

#include "sim/kernel/splice_file.hpp"
#include "sim/replay/compare.hpp"

namespace ipcsim {
namespace {

/// Visits the bytes that a call hands to the kernel; everything else is passed over.
template <class F>
struct InBufferVisitor {
  F visit;

  void field(std::string_view /*name*/, auto& /*value*/) {}
  void mode(std::string_view /*name*/, auto& /*value*/) {}
  void fcntl_arg(std::string_view /*name*/, auto& /*cmd*/, auto& /*value*/) {}
  void out_buffer(std::string_view /*pointer*/, std::string_view /*length*/, auto& /*segment*/) {}
  void out_iov(std::string_view /*name*/, auto& /*segments*/) {}
  void entry(MqEntry /*entry*/) {}
  void in_buffer(std::string_view /*pointer*/, std::string_view /*length*/, auto& segment) {
    visit(segment.data);
  }
  void page_iov(std::string_view /*name*/, auto& segments) {
    for (auto& segment : segments) {
      visit(segment.memory.data);
    }
  }
  void payload(std::string_view /*name*/, auto& bytes) { visit(bytes); }
  void in_iov(std::string_view /*name*/, auto& segments) {
    for (auto& segment : segments) {
      visit(segment.data);
    }
  }
};

template <class AnyCall, class F>
void each_in_buffer(AnyCall& call, F on_bytes) {
  InBufferVisitor<F> visitor{std::move(on_bytes)};
  visit([&](auto& c) { std::remove_cvref_t<decltype(c)>::each_field(c, visitor); }, call);
}

/// The payload with `filler` for what is not known. A pattern's bytes are known; of a payload that
/// is not known at all two patterns differ in every byte.
Payload filled(const Payload& payload, u8 filler) {
  if (payload.known()) {
    return payload;
  }
  const std::string_view known = payload.stored_bytes();
  if (known.empty()) {
    return Payload::of_pattern(payload.len(), filler);
  }
  std::string bytes(known);
  bytes.resize(payload.len(), static_cast<char>(filler));
  return Payload::of_bytes(bytes);
}

Call filled(Call call, u8 filler) {
  each_in_buffer(call, [&](Payload& bytes) { bytes = filled(bytes, filler); });
  return call;
}

/// The call as the second kernel makes it: what it takes from a file that is not under study lies
/// at another place there.
Call taking_elsewhere(const Kernel& kernel, TaskId task, Call call) {
  const KernelState& k = kernel.state();
  const auto move = [&](Fd fd, UserPtr<i64>& offset) {
    const FileId file = k.fd_tables[k.task(task).files].file(fd);
    if (file != kNoFile && k.files[file].kind == FileKind::kOther && !offset.is_bad()) {
      offset = UserPtr<i64>::of(static_cast<i64>(kElsewhere));
    }
  };
  if (auto* splice = get_if<SpliceCall>(&call)) {
    move(splice->fd_in, splice->off_in);
  } else if (auto* sendfile = get_if<SendfileCall>(&call)) {
    move(sendfile->in_fd, sendfile->offset);
  }
  return call;
}

/// True when each byte of `expected` is the one that came, or none that is known came.
bool bytes_agree(const Payload& expected, const Payload& came, const Payload& twin) {
  if (expected.len() != came.len() || came.len() != twin.len()) {
    return false;
  }
  const std::string a = came.to_string();
  const std::string b = twin.to_string();
  const std::string wanted = expected.to_string();
  for (u64 i = 0; i < expected.known_len(); ++i) {
    if (a[i] == b[i] && a[i] != wanted[i]) {
      return false;
    }
  }
  return true;
}

}  // namespace

TwinKernel::TwinKernel(const Environment& environment, const KernelProfile& profile,
                       bool some_unknown)
    : first_(environment, profile, Contents::kKept) {
  if (some_unknown) {
    second_.emplace(environment, profile, Contents::kKept);
  }
}

u64 TwinKernel::visible_hash() const {
  Hasher hasher;
  hasher.add(first_.visible_hash());
  if (second_) {
    hasher.add(second_->visible_hash());
  }
  return hasher.value();
}

void TwinKernel::post(TaskId task, const Call& call) {
  if (!second_ || !has_unknown_bytes(call)) {
    first_.post(task, call);
    if (second_) {
      second_->post(task, call);
    }
    return;
  }
  first_.post(task, filled(call, 0));
  second_->post(task, taking_elsewhere(*second_, task, filled(call, 1)));
}

std::optional<std::string> TwinKernel::post_signal(TaskId task, Signal signal) {
  if (second_) {
    static_cast<void>(second_->post_traced_signal(task, signal));
  }
  return first_.post_traced_signal(task, signal);
}

std::optional<std::string> TwinKernel::post_other_fd(TaskId task, Fd fd, bool cloexec) {
  if (second_) {
    static_cast<void>(second_->post_other_fd(task, fd, cloexec));
  }
  return first_.post_other_fd(task, fd, cloexec);
}

void TwinKernel::advance(Nanoseconds by) {
  first_.advance(by);
  if (second_) {
    second_->advance(by);
  }
}

void TwinKernel::run_section(TaskId task) {
  first_.run_section(task);
  if (second_) {
    second_->run_section(task);
  }
}

std::vector<TwinKernel::End> TwinKernel::take_completions() {
  std::vector<Completion> own = first_.take_completions();
  std::vector<Completion> twins = second_ ? second_->take_completions() : own;
  std::vector<End> ends;
  ends.reserve(own.size());
  for (std::size_t i = 0; i < own.size(); ++i) {
    ends.push_back({std::move(own[i]), std::move(twins[i])});
  }
  return ends;
}

bool agrees(const Completion& expected, const TwinKernel::End& end) {
  if (agrees(expected, end.completion) || agrees(expected, end.twin)) {
    return true;
  }
  const auto* wanted = get_if<ReadBytes>(&expected.result.out);
  const auto* came = get_if<ReadBytes>(&end.completion.result.out);
  const auto* twin = get_if<ReadBytes>(&end.twin.result.out);
  if (wanted == nullptr || came == nullptr || twin == nullptr) {
    return false;
  }
  Completion lengths = expected;
  lengths.result.out = std::monostate{};
  return agrees(lengths, end.completion) && bytes_agree(wanted->buf, came->buf, twin->buf);
}

bool has_unknown_bytes(const Call& call) {
  // What a file holds that is not under study is not known either.
  bool unknown = holds_alternative<SpliceCall>(call) || holds_alternative<SendfileCall>(call);
  each_in_buffer(call, [&](const Payload& bytes) { unknown |= !bytes.known(); });
  return unknown;
}

}  // namespace ipcsim
