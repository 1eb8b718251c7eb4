#include "tools/host/tracer/record_view.hpp"

#include <algorithm>
#include <cstring>

#include "tools/host/tracer/struct_text.hpp"

namespace ipcsim::host {

RecordView::RecordView(Bytes bytes) {
  std::memcpy(&head_, bytes.data(), std::min(sizeof head_, bytes.size()));
  chunks_ = bytes.subspan(std::min(sizeof head_, bytes.size()));
}

std::optional<Bytes> RecordView::piece(u32 tag) const {
  for (Bytes rest = chunks_; rest.size() >= sizeof(ChunkHead);) {
    const auto head = get<ChunkHead>(rest, 0);
    rest = rest.subspan(sizeof(ChunkHead));
    if (head.bytes > rest.size()) {
      break;
    }
    if (head.tag == tag) {
      return rest.first(head.bytes);
    }
    const std::size_t padded = (std::size_t{head.bytes} + 7) & ~std::size_t{7};
    rest = rest.subspan(std::min(rest.size(), padded));
  }
  return std::nullopt;
}

}  // namespace ipcsim::host
