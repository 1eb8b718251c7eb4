#include "sim/fuzz/scene.hpp"

#include <algorithm>

namespace ipcsim {
namespace {

/// Most bytes of one transfer: more than a default pipe holds, and cheap to copy.
constexpr u64 kMostBytes = 150'000;
constexpr i32 kLowFds = 12;

/// `center`, or a little more or less.
u64 about(Random& chance, u64 center) {
  const u64 spread = chance.one_in(3) ? chance.below(50) : chance.below(2);
  return chance.one_in(2) ? center + spread : center - std::min(center, spread);
}

}  // namespace

const File* Scene::file_of(Fd fd) const {
  const FileId file = k.fd_tables[k.task(task).files].file(fd);
  return file == kNoFile ? nullptr : &k.files[file];
}

const PipeInode* Scene::pipe_of(Fd fd) const {
  const File* file = file_of(fd);
  return file != nullptr && file->kind == FileKind::kPipe && !file->path_only
             ? &k.pipes[file->pipe].inode
             : nullptr;
}

const MqueueInode* Scene::queue_of(Fd fd) const {
  const File* file = file_of(fd);
  return file != nullptr && file->kind == FileKind::kMqueue && !file->path_only
             ? &k.mqueues[file->mqueue].inode
             : nullptr;
}

bool Scene::in_focus(const File& file) const {
  return (file.kind == FileKind::kPipe && file.pipe == focus_.pipe) ||
         (file.kind == FileKind::kMqueue && file.mqueue == focus_.queue);
}

std::optional<Fd> Scene::fd_where(const std::function<bool(const File&)>& wanted) const {
  std::vector<Fd> all;
  std::vector<Fd> focused;
  for (const Fd fd : k.fd_tables[k.task(task).files].open_fds()) {
    const File& file = *file_of(fd);
    if (wanted(file)) {
      all.push_back(fd);
      if (in_focus(file)) {
        focused.push_back(fd);
      }
    }
  }
  if (all.empty()) {
    return std::nullopt;
  }
  return focused.empty() || chance.one_in(8) ? chance.one_of(all) : chance.one_of(focused);
}

std::optional<Fd> Scene::read_end() const {
  if (bad()) {
    const Fd fd = any_fd();
    return queue_of(fd) == nullptr ? std::optional(fd) : std::nullopt;
  }
  return fd_where([](const File& f) { return f.kind == FileKind::kPipe && f.f_mode.read; });
}

std::optional<Fd> Scene::write_end() const {
  if (bad()) {
    return any_fd();
  }
  return fd_where([](const File& f) { return f.kind == FileKind::kPipe && f.f_mode.write; });
}

std::optional<Fd> Scene::queue() const {
  if (bad()) {
    return any_fd();
  }
  return fd_where([](const File& f) { return f.kind == FileKind::kMqueue; });
}

Fd Scene::any_fd() const {
  if (chance.one_in(15)) {
    return Fd{chance.one_of({-1, 100, 1000, 1024})};
  }
  if (chance.one_in(10)) {
    return target_fd();
  }
  return fd_where([](const File&) { return true; }).value_or(Fd{0});
}

Fd Scene::target_fd() const { return Fd{static_cast<i32>(chance.below(kLowFds))}; }

u64 Scene::len_to_write(const PipeInode& pipe) const {
  const u64 page = page_size();
  const u64 free = pipe_full(pipe) ? 0 : pipe.max_usage - pipe_occupancy(pipe);
  switch (chance.below(12)) {
    case 0:
      return chance.one_in(4) ? 0 : 1;
    case 1:
    case 2: {  // what the last slot has room for
      const PipeBuffer& last = pipe.slot(pipe.head - 1);
      const u64 room = pipe_empty(pipe) ? page : page - std::min<u64>(page, last.offset + last.len);
      return about(chance, room + chance.below(2) * page);
    }
    case 3:
    case 4:
      return about(chance, page * chance.between(1, 4));
    case 5:
    case 6:  // what the ring has room for
      return std::min(kMostBytes, about(chance, free * page));
    case 7:  // more than fits
      return std::min(kMostBytes, (free + chance.between(1, 3)) * page + chance.below(page));
    case 8:
      return chance.between(1, 3 * page);
    default:
      return chance.between(1, 200);
  }
}

u64 Scene::len_to_read(const PipeInode& pipe) const {
  const u64 all = pipe_fionread(pipe).v;
  switch (chance.below(10)) {
    case 0:
      return chance.one_in(4) ? 0 : 1;
    case 1:
    case 2:
      return pipe_empty(pipe) ? page_size() : about(chance, pipe.slot(pipe.tail).len);
    case 3:
    case 4:
      return std::min(kMostBytes, about(chance, all));
    case 5:
      return page_size() * chance.between(1, 4);
    case 6:
      return 1'000'000;
    default:
      return chance.between(1, 2 * u64{page_size()});
  }
}

UserSegment Scene::bytes(u64 len) const {
  UserSegment segment{.data = Payload::of_pattern(len, static_cast<u8>(chance.below(251))),
                      .len = len};
  if (bad()) {
    segment.mapped = chance.one_in(3) ? 0 : chance.below(len + 1);
  }
  return segment;
}

UserSegment Scene::room(u64 len) const {
  UserSegment segment{.data = {}, .len = len};
  if (bad()) {
    segment.mapped = chance.one_in(3) ? 0 : chance.below(len + 1);
  }
  return segment;
}

std::string Scene::name() const {
  if (chance.one_in(40)) {
    return chance.one_of<const char*>({"", ".", "..", "missing"});
  }
  return chance.one_of<const char*>({"a", "b", "c"});
}

i32 Scene::near_timeout_ms() const {
  constexpr i64 kMillisecond = 1'000'000;
  i64 last_ns = 0;
  for (const Task& other : k.tasks) {
    const auto deadline = other.rare().deadline;
    if (other.state == TaskState::kAsleep && deadline &&
        deadline->v - k.now.v < kNanosecondsPerSecond) {
      last_ns = std::max(last_ns, deadline->v - k.now.v);
    }
  }
  return static_cast<i32>(last_ns / kMillisecond) + static_cast<i32>(chance.between(4, 8));
}

TaskId Scene::other_task() const {
  if (chance.one_in(30)) {
    return TaskId{chance.below32(static_cast<u32>(k.tasks.size()) + 2)};
  }
  std::vector<TaskId> living;
  for (u32 number = 1; number <= k.tasks.size(); ++number) {
    if (k.exists(TaskId{number})) {
      living.push_back(TaskId{number});
    }
  }
  return chance.one_of(living);
}

}  // namespace ipcsim
