#include "sim/replay/read_ahead.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include <range/v3/algorithm/lower_bound.hpp>
#include <range/v3/algorithm/sort.hpp>

#include "model/pipe/pipe_at_once.hpp"
#include "model/pipe/pipe_inode.hpp"

namespace ipcsim {
namespace {

/// So many readings are looked at; what lies further ahead is not known.
constexpr std::size_t kMostReadings = 512;
/// Readings beside one that may have come in its place.
constexpr std::size_t kNeighbours = 4;

/// The pipe behind the task's descriptor.
std::optional<PipeId> pipe_of(const Kernel& kernel, TaskId task, Fd fd) {
  if (!kernel.exists(task)) {
    return std::nullopt;
  }
  const KernelState& k = kernel.state();
  const FileId file = k.fd_tables[k.task(task).files].file(fd);
  const bool pipe = file != kNoFile && k.files[file].kind == FileKind::kPipe;
  return pipe ? std::optional{k.files[file].pipe} : std::nullopt;
}

/// How many of the last `len` bytes of a write fit into the pipe now: so many lie together there,
/// behind them perhaps another's.
u64 fitting(const KernelState& k, const PipeInode& pipe, u64 len, bool begins) {
  const u32 page = k.pages.page_size();
  const u32 used = pipe_occupancy(pipe);
  const u64 pages = used < pipe.max_usage ? u64{pipe.max_usage - used} * page : 0;
  const auto chars = static_cast<u32>(len % page);
  if (!begins || used == 0 || chars == 0) {
    return std::min(pages, len);
  }
  PipeInode copy = pipe;  // the slot that is found is one to write to
  const bool merges = pipe_merge_slot(copy, chars, page, *k.profile) != nullptr;
  return std::min(pages + (merges ? chars : 0), len);
}

/// What a task has yet to write, and where to.
struct Rest {
  PipeId pipe;
  std::string_view bytes;  ///< those of them that are known and fit in
};

std::optional<Rest> rest_of(const SearchPosition& at, const Trace& trace, const CallIndex& index,
                            TaskId id) {
  if (!at.knows(id) || at.call[id.v] == kNoCall || at.over[id.v]) {
    return std::nullopt;
  }
  const auto* event = std::get_if<CallEvent>(&trace.events[index.calls[at.call[id.v]].begin].body);
  const auto* write = event == nullptr ? nullptr : get_if<WriteCall>(&event->call);
  const auto pipe = write == nullptr ? std::nullopt : pipe_of(at.kernel.kernel(), id, write->fd);
  if (!pipe) {
    return std::nullopt;
  }
  const Task& task = at.kernel.kernel().state().task(id);
  const auto* progress = std::get_if<WriteInProgress>(&task.progress);
  const u64 done = progress == nullptr ? 0 : progress->locals.done;
  const std::string_view known = write->buf.data.stored_bytes();
  const u64 len = write->buf.data.len();
  if (done >= known.size() || done >= len) {
    return std::nullopt;
  }
  const KernelState& k = at.kernel.kernel().state();
  return Rest{
      *pipe, known.substr(done, fitting(k, k.pipes[*pipe].inode, len - done, progress == nullptr))};
}

/// False when a byte of `a` and the byte of `b` at the same place are known and differ.
bool agree(std::string_view a, std::string_view b) {
  const std::size_t len = std::min(a.size(), b.size());
  return a.substr(0, len) == b.substr(0, len);
}

std::string_view from(std::string_view bytes, u64 at) {
  return at < bytes.size() ? bytes.substr(at) : std::string_view{};
}

}  // namespace

ReadAhead::ReadAhead(const Trace& trace, const CallIndex& index) : trace_(trace), index_(index) {
  for (u32 i = 0; i < index.calls.size(); ++i) {
    const RecordedCall& call = index.calls[i];
    const auto* bytes = call.end ? get_if<ReadBytes>(&call.end->result.out) : nullptr;
    const auto* event = std::get_if<CallEvent>(&trace.events[call.begin].body);
    const auto* read = event == nullptr ? nullptr : get_if<ReadCall>(&event->call);
    if (bytes != nullptr && read != nullptr && bytes->buf.len() > 0) {
      readings_.push_back({i, event->task, read->fd, call.begin, call.end_event, &bytes->buf});
    }
  }
  ranges::sort(readings_, {}, &Reading::end);
}

/// The readings from the pipe that are still to be made, in the order of their ends, until they
/// take `bytes`. Empty when that is too far ahead.
std::vector<const ReadAhead::Reading*> ReadAhead::to_come(const SearchPosition& at, PipeId pipe,
                                                          u64 bytes) const {
  std::vector<const Reading*> coming;
  auto next = ranges::lower_bound(readings_, at.event, {}, &Reading::end);
  std::size_t looked_at = 0;
  std::size_t more = kNeighbours;
  for (u64 sum = 0; next != readings_.end() && more > 0; ++next) {
    const bool over =
        at.knows(next->task) && at.call[next->task.v] == next->call && at.over[next->task.v];
    if (over || pipe_of(at.kernel.kernel(), next->task, next->fd) != pipe) {
      if (++looked_at == kMostReadings) {
        return {};
      }
      continue;
    }
    if (coming.size() == kMostReadings) {
      return {};
    }
    coming.push_back(&*next);
    more -= sum >= bytes ? 1 : 0;
    sum += next->bytes->len();
  }
  return coming;
}

bool ReadAhead::may_write_next(const SearchPosition& at, TaskId task) const {
  const auto rest = rest_of(at, trace_, index_, task);
  if (!rest) {
    return true;
  }
  const u64 begin = pipe_fionread(at.kernel.kernel().state().pipes[rest->pipe].inode).v;
  const u64 end = begin + rest->bytes.size();
  const auto coming = to_come(at, rest->pipe, end);
  u64 pos = 0;
  for (std::size_t i = 0; i < coming.size() && pos < end; ++i) {
    const Reading& here = *coming[i];
    const u64 next = pos + here.bytes->len();
    if (next > begin) {
      const u64 skipped = pos < begin ? begin - pos : 0;
      const std::string_view written = from(rest->bytes, pos < begin ? 0 : pos - begin);
      // Another that overlaps it and took as much may have come in its place.
      const auto fits = [&](const Reading* other) {
        return other->bytes->len() == here.bytes->len() && other->begin <= here.end &&
               here.begin <= other->end &&
               agree(written, from(other->bytes->stored_bytes(), skipped));
      };
      const auto first = coming.begin() + static_cast<std::ptrdiff_t>(i - std::min(i, kNeighbours));
      const auto last = coming.begin() +
                        static_cast<std::ptrdiff_t>(std::min(i + kNeighbours + 1, coming.size()));
      if (!std::any_of(first, last, fits)) {
        return false;
      }
    }
    pos = next;
  }
  return true;
}

}  // namespace ipcsim
