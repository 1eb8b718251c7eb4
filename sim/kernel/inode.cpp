#include "sim/kernel/inode.hpp"

#include <span>

namespace ipcsim {
namespace {

void add_text(Hasher& hasher, const std::string& text) {
  hasher.add(std::as_bytes(std::span{text}));
}

struct DataHash {
  Hasher& hasher;

  void operator()(const FifoData& fifo) const {
    hasher.add(fifo.pipe);
    hasher.add(fifo.anonymous);
  }
  void operator()(const RegularData& file) const {
    hasher.add(file.size);
    for (const PageId page : file.pages) {
      hasher.add(page);
    }
  }
  void operator()(const DirectoryData& folder) const {
    hasher.add(folder.parent);
    hasher.add(folder.mounted);
    for (const DirectoryEntry& entry : folder.entries) {
      add_text(hasher, entry.name);
      hasher.add(entry.node);
    }
  }
  void operator()(const MqueueData& queue) const {
    hasher.add(queue.queue);
    hasher.add(queue.size);
  }
  void operator()(const DeviceData& device) const { hasher.add(device.device); }
};

}  // namespace

void Inode::hash_into(Hasher& hasher) const {
  hasher.add(mode);
  hasher.add(uid);
  hasher.add(gid);
  hasher.add(nlink);
  hasher.add(files);
  hasher.add(atime);
  hasher.add(mtime);
  hasher.add(ctime);
  hasher.add(number);
  hasher.add(told_atime);
  hasher.add(told_mtime);
  hasher.add(told_ctime);
  hasher.add(data.index());
  std::visit(DataHash{hasher}, data);
}

}  // namespace ipcsim
