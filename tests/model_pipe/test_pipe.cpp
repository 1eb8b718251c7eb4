#include "tests/model_pipe/test_pipe.hpp"

#include <array>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "model/base/kernel_profile.hpp"
#include "model/base/text.hpp"

namespace ipcsim {
namespace {

/// Runs of at least so many equal slots are printed as one.
constexpr std::size_t kRun = 4;

std::string flags_and_ops(const PipeBuffer& buf) {
  constexpr std::array<std::string_view, 7> kOps{"none",    "anon",    "page_cache", "user_page",
                                                 "default", "nosteal", "zero"};
  const char* flags = (buf.flags & kPipeBufFlagCanMerge) != 0 ? "M"
                      : (buf.flags & kPipeBufFlagPacket) != 0 ? "P"
                      : (buf.flags & kPipeBufFlagGift) != 0   ? "G"
                                                              : "-";
  return fmt::format("{} {}", flags, kOps[static_cast<std::size_t>(buf.ops)]);
}

std::string slot_text(const PipeBuffer& buf) {
  return fmt::format("off={} len={} {}", buf.offset, buf.len, flags_and_ops(buf));
}

}  // namespace

UserSegment segment(u64 len, u64 mapped) {
  return {.data = Payload::of_pattern(len, 0), .len = len, .mapped = mapped};
}

std::string text_of(const Result<Bytes>& result) {
  return result ? fmt::format("{}", result->v) : fmt::format("-1 {}", errno_name(result.error()));
}

std::string text_of(const PipeEffects& effects) {
  std::vector<PipeEffect> list;
  effects.each([&](PipeEffect effect) { list.push_back(effect); });
  return joined(list, ", ", [](PipeEffect effect) {
    constexpr std::array<std::string_view, 9> kNames{
        "SIGPIPE",          "wake rd_wait",     "wake wr_wait",
        "wake all rd_wait", "wake all wr_wait", "SIGIO readers",
        "SIGIO writers",    "wake any rd_wait", "wake any wr_wait"};
    return std::string(kNames[static_cast<std::size_t>(effect)]);
  });
}

std::string poll_text(u32 mask) {
  constexpr std::array<std::pair<u32, std::string_view>, 6> kBits{{{kPollIn, "POLLIN"},
                                                                   {kPollOut, "POLLOUT"},
                                                                   {kPollErr, "POLLERR"},
                                                                   {kPollHup, "POLLHUP"},
                                                                   {kPollRdNorm, "POLLRDNORM"},
                                                                   {kPollWrNorm, "POLLWRNORM"}}};
  std::vector<std::string> names;
  for (const auto& [bit, name] : kBits) {
    if ((mask & bit) != 0) {
      names.emplace_back(name);
    }
  }
  return names.empty() ? "0" : joined(names, "|", [](const std::string& name) { return name; });
}

std::string RingPrinter::page(PageId page) {
  const auto [entry, fresh] = names_.try_emplace(page, static_cast<u32>(names_.size()));
  return fmt::format("pg{}", entry->second);
}

std::string RingPrinter::operator()(const PipeInode& pipe) {
  std::string text = fmt::format("head={} tail={}", pipe.head, pipe.tail);
  const auto field = [&](std::string_view name, u32 value, u32 usual) {
    if (value != usual) {
      text += fmt::format(" {}={}", name, value);
    }
  };
  field("max_usage", pipe.max_usage, kPipeDefBuffers);
  field("ring_size", pipe.ring_size, kPipeDefBuffers);
  field("nr_accounted", pipe.nr_accounted, kPipeDefBuffers);
  field("readers", pipe.readers, 1);
  field("writers", pipe.writers, 1);
  field("files", pipe.files, 2);
  field("r_counter", pipe.r_counter, 1);
  field("w_counter", pipe.w_counter, 1);
  field("poll_usage", pipe.poll_usage ? 1 : 0, 0);
  text += " tmp_page=[";
  text += joined(pipe.tmp_page, ",",
                 [&](PageId id) { return id == kNoPage ? std::string("-") : page(id); });
  text += "] |";
  if (pipe_empty(pipe)) {
    return text + " empty";
  }
  const auto place = [&](u32 index) { return index & (pipe.ring_size - 1); };
  for (u32 index = pipe.tail; index != pipe.head;) {
    const u32 first = index;
    std::vector<std::string> pages;
    while (index != pipe.head && slot_text(pipe.slot(index)) == slot_text(pipe.slot(first))) {
      pages.push_back(page(pipe.slot(index++).page));
    }
    if (pages.size() >= kRun) {
      text += fmt::format(" {}..{}:{{{}}}", place(first), place(index - 1),
                          slot_text(pipe.slot(first)));
      continue;
    }
    for (u32 i = 0; i < pages.size(); ++i) {
      text += fmt::format(" {}:{{{} {}}}", place(first + i), pages[i], slot_text(pipe.slot(first)));
    }
  }
  return text;
}

TestPipe::TestPipe(Contents contents) : pages(4096, contents) {
  inode = alloc_pipe_info(user, limits, caps, pages.page_size(), *profile).value();
}

TestPipe TestPipe::pipe2(bool nonblock, bool packets, Contents contents) {
  TestPipe pipe(contents);
  pipe.anonymous_ = true;
  pipe.inode.readers = 1;
  pipe.inode.writers = 1;
  pipe.inode.files = 2;
  pipe.files_.push_back({.mode = {.read = true}, .nonblock = nonblock, .open = true});
  pipe.files_.push_back(
      {.mode = {.write = true}, .nonblock = nonblock, .packets = packets, .open = true});
  return pipe;
}

TestPipe TestPipe::fifo() { return TestPipe(Contents::kKept); }

void TestPipe::check() const {
  if (const auto broken = broken_invariant(inode, pages, *profile)) {
    ADD_FAILURE() << *broken;
  }
}

u32 TestPipe::open(std::string_view mode, bool nonblock) {
  files_.push_back(
      {.mode = {.read = mode.contains('r'), .write = mode.contains('w')}, .nonblock = nonblock});
  const u32 number = static_cast<u32>(files_.size()) - 1;
  ++inode.files;
  resume_open(number);
  return number;
}

const std::string& TestPipe::resume_open(u32 number, bool signal_pending) {
  TestFile& f = files_[number];
  const FifoOpenSection section =
      fifo_open_section(inode, f.opening, f.mode, f.nonblock, anonymous_, signal_pending);
  effects_ = section.effects;
  if (section.asleep) {
    open_result_ = "asleep";
  } else if (section.error != Errno::kOk) {
    open_result_ = text_of(fail(section.error));
    --inode.files;
  } else {
    open_result_ = "ok";
    f.open = true;
    f.f_pipe = section.f_pipe;
  }
  check();
  return open_result_;
}

void TestPipe::close(u32 number) {
  ASSERT_TRUE(std::exchange(files_[number].open, false));
  effects_ = {};
  pipe_release(inode, files_[number].mode, effects_, *profile);
  --inode.files;
  if (inode.files > 0) {
    check();
  }
}

std::string TestPipe::finish(const PipeSection& section) {
  effects_ = section.effects;
  check();
  return section.end == PipeSectionEnd::kAsleep ? "asleep" : text_of(section.result);
}

std::string TestPipe::write_to(u32 number, Segments segments) {
  TestCall call{.file = number, .segments = std::move(segments), .write = {}, .read = {}};
  return write_section(call);
}

std::string TestPipe::read_from(u32 number, Segments segments) {
  TestCall call{.file = number, .segments = std::move(segments), .write = {}, .read = {}};
  return read_section(call);
}

TestCall TestPipe::start_write(u64 len, u32 number) {
  return {.file = number, .segments = {segment(len)}, .write = {}, .read = {}};
}

TestCall TestPipe::start_read(u64 len, u32 number) { return start_write(len, number); }

std::string TestPipe::write_section(TestCall& call, bool signal_pending) {
  const TestFile& f = files_[call.file];
  return finish(pipe_write_section(
      inode, call.write, call.segments,
      {.nonblock = f.nonblock, .packets = f.packets, .signal_pending = signal_pending}, pages,
      *profile));
}

std::string TestPipe::read_section(TestCall& call, bool signal_pending) {
  const TestFile& f = files_[call.file];
  SharedBytes out;
  const PipeSection section = pipe_read_section(
      inode, call.read, call.segments, pages.contents() == Contents::kKept ? &out : nullptr,
      {.nonblock = f.nonblock, .signal_pending = signal_pending}, pages, *profile);
  bytes_ = out.view();
  return finish(section);
}

std::string TestPipe::set_size(u64 size) {
  effects_ = {};
  const auto result =
      pipe_set_size(inode, Bytes{size}, user, limits, caps, pages.page_size(), *profile, effects_);
  check();
  return text_of(result);
}

std::string TestPipe::poll(u32 number) {
  const TestFile& f = files_[number];
  return poll_text(pipe_poll_mask(inode, f.mode, f.f_pipe));
}

}  // namespace ipcsim
