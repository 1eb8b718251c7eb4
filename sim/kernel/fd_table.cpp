#include <algorithm>

#include <range/v3/range/conversion.hpp>
#include <range/v3/view/filter.hpp>
#include <range/v3/view/iota.hpp>
#include <range/v3/view/transform.hpp>

#include "sim/kernel/file.hpp"

namespace ipcsim {
namespace {

bool is_free(const FdTable::Entry& entry) { return entry.file == kNoFile && !entry.reserved; }

}  // namespace

Result<Fd> FdTable::reserve(Fd lowest, u64 rlimit_nofile, bool close_on_exec) {
  std::size_t i = std::max(index(lowest), next_free_);
  while (i < entries_.size() && !is_free(entries_[i])) {
    ++i;
  }
  if (index(lowest) <= next_free_) {
    next_free_ = i;
  }
  if (i >= std::min(rlimit_nofile, kNrOpen)) {
    return fail(Errno::kEMFILE);
  }
  if (i >= entries_.size()) {
    entries_.resize(i + 1);
  }
  entries_[i] = {.reserved = true, .close_on_exec = close_on_exec};
  return Fd{static_cast<i32>(i)};
}

void FdTable::install(Fd fd, FileId file) {
  IPCSIM_CHECK(reserved(fd));
  entries_[index(fd)].file = file;
  entries_[index(fd)].reserved = false;
}

void FdTable::unreserve(Fd fd) {
  IPCSIM_CHECK(reserved(fd));
  entries_[index(fd)] = {};
  next_free_ = std::min(next_free_, index(fd));
  trim();
}

void FdTable::set(Fd fd, FileId file, bool close_on_exec) {
  IPCSIM_CHECK(fd.v >= 0);
  if (index(fd) >= entries_.size()) {
    entries_.resize(index(fd) + 1);
  }
  entries_[index(fd)] = {.file = file, .close_on_exec = close_on_exec};
}

FileId FdTable::clear(Fd fd) {
  const FileId file = this->file(fd);
  IPCSIM_CHECK(file != kNoFile);
  entries_[index(fd)] = {};
  next_free_ = std::min(next_free_, index(fd));
  trim();
  return file;
}

void FdTable::forget_pipe(FileId file) {
  for (Entry& entry : entries_) {
    if (entry.file == file) {
      entry.reads_pipe = entry.writes_pipe = false;
    }
  }
}

bool FdTable::reserved(Fd fd) const {
  return fd.v >= 0 && index(fd) < entries_.size() && entry(fd).reserved;
}

FdTable FdTable::copy_for_one() const {
  FdTable copy = *this;
  copy.users_ = 1;
  for (Entry& entry : copy.entries_) {
    if (entry.reserved) {
      entry = {};
    }
  }
  copy.next_free_ = 0;
  copy.trim();
  return copy;
}

std::vector<Fd> FdTable::open_fds() const {
  return ranges::views::iota(i32{0}, static_cast<i32>(entries_.size())) |
         ranges::views::transform([](i32 i) { return Fd{i}; }) |
         ranges::views::filter([&](Fd fd) { return file(fd) != kNoFile; }) |
         ranges::to<std::vector>();
}

// Free entries at the end go, so that equal tables compare equal.
void FdTable::trim() {
  while (!entries_.empty() && is_free(entries_.back())) {
    entries_.pop_back();
  }
}

}  // namespace ipcsim
