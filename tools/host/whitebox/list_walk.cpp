#include "tools/host/whitebox/list_walk.hpp"

#include <algorithm>

#include "model/base/check.hpp"

namespace ipcsim::host {
namespace {

/// Elements of one list that are read with one call, on the chance that there are so many.
constexpr std::size_t kAhead = 4;

struct Asked {
  List* list = nullptr;
  Peeked element;
  Peeked behind;
};

Peeked ask_behind(Peek& peek, const ListShape& shape, Peeked element) {
  return shape.target_bytes == 0
             ? element
             : peek.follow(element, shape.pointer, shape.target, shape.target_bytes);
}

/// Asks for the next elements of the list; less than kAhead where there is no room.
void ask(Peek& peek, List& list, const ListShape& shape, std::vector<Asked>& asked) {
  const u64 back = u64{0} - shape.pointed;
  Peeked element = peek.ask(list.next + back, shape.bytes);
  asked.push_back({&list, element, ask_behind(peek, shape, element)});
  for (std::size_t i = 1; i < kAhead && peek.has_room(2 * kElementBytes, 2); ++i) {
    element = peek.follow(element, shape.next, back, shape.bytes);
    asked.push_back({&list, element, ask_behind(peek, shape, element)});
  }
}

/// False when the element cannot be read.
bool take(const Peek& peek, const ListShape& shape, const Asked& asked) {
  if (!peek.ok(asked.element)) {
    return false;
  }
  ListElement& element = asked.list->elements.emplace_back();
  element.address = asked.list->next - shape.pointed;
  std::copy_n(peek.bytes(asked.element), shape.bytes, element.bytes.data());
  if (shape.target_bytes != 0 && peek.ok(asked.behind)) {
    std::memcpy(&element.behind, peek.bytes(asked.behind), shape.target_bytes);
  }
  asked.list->next = element.get<u64>(shape.next);
  return true;
}

}  // namespace

std::expected<void, ReadError> walk(Peek& peek, std::span<List> lists, const ListShape& shape,
                                    std::size_t most) {
  IPCSIM_CHECK(shape.bytes <= kElementBytes && shape.target_bytes <= sizeof(u64));
  std::size_t taken = 0;
  std::vector<Asked> asked;
  for (std::size_t unfinished = 0;;) {
    while (unfinished < lists.size() && lists[unfinished].next == lists[unfinished].end) {
      ++unfinished;
    }
    if (unfinished == lists.size()) {
      return {};
    }
    asked.clear();
    peek.begin();
    for (List& list : lists.subspan(unfinished)) {
      if (list.next != list.end && peek.has_room(2 * kElementBytes, 2)) {
        ask(peek, list, shape, asked);
      }
    }
    if (!peek.run()) {
      return std::unexpected(ReadError::kRefused);
    }
    for (const Asked& one : asked) {
      if (one.list->next == one.list->end) {
        continue;  // the list was shorter
      }
      if (++taken > most || !take(peek, shape, one)) {
        return std::unexpected(ReadError::kTorn);
      }
    }
  }
}

}  // namespace ipcsim::host
