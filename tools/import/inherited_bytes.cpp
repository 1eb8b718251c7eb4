// Whether the bytes of a pipe that the log's tasks have both ends of are theirs alone.
#include <algorithm>
#include <utility>

#include <range/v3/algorithm/stable_sort.hpp>

#include "tools/import/inherited.hpp"

namespace ipcsim::strace {
namespace {

/// Bytes one behind the other, and which of them are known.
struct Stream {
  std::string bytes;
  std::string known;
  void add(const Payload& payload) {
    std::string_view stored = payload.stored_bytes();
    stored = stored.substr(0, payload.len());
    bytes += stored;
    bytes.append(payload.len() - stored.size(), '\0');
    known.append(stored.size(), '\1');
    known.append(payload.len() - stored.size(), '\0');
  }
  [[nodiscard]] u64 size() const { return bytes.size(); }
};

/// True when `read` from byte `from` on may be the beginning of `written`.
bool is_beginning(const Stream& read, u64 from, const Stream& written) {
  if (read.size() - from > written.size()) {
    return false;
  }
  for (u64 i = from; i < read.size(); ++i) {
    const u64 at = i - from;
    if (read.known[i] != 0 && written.known[at] != 0 && read.bytes[i] != written.bytes[at]) {
      return false;
    }
  }
  return true;
}

/// How many bytes more were read than written, at the place where these were most: so many at least
/// were in the pipe.
u64 most_missing(const std::vector<SeenTransfer>& seen) {
  std::vector<std::pair<u32, i64>> changes;
  for (const SeenTransfer& transfer : seen) {
    if (transfer.kind == SeenTransfer::Kind::kWrite) {
      changes.emplace_back(transfer.begin, -static_cast<i64>(transfer.bytes.len()));
    } else if (transfer.kind == SeenTransfer::Kind::kRead) {
      changes.emplace_back(transfer.end, static_cast<i64>(transfer.bytes.len()));
    }
  }
  std::ranges::sort(changes);
  i64 missing = 0;
  i64 most = 0;
  for (const auto& [place, change] : changes) {
    missing += change;
    most = std::max(most, missing);
  }
  return static_cast<u64>(most);
}

/// True when somebody else must have read: the pipe was empty, or had room, though what is known to
/// have been written by then was more than what may have been read.
bool others_read(const std::vector<SeenTransfer>& seen, const PipeFacts& facts) {
  for (const SeenTransfer& proof : seen) {
    if (proof.kind == SeenTransfer::Kind::kRead || proof.end == 0) {
      continue;
    }
    const bool empty = proof.kind == SeenTransfer::Kind::kEmpty;
    u64 in = facts.initial.len();
    u64 out = 0;
    for (const SeenTransfer& other : seen) {
      const u32 by = empty ? proof.begin : proof.end + 1;
      if (other.kind == SeenTransfer::Kind::kWrite && other.end != 0 && other.end < by) {
        in += other.bytes.len();
      } else if (other.kind == SeenTransfer::Kind::kRead && other.begin < proof.end) {
        out += other.bytes.len();
      }
    }
    if (in > out + (empty ? 0 : facts.size)) {
      return true;
    }
  }
  return false;
}

/// How much can have been in the pipe before: what was read by the time that it was seen to be
/// empty.
u64 most_initial(const std::vector<SeenTransfer>& seen, u64 size) {
  u64 most = size;
  for (const SeenTransfer& proof : seen) {
    if (proof.kind != SeenTransfer::Kind::kEmpty || proof.end == 0) {
      continue;
    }
    u64 read = 0;
    for (const SeenTransfer& other : seen) {
      const bool before = other.kind == SeenTransfer::Kind::kRead && other.begin < proof.end;
      read += before ? other.bytes.len() : 0;
    }
    most = std::min(most, read);
    break;  // later ones say less
  }
  return most;
}

}  // namespace

void decide(const std::vector<SeenTransfer>& seen, PipeFacts& facts) {
  constexpr std::size_t kMostProofs = 4000;
  facts.decided = true;
  Stream read;
  Stream written;
  std::vector<SeenTransfer> by_end = seen;
  ranges::stable_sort(by_end, {}, &SeenTransfer::end);
  for (const SeenTransfer& transfer : by_end) {
    if (transfer.kind == SeenTransfer::Kind::kRead) {
      read.add(transfer.bytes);
    }
  }
  for (const SeenTransfer& transfer : seen) {
    if (transfer.kind == SeenTransfer::Kind::kWrite) {
      written.add(transfer.bytes);
    }
  }
  const u64 missing = most_missing(seen);
  const u64 most = std::min(read.size(), most_initial(seen, facts.size));
  u64 initial = missing;
  while (initial <= most && !is_beginning(read, initial, written)) {
    ++initial;
  }
  const bool fits = initial <= most;
  facts.own = fits || missing == 0;
  if (fits) {
    const std::string& known = read.known;
    const bool all = known.find('\0') >= initial;
    facts.initial = all ? Payload::of_bytes(std::string_view(read.bytes).substr(0, initial))
                        : Payload::of_unknown(initial);
  }
  if (facts.own && seen.size() <= kMostProofs && others_read(seen, facts)) {
    facts.own = false;
    facts.initial = {};
  }
}

}  // namespace ipcsim::strace
