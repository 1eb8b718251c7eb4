// Names, permissions and regular files.
#include "sim/kernel/file_system.hpp"

#include <gtest/gtest.h>

#include "sim/kernel/regular_file.hpp"
#include "tests/sim_kernel/calls.hpp"
#include "tests/sim_kernel/test_kernel.hpp"

namespace ipcsim {
namespace {

using namespace calls;

/// A node of mode `mode` that belongs to user 1 and group 10.
Inode node_of(u32 mode) {
  return {.mode = kSIfreg | mode, .uid = 1, .gid = 10, .name = {}, .data = RegularData{}};
}

/// open() with O_CREAT and mode 0644.
Call create(std::string_view path, u32 flags = kORdwr) {
  return OpenCall{std::string(path), OpenFlags{flags | kOCreat}, 0644};
}

Credentials user(u32 uid, u32 gid) {
  return {
      .uid = Ids::all(uid), .gid = Ids::all(gid), .groups = {}, .effective = {}, .permitted = {}};
}

/// inode_permission() in the first user namespace.
Errno permission(const Credentials& cred, const Inode& node, u32 mask) {
  const TestKernel k;
  return inode_permission(k.kernel.state(), cred, node, mask);
}

// The first class that matches decides, even if a later one would allow more.
TEST(Permission, OneClassDecides) {
  EXPECT_EQ(permission(user(1, 10), node_of(0077), kMayRead), Errno::kEACCES);
  EXPECT_EQ(permission(user(2, 10), node_of(0707), kMayRead), Errno::kEACCES);
  EXPECT_EQ(permission(user(2, 20), node_of(0770), kMayRead), Errno::kEACCES);
  EXPECT_EQ(permission(user(1, 20), node_of(0400), kMayRead), Errno::kOk);
  EXPECT_EQ(permission(user(2, 10), node_of(0040), kMayRead), Errno::kOk);
  EXPECT_EQ(permission(user(2, 20), node_of(0004), kMayRead), Errno::kOk);
  EXPECT_EQ(permission(user(2, 20), node_of(0004), kMayRead | kMayWrite), Errno::kEACCES);
}

// A supplementary group counts as the group does.
TEST(Permission, AsksAllGroups) {
  Credentials cred = user(2, 20);
  cred.groups = {5, 10};
  EXPECT_EQ(permission(cred, node_of(0040), kMayRead), Errno::kOk);
  EXPECT_EQ(permission(cred, node_of(0604), kMayRead), Errno::kEACCES);
}

// CAP_DAC_READ_SEARCH only looks; CAP_DAC_OVERRIDE also writes, but runs nothing that nobody may.
TEST(Permission, CapabilitiesOverride) {
  Credentials reader = user(2, 20);
  reader.effective.add(Cap::kDacReadSearch);
  EXPECT_EQ(permission(reader, node_of(0), kMayRead), Errno::kOk);
  EXPECT_EQ(permission(reader, node_of(0), kMayWrite), Errno::kEACCES);
  Credentials writer = user(2, 20);
  writer.effective.add(Cap::kDacOverride);
  EXPECT_EQ(permission(writer, node_of(0), kMayRead | kMayWrite), Errno::kOk);
  EXPECT_EQ(permission(writer, node_of(0), kMayExec), Errno::kEACCES);
  EXPECT_EQ(permission(writer, node_of(0100), kMayExec), Errno::kOk);
}

// A file is made by O_CREAT, read back, and its position is the open file's.
TEST(RegularFile, KeepsBytes) {
  TestKernel k;
  EXPECT_EQ(k.run(1, open("a", kORdwr)), "-1 ENOENT");
  EXPECT_EQ(k.run(1, create("a")), "3");
  EXPECT_EQ(k.run(1, write(3, "hello")), "5");
  EXPECT_EQ(k.run(1, read(3, 10)), "0");
  EXPECT_EQ(k.run(1, open("a", kORdonly)), "4");
  EXPECT_EQ(k.run(1, read(4, 2)), "2 \"he\"");
  EXPECT_EQ(k.run(1, dup(4)), "5");
  EXPECT_EQ(k.run(1, read(5, 10)), "3 \"llo\"");
  EXPECT_EQ(k.run(1, write(4, "x")), "-1 EBADF");
  EXPECT_EQ(k.run(1, ioctl(4, kFionread)), "0 [0]");
  EXPECT_EQ(k.run(1, open("a", kORdwr | kOCreat | kOExcl)), "-1 EEXIST");
  EXPECT_EQ(k.run(1, open("a/", kORdonly)), "-1 ENOTDIR");
  EXPECT_EQ(k.run(1, open("a/b", kORdonly)), "-1 ENOTDIR");
  EXPECT_EQ(k.run(1, open("none/b", kORdonly)), "-1 ENOENT");
}

// O_APPEND writes at the end, O_TRUNC empties, and an unlinked file lives while it is open.
TEST(RegularFile, AppendsTruncatesAndOutlivesItsName) {
  TestKernel k;
  k.run(1, create("a"));
  k.run(1, write(3, 5000));
  EXPECT_EQ(k.run(1, open("a", kOWronly | kOAppend)), "4");
  EXPECT_EQ(k.run(1, write(4, "end")), "3");
  EXPECT_EQ(k.run(1, ioctl(3, kFionread)), "0 [3]");
  EXPECT_EQ(k.kernel.state().pages.live(), 2U);
  EXPECT_EQ(k.run(1, open("a", kOWronly | kOTrunc)), "5");
  EXPECT_EQ(k.kernel.state().pages.live(), 0U);
  EXPECT_EQ(k.run(1, write(5, "new")), "3");
  EXPECT_EQ(k.run(1, unlink("a")), "0");
  EXPECT_EQ(k.run(1, open("a", kORdonly)), "-1 ENOENT");
  EXPECT_EQ(k.kernel.state().pages.live(), 1U);
  for (const i32 fd : {3, 4, 5}) {
    k.run(1, close(fd));
  }
  EXPECT_EQ(k.kernel.state().pages.live(), 0U);
}

// A hole reads as zeros and has no page; cutting a page zeroes what is behind the cut.
TEST(RegularFile, HolesAndCutsAreZeros) {
  TestKernel k;
  k.run(1, create("a"));
  KernelState state = k.kernel.state();
  const InodeId node = state.files[state.fd_table(TaskId{1}).file(Fd{3})].node;
  const UserSegment text = bytes("abcdef");
  EXPECT_EQ(write_file(state, node, 4094, {&text, 1}), 6U);
  EXPECT_EQ(file_page(state, node, 2), kNoPage);
  std::string read;
  const UserSegment buffer = room(8);
  EXPECT_EQ(read_file(state, node, 4092, {&buffer, 1}, &read), 8U);
  EXPECT_EQ(read, std::string("\0\0abcdef", 8));
  const PageId shared = file_page(state, node, 0);
  state.pages.get(shared);  // as a slot would
  truncate_file(state, node, 4095);
  EXPECT_EQ(state.pages.live(), 1U);
  EXPECT_EQ(state.pages.read(shared)[4094], std::byte{'a'});
  EXPECT_EQ(state.pages.read(shared)[4095], std::byte{0});
  truncate_file(state, node, 0);
  EXPECT_EQ(state.pages.refcount(shared), 1U);  // the slot's own
}

// A buffer that ends early gives or takes as many bytes as there are, to the byte.
TEST(RegularFile, FaultsCountBytes) {
  TestKernel k;
  k.run(1, create("a"));
  UserSegment text = bytes("abcdef");
  text.mapped = 4;
  EXPECT_EQ(k.run(1, WriteCall{Fd{3}, text}), "4");
  text.mapped = 0;
  EXPECT_EQ(k.run(1, WriteCall{Fd{3}, text}), "-1 EFAULT");
  k.run(1, open("a", kORdonly));
  UserSegment buffer = room(10);
  buffer.mapped = 3;
  EXPECT_EQ(k.run(1, ReadCall{Fd{4}, buffer}), "3 \"abc\"");
  buffer.mapped = 0;
  EXPECT_EQ(k.run(1, ReadCall{Fd{4}, buffer}), "-1 EFAULT");
}

// What the three devices give and take.
TEST(Device, NullZeroAndFull) {
  TestKernel k;
  EXPECT_EQ(k.run(1, open("/dev/null", kORdwr)), "3");
  EXPECT_EQ(k.run(1, write(3, "abc")), "3");
  EXPECT_EQ(k.run(1, read(3, 5)), "0");
  EXPECT_EQ(k.run(1, open("/dev/zero", kORdwr)), "4");
  EXPECT_EQ(k.run(1, read(4, 2)), "2 \"\\x00\\x00\"");
  EXPECT_EQ(k.run(1, open("/dev/full", kORdwr)), "5");
  EXPECT_EQ(k.run(1, write(5, "abc")), "-1 ENOSPC");
  EXPECT_EQ(k.run(1, open("/dev/null", kORdwr | kODirect)), "-1 EINVAL");
}

// Folders can be opened to look at, and no more.
TEST(Folder, CannotBeReadOrWritten) {
  TestKernel k;
  EXPECT_EQ(k.run(1, open(".", kOWronly)), "-1 EISDIR");
  EXPECT_EQ(k.run(1, open(".", kORdonly | kODirectory)), "3");
  EXPECT_EQ(k.run(1, read(3, 1)), "-1 EISDIR");
  EXPECT_EQ(k.run(1, open(".", kORdonly | kOCreat)), "-1 EISDIR");
  EXPECT_EQ(k.run(1, unlink(".")), "-1 EISDIR");
}

// A FIFO that its user may not write is not opened for it.
TEST(OpenFifo, AsksForPermission) {
  Environment environment = some_tasks(2);
  environment.tasks[1].uid = 7;
  TestKernel k(environment);
  EXPECT_EQ(k.run(1, MkfifoCall{"f", 0640}), "0");
  EXPECT_EQ(k.run(2, open("f", kORdonly | kONonblock)), "-1 EACCES");
  EXPECT_EQ(k.run(1, MkfifoCall{"g", 0644}), "0");
  EXPECT_EQ(k.run(2, open("g", kORdonly | kONonblock)), "3");
  EXPECT_EQ(k.run(2, open("g", kORdwr)), "-1 EACCES");
  EXPECT_EQ(k.run(2, open("g", kOPath)), "4");
  EXPECT_EQ(k.run(2, open("g", kOAccmode)), "-1 EACCES");
  EXPECT_EQ(k.run(1, open("g", kOAccmode)), "-1 EINVAL");
}

}  // namespace
}  // namespace ipcsim
