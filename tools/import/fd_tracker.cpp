#include "tools/import/fd_tracker.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <range/v3/algorithm/any_of.hpp>

namespace ipcsim::strace {
namespace {

/// Numbers above this are not looked through one by one.
constexpr i32 kMostExplained = 1 << 16;

}  // namespace

FdTable::FdTable(std::shared_ptr<RootFds> root) : root_(std::move(root)) {
  for (const i32 fd : {0, 1, 2}) {
    slot(fd) = {.kind = FdKind::kOther,
                .presumed = true,
                .path = {},
                .inherited = InheritedFd{root_->number, fd}};
  }
}

FdSlot& FdTable::slot(i32 fd) { return slots_[fd]; }

const FdSlot* FdTable::find(i32 fd) const {
  const auto found = slots_.find(fd);
  return found == slots_.end() ? nullptr : &found->second;
}

std::optional<FdKind> FdTable::coming(i32 fd) const {
  const auto found = coming_.find(fd);
  return found == coming_.end() ? std::nullopt : std::optional{found->second};
}

void FdTable::install(i32 fd, FdKind kind, bool cloexec, std::string path) {
  coming_.erase(fd);
  slot(fd) = {.kind = kind,
              .cloexec = cloexec,
              .presumed = false,
              .generation = ++generations_,
              .path = std::move(path)};
  ever_ours_ = ever_ours_ || matters(kind);
}

void FdTable::install_copy(i32 fd, const FdSlot& like, bool cloexec) {
  coming_.erase(fd);
  FdSlot& made = slot(fd);
  made = like;
  made.cloexec = cloexec;
  made.presumed = false;
  made.generation = ++generations_;
  ever_ours_ = ever_ours_ || matters(made.kind);
}

void FdTable::adopt(i32 fd, std::shared_ptr<InheritedEnd> end) {
  root_->inherited.insert(fd);
  slot(fd) = {.kind = FdKind::kPipe,
              .generation = ++generations_,
              .path = {},
              .inherited = InheritedFd{root_->number, fd},
              .end = std::move(end)};
  ever_ours_ = true;
}

void FdTable::close(i32 fd) {
  slot(fd) = {.generation = ++generations_, .path = {}};
  all_open_below_ = std::min(all_open_below_, fd);
}

void FdTable::close_if(i32 fd, u32 generation) {
  const FdSlot* found = find(fd);
  if (found == nullptr || found->generation == generation) {
    close(fd);
  }
}

void FdTable::set_cloexec(i32 fd, bool cloexec) {
  if (const auto found = slots_.find(fd); found != slots_.end()) {
    found->second.cloexec = cloexec;
  }
}

void FdTable::set_kind(i32 fd, FdKind kind) { slot(fd).kind = kind; }

void FdTable::close_on_exec() {
  for (auto& [fd, slot] : slots_) {
    if (slot.cloexec && slot.kind != FdKind::kClosed) {
      slot = {.generation = ++generations_, .path = {}};
      all_open_below_ = std::min(all_open_below_, fd);
    }
  }
}

bool FdTable::inherit(i32 fd, FdKind kind) {
  if (find(fd) != nullptr || root_->not_inherited.contains(fd)) {
    return false;
  }
  root_->inherited.insert(fd);
  slot(fd) = {.kind = kind,
              .generation = ++generations_,
              .path = {},
              .inherited = InheritedFd{root_->number, fd}};
  return true;
}

void FdTable::saw_free(i32 fd) {
  const FdSlot* found = find(fd);
  if (found == nullptr) {
    root_->not_inherited.insert(fd);
  } else if (found->presumed) {
    root_->inherited.erase(fd);
    root_->not_inherited.insert(fd);
  } else {
    return;
  }
  close(fd);
}

std::vector<i32> FdTable::explain_lower(i32 lowest, i32 fd) {
  std::vector<i32> unexplained;
  const auto is_open = [&](i32 number) {
    const FdSlot* found = find(number);
    return found != nullptr && found->kind != FdKind::kClosed;
  };
  while (all_open_below_ < fd && is_open(all_open_below_)) {
    ++all_open_below_;
  }
  for (i32 lower = std::max(lowest, all_open_below_); lower < std::min(fd, kMostExplained);
       ++lower) {
    if (!is_open(lower) && !coming_.contains(lower) && !inherit(lower, FdKind::kOther)) {
      unexplained.push_back(lower);
    }
  }
  return unexplained;
}

std::pair<Fd, Fd> lowest_free(const FdTable& table) {
  std::array<Fd, 2> found;
  std::size_t count = 0;
  for (i32 fd = 0; count < found.size(); ++fd) {
    const FdSlot* slot = table.find(fd);
    if ((slot == nullptr || slot->kind == FdKind::kClosed) && !table.coming(fd)) {
      found[count++] = Fd{fd};
    }
  }
  return {found[0], found[1]};
}

std::shared_ptr<FdTable> FdTable::copy() const {
  auto table = std::make_shared<FdTable>(*this);
  table->users = 1;
  table->coming_.clear();
  table->ever_ours_ = ranges::any_of(slots_, [](const auto& s) { return matters(s.second.kind); });
  return table;
}

std::vector<i32> FdTable::open_between(u64 first, u64 last) const {
  std::vector<i32> open;
  for (const auto& [fd, slot] : slots_) {
    const bool within = fd >= 0 && static_cast<u64>(fd) >= first && static_cast<u64>(fd) <= last;
    if (within && slot.kind != FdKind::kClosed) {
      open.push_back(fd);
    }
  }
  return open;
}

}  // namespace ipcsim::strace
