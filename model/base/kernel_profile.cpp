#include "model/base/kernel_profile.hpp"

#include <array>

#include <range/v3/algorithm/find.hpp>

namespace ipcsim {
namespace {

// Each version is what the one before it was, and what changed since. 4.19 is written out; the
// changes up to 7.2 must lead to the members' defaults and what 7.2 added, which a test checks.

constexpr KernelProfile linux_4_19() {
  return {.name = "linux-4.19",
          .slot_before_copy = false,
          .tmp_pages = 1,
          .write_preallocates = false,
          .merge_permission = MergePermission::kOps,
          .tee_copy_merges = true,
          .two_wait_queues = false,
          .read_waits_for_sleeping_writer = true,
          .write_wakes = WriteWakes::kWhenChanged,
          .read_wakes = ReadWakes::kWhenSlotFreed,
          .sigio_at_every_call = false,
          .read_tells_before_sleep = true,
          .every_close_wakes = true,
          .resize_wakes = ResizeWakes::kNobody,
          .resize_wakes_too_early = false,
          .soft_limit_slots = 1,
          .set_size_arg_is_int = false,
          .vector_before_mode = true,
          .nowait_on_pipes = false,
          .rwf_nosignal = false,
          .rwf_noappend = false,
          .anonymous_pipe_times = true,
          .watch_queue = false,
          .notification_write_fails_first = false,
          .splice_respects_nonblock = false,
          .splice_keeps_stale_flags = true,
          .splice_without_ops = SpliceFallback::kCopies,
          .splice_dev_zero = SpliceFallback::kCopies,
          .sendfile_copies = true,
          .tmpfs_hole_ops = HoleOps::kPageCache,
          .splice_cuts_huge_len = true,
          .splice_read_of_nothing = false,
          .splice_drops_empty_slots = false,
          .file_write_prefaults = true,
          .tmpfs_direct_io = false,
          .dupfd_query = false,
          .epoll_has_ioctl = false,
          .epoll_wait_checks_arguments_first = true,
          .mq_keeps_rightmost = false,
          .mq_root_search_permission = true,
          .mq_unlink_changes_queue_ctime = false,
          .mq_rlimit_hierarchical = false,
          .mq_limits_of_namespace_root = false,
          .mq_signal_checks_exec = false,
          .user_ns_root_needs_setfcap = false,
          .chown_asks_file_system = true};
}

constexpr KernelProfile linux_5_4() {
  KernelProfile profile = linux_4_19();
  profile.name = "linux-5.4";
  profile.tee_copy_merges = false;
  profile.splice_respects_nonblock = true;
  profile.mq_keeps_rightmost = true;
  return profile;
}

constexpr KernelProfile linux_5_5() {
  KernelProfile profile = linux_5_4();
  profile.name = "linux-5.5";
  profile.slot_before_copy = true;
  profile.read_waits_for_sleeping_writer = false;
  profile.write_wakes = WriteWakes::kWhenWasEmpty;
  profile.read_wakes = ReadWakes::kWhenWasFull;
  profile.resize_wakes = ResizeWakes::kEverybody;
  return profile;
}

constexpr KernelProfile linux_5_10() {
  KernelProfile profile = linux_5_5();
  profile.name = "linux-5.10";
  profile.merge_permission = MergePermission::kFlag;
  profile.two_wait_queues = true;
  profile.every_close_wakes = false;
  profile.resize_wakes = ResizeWakes::kOneWriter;
  profile.resize_wakes_too_early = true;
  profile.splice_without_ops = SpliceFallback::kRefused;
  profile.splice_dev_zero = SpliceFallback::kRefused;
  profile.splice_drops_empty_slots = true;
  profile.mq_signal_checks_exec = true;
  return profile;
}

constexpr KernelProfile linux_5_15() {
  KernelProfile profile = linux_5_10();
  profile.name = "linux-5.15";
  profile.write_wakes = WriteWakes::kWhenWasEmptyOrPolled;
  profile.sigio_at_every_call = true;
  profile.soft_limit_slots = 2;
  profile.sendfile_copies = false;
  profile.mq_rlimit_hierarchical = true;
  profile.user_ns_root_needs_setfcap = true;
  return profile;
}

constexpr KernelProfile linux_6_1() {
  KernelProfile profile = linux_5_15();
  profile.name = "linux-6.1";
  profile.splice_keeps_stale_flags = false;
  profile.tmpfs_hole_ops = HoleOps::kDefault;
  profile.mq_limits_of_namespace_root = true;
  profile.chown_asks_file_system = false;
  return profile;
}

constexpr KernelProfile linux_6_6() {
  KernelProfile profile = linux_6_1();
  profile.name = "linux-6.6";
  profile.set_size_arg_is_int = true;
  profile.nowait_on_pipes = true;
  profile.splice_dev_zero = SpliceFallback::kCopies;
  profile.tmpfs_hole_ops = HoleOps::kZero;
  profile.tmpfs_direct_io = true;
  profile.splice_read_of_nothing = true;
  return profile;
}

constexpr KernelProfile linux_6_12() {
  KernelProfile profile = linux_6_6();
  profile.name = "linux-6.12";
  profile.resize_wakes_too_early = false;
  profile.vector_before_mode = false;
  profile.rwf_noappend = true;
  profile.notification_write_fails_first = true;
  profile.splice_cuts_huge_len = false;
  profile.splice_failure_moves_back = false;
  profile.mq_evict_removes_notification = true;
  profile.dupfd_query = true;
  profile.epoll_has_ioctl = true;
  return profile;
}

constexpr KernelProfile linux_6_14() {
  KernelProfile profile = linux_6_12();
  profile.name = "linux-6.14";
  profile.read_wakes = ReadWakes::kWhenFullSlotFreed;
  profile.splice_failure_moves_back = true;
  profile.mq_evict_removes_notification = false;
  return profile;
}

constexpr KernelProfile linux_6_18() {
  KernelProfile profile = linux_6_14();
  profile.name = "linux-6.18";
  profile.slot_before_copy = false;
  profile.tmp_pages = 2;
  profile.read_tells_before_sleep = false;
  profile.rwf_nosignal = true;
  profile.anonymous_pipe_times = false;
  profile.mq_root_search_permission = false;
  profile.file_write_prefaults = false;
  profile.epoll_wait_checks_arguments_first = false;
  return profile;
}

constexpr KernelProfile linux_7_2() {
  KernelProfile profile = linux_6_18();
  profile.name = "linux-7.2";
  profile.write_preallocates = true;
  profile.mq_unlink_changes_queue_ctime = true;
  return profile;
}

constexpr std::array kProfiles{
    linux_4_19(), linux_5_4(),  linux_5_5(),  linux_5_10(), linux_5_15(), linux_6_1(),
    linux_6_6(),  linux_6_12(), linux_6_14(), linux_6_18(), linux_7_2(),
};

}  // namespace

std::span<const KernelProfile> kernel_profiles() { return kProfiles; }

const KernelProfile& newest_profile() { return kProfiles.back(); }

const KernelProfile* find_profile(std::string_view name) {
  const auto* row = ranges::find(kProfiles, name, &KernelProfile::name);
  return row == kProfiles.end() ? nullptr : row;
}

}  // namespace ipcsim
