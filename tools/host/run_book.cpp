#include "tools/host/run_book.hpp"

#include <algorithm>

namespace ipcsim::host {
namespace {

/// As many ids of the host as a run has to itself.
constexpr std::size_t kMostIds = 256;

bool differ(const timespec& a, const timespec& b) {
  return a.tv_sec != b.tv_sec || a.tv_nsec != b.tv_nsec;
}

bool whole(const timespec& time) { return time.tv_nsec == 0; }

}  // namespace

std::optional<u32> IdMap::to_host(u32 id) {
  if (!first_ || (keep_root_ && id == 0)) {
    return id;
  }
  const auto known = std::ranges::find(ids_, id);
  const auto index = static_cast<std::size_t>(known - ids_.begin());
  if (known == ids_.end()) {
    if (ids_.size() == kMostIds || id == 0xffff'ffffU) {
      return std::nullopt;
    }
    ids_.push_back(id);
  }
  return *first_ + static_cast<u32>(index);
}

u32 IdMap::from_host(u32 id) const {
  const bool ours = first_ && id >= *first_ && id - *first_ < ids_.size();
  return ours ? ids_[id - *first_] : id;
}

timespec FileBook::in_trace(timespec time, bool whole_seconds) const {
  if (!whole_seconds) {
    return time;
  }
  const auto after = std::ranges::upper_bound(seconds_, static_cast<i64>(time.tv_sec));
  return {.tv_sec = after - seconds_.begin(), .tv_nsec = 0};
}

StatOut FileBook::told(const struct stat& s, const IdMap& ids) {
  const auto [entry, fresh] = files_.try_emplace({s.st_dev, s.st_ino});
  Told& told = entry->second;
  const bool seconds = whole(s.st_atim) && whole(s.st_mtim) && whole(s.st_ctim);
  const timespec atime = in_trace(s.st_atim, seconds);
  const timespec mtime = in_trace(s.st_mtim, seconds);
  const timespec ctime = in_trace(s.st_ctim, seconds);
  u32 changed = 0;
  if (fresh) {
    told.number = static_cast<u32>(files_.size());
    told.pipe = S_ISFIFO(s.st_mode);
  } else {
    changed |= differ(told.atime, atime) ? kAtimeChanged : 0;
    changed |= differ(told.mtime, mtime) ? kMtimeChanged : 0;
    changed |= differ(told.ctime, ctime) ? kCtimeChanged : 0;
  }
  told.atime = atime;
  told.mtime = mtime;
  told.ctime = ctime;
  return {.ino = told.number,
          .mode = s.st_mode,
          .nlink = static_cast<u32>(s.st_nlink),
          .uid = ids.from_host(s.st_uid),
          .gid = ids.from_host(s.st_gid),
          .size = static_cast<u64>(s.st_size),
          .blksize = static_cast<u64>(s.st_blksize),
          .blocks = static_cast<u64>(s.st_blocks),
          .changed = StatTimes{changed}};
}

std::optional<u32> FileBook::pipe_number(u64 inode) const {
  const auto file = std::ranges::find_if(
      files_, [&](const auto& entry) { return entry.first.second == inode && entry.second.pipe; });
  return file == files_.end() ? std::nullopt : std::optional{file->second.number};
}

}  // namespace ipcsim::host
