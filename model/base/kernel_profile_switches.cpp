// What each switch decides, where it changed, and how that is known.
#include <array>

#include "model/base/kernel_profile.hpp"

namespace ipcsim {
namespace {

std::string text(bool value) { return value ? "yes" : "no"; }
std::string text(u8 value) { return std::to_string(value); }
std::string text(WriteWakes value) {
  constexpr std::array kNames{"when it changed anything", "when it was empty",
                              "when it was empty, or was ever polled"};
  return kNames[static_cast<std::size_t>(value)];
}
std::string text(ReadWakes value) {
  constexpr std::array kNames{"when it freed a slot", "when the ring was full before",
                              "when it freed a slot of a full ring"};
  return kNames[static_cast<std::size_t>(value)];
}
std::string text(ResizeWakes value) {
  constexpr std::array kNames{"nobody", "everybody", "one writer"};
  return kNames[static_cast<std::size_t>(value)];
}
std::string text(MergePermission value) {
  return value == MergePermission::kOps ? "the operation table" : "the flag";
}
std::string text(SpliceFallback value) {
  return value == SpliceFallback::kCopies ? "copies" : "EINVAL";
}
std::string text(HoleOps value) {
  constexpr std::array kNames{"page_cache", "default", "zero"};
  return kNames[static_cast<std::size_t>(value)];
}

template <auto Member>
std::string value_of(const KernelProfile& profile) {
  return text(profile.*Member);
}

// The kernels that were run: Debian's 5.10.223, 6.1.192, 6.12.117, 6.16.3, 6.18.15 and 7.2.13 in a
// virtual machine, and 6.18.44.
constexpr std::array kSwitches{
    ProfileSwitch{"slot_before_copy",
                  "a write takes its slot before it copies, so that a fault leaves an empty slot",
                  "yes from 5.5, no from 6.15", Evidence::kMeasured,
                  "5.10, 6.1, 6.12 against 6.16, 6.18; commits a194dfe6e6f6 and ee5eda8ea595",
                  value_of<&KernelProfile::slot_before_copy>},
    ProfileSwitch{"tmp_pages", "released pages that a pipe keeps for its next write",
                  "1 to 6.14, 2 from 6.15", Evidence::kMeasured,
                  "6.12 against 6.16 and 6.18, in the kernel's own fields",
                  value_of<&KernelProfile::tmp_pages>},
    ProfileSwitch{"write_preallocates",
                  "a write of more than a page takes up to 8 pages before the lock, uses those "
                  "first, and leaves the others in empty cells of tmp_page",
                  "from 7.2", Evidence::kMeasured, "6.18 against 7.2, in the kernel's own fields",
                  value_of<&KernelProfile::write_preallocates>},
    ProfileSwitch{"merge_permission", "who says that a slot may be appended to",
                  "the operation table to 5.7, the flag CAN_MERGE from 5.8", Evidence::kSource,
                  "5.4, 5.7, 5.10; commit f6dd975583bd",
                  value_of<&KernelProfile::merge_permission>},
    ProfileSwitch{"tee_copy_merges", "a tee() copy of an ordinary slot may be appended to",
                  "to 5.0 (older stable series got the fix)", Evidence::kHistory,
                  "commit a0ce2f0aa6ad", value_of<&KernelProfile::tee_copy_merges>},
    ProfileSwitch{"two_wait_queues",
                  "readers and writers wait apart, exclusively, and pass the baton; otherwise all "
                  "wait in one queue, newest first, and every wake-up wakes all",
                  "from 5.6", Evidence::kSource, "5.4, 5.7; commit 0ddad21d3e99",
                  value_of<&KernelProfile::two_wait_queues>},
    ProfileSwitch{"read_waits_for_sleeping_writer",
                  "a read waits for more, with bytes or O_NONBLOCK, while a writer sleeps",
                  "to 5.4", Evidence::kSource, "5.4: waiting_writers",
                  value_of<&KernelProfile::read_waits_for_sleeping_writer>},
    ProfileSwitch{
        "write_wakes", "when a write wakes readers",
        "changed in 5.5 and 5.14 (5.10.y got the latter too)", Evidence::kMeasured,
        "edge-triggered epoll on 5.10.223 to 7.2; source of 5.4, 5.7; commits 3a34b13a88ca "
        "and 3b844826b6c6",
        value_of<&KernelProfile::write_wakes>},
    ProfileSwitch{"read_wakes", "when a read wakes writers", "changed in 5.5 and 6.14",
                  Evidence::kSource, "5.4, 5.7, 6.12, 6.14-rc6",
                  value_of<&KernelProfile::read_wakes>},
    ProfileSwitch{"sigio_at_every_call",
                  "O_ASYNC subscribers hear of every read and write, not only of those that wake",
                  "from 5.14", Evidence::kMeasured, "commit fe67f4dd8daa",
                  value_of<&KernelProfile::sigio_at_every_call>},
    ProfileSwitch{"read_tells_before_sleep",
                  "a read that is about to sleep wakes writers and sends SIGIO first", "to 6.14",
                  Evidence::kSource, "5.4, 6.12, 6.18",
                  value_of<&KernelProfile::read_tells_before_sleep>},
    ProfileSwitch{"every_close_wakes",
                  "every close with somebody left wakes all; otherwise the last one of a side",
                  "to 5.5", Evidence::kSource, "5.4, 5.10",
                  value_of<&KernelProfile::every_close_wakes>},
    ProfileSwitch{"resize_wakes", "whom F_SETPIPE_SZ wakes",
                  "nobody to 5.4, everybody in 5.5, one writer from 5.6", Evidence::kSource,
                  "5.4; commits 8cefc107ca54 and 0ddad21d3e99 with what they replace",
                  value_of<&KernelProfile::resize_wakes>},
    ProfileSwitch{"resize_wakes_too_early",
                  "F_SETPIPE_SZ wakes a writer before the new size holds, so that it may sleep on",
                  "5.8 to 6.7 (fixed in stable 5.10.y and 6.1.y too)", Evidence::kSource,
                  "5.10, 6.12; commit e95aada4cb93",
                  value_of<&KernelProfile::resize_wakes_too_early>},
    ProfileSwitch{"soft_limit_slots", "slots of a new pipe over the soft page limit",
                  "1 to 5.13, 2 from 5.14 (5.4.y and 5.10.y got it too)", Evidence::kMeasured,
                  "6.18; source of 5.4", value_of<&KernelProfile::soft_limit_slots>},
    ProfileSwitch{"set_size_arg_is_int", "F_SETPIPE_SZ takes a C int; otherwise a long", "from 6.5",
                  Evidence::kMeasured,
                  "5.10, 6.1 against 6.12, 6.16, 6.18; which version between: commit history",
                  value_of<&KernelProfile::set_size_arg_is_int>},
    ProfileSwitch{"vector_before_mode",
                  "readv() and writev() look at the vector before the file's mode",
                  "to some version between 6.2 and 6.11", Evidence::kMeasured,
                  "6.1 against 6.12, 6.18; 6.6 is taken to be as 6.1",
                  value_of<&KernelProfile::vector_before_mode>},
    ProfileSwitch{"nowait_on_pipes", "RWF_NOWAIT works on the files of pipe()", "from 6.4",
                  Evidence::kMeasured, "6.1 against 6.12",
                  value_of<&KernelProfile::nowait_on_pipes>},
    ProfileSwitch{"rwf_nosignal", "RWF_NOSIGNAL exists", "from 6.18", Evidence::kMeasured,
                  "6.16 against 6.18", value_of<&KernelProfile::rwf_nosignal>},
    ProfileSwitch{"rwf_noappend", "RWF_NOAPPEND exists", "from 6.9", Evidence::kHistory,
                  "6.18 has it, which was run", value_of<&KernelProfile::rwf_noappend>},
    ProfileSwitch{"anonymous_pipe_times", "read() and write() change the times of a pipe",
                  "to 6.14 (those of a FIFO always)", Evidence::kMeasured, "6.12 against 6.16",
                  value_of<&KernelProfile::anonymous_pipe_times>},
    ProfileSwitch{"watch_queue", "notification pipes exist (CONFIG_WATCH_QUEUE)",
                  "from 5.8 where configured; no kernel at hand is", Evidence::kMeasured,
                  "pipe2() gives ENOPKG on every kernel that was run",
                  value_of<&KernelProfile::watch_queue>},
    ProfileSwitch{"notification_write_fails_first",
                  "write() to a notification pipe gives EXDEV even for no bytes",
                  "from about 6.8 (and 6.1.y)", Evidence::kSource, "6.1.192, 6.12",
                  value_of<&KernelProfile::notification_write_fails_first>},
    ProfileSwitch{"splice_respects_nonblock", "splice() and tee() respect O_NONBLOCK of the pipes",
                  "from 5.1", Evidence::kHistory, "commits of 5.1",
                  value_of<&KernelProfile::splice_respects_nonblock>},
    ProfileSwitch{"splice_keeps_stale_flags",
                  "a file's page in a slot leaves the flags of what was there before; with "
                  "merge_permission \"the flag\" this is Dirty Pipe",
                  "4.9 to 5.16 (fixed in 5.16.11, 5.15.25, 5.10.102)", Evidence::kHistory,
                  "commit 9d2231c5d74e", value_of<&KernelProfile::splice_keeps_stale_flags>},
    ProfileSwitch{"splice_without_ops", "splice() from a file without splice operations",
                  "copies to 5.9, EINVAL from 5.10", Evidence::kMeasured, "5.10",
                  value_of<&KernelProfile::splice_without_ops>},
    ProfileSwitch{"splice_dev_zero", "splice() from /dev/zero",
                  "copies to 5.9, EINVAL from 5.10, copies from 6.5", Evidence::kMeasured,
                  "6.1 against 6.12", value_of<&KernelProfile::splice_dev_zero>},
    ProfileSwitch{"sendfile_copies", "sendfile() to a pipe copies, and loops until all is written",
                  "to 5.11", Evidence::kMeasured, "5.10 against 6.1",
                  value_of<&KernelProfile::sendfile_copies>},
    ProfileSwitch{"tmpfs_hole_ops", "operations of a slot that stands for a hole of a tmpfs file",
                  "page_cache, default by 6.1, zero from 6.5", Evidence::kMeasured,
                  "5.10, 6.1, 6.12; 5.15 is taken to be as 5.10",
                  value_of<&KernelProfile::tmpfs_hole_ops>},
    ProfileSwitch{"splice_cuts_huge_len",
                  "a length of 2^63 or more is cut for a splice() with a file; otherwise EINVAL",
                  "to about 6.7", Evidence::kMeasured, "5.10, 6.1 against 6.12",
                  value_of<&KernelProfile::splice_cuts_huge_len>},
    ProfileSwitch{"splice_failure_moves_back",
                  "a splice() that fails puts its file back to where the call began",
                  "in all but 6.12.y", Evidence::kMeasured, "6.1.176, 6.12.117, 6.18.44",
                  value_of<&KernelProfile::splice_failure_moves_back>},
    ProfileSwitch{"splice_read_of_nothing",
                  "no bytes of a file that cannot be spliced are 0 bytes; otherwise EINVAL",
                  "from 6.5", Evidence::kMeasured, "6.1, 6.12, 6.18; which version: history",
                  value_of<&KernelProfile::splice_read_of_nothing>},
    ProfileSwitch{"splice_drops_empty_slots", "splice() from a pipe drops slots without bytes",
                  "from about 5.9", Evidence::kSource, "5.10",
                  value_of<&KernelProfile::splice_drops_empty_slots>},
    ProfileSwitch{"file_write_prefaults",
                  "a file's write touches its buffer before it begins a page; otherwise a fault "
                  "leaves the page, and a file that reaches up to it",
                  "to 6.14", Evidence::kMeasured, "6.1, 6.12, 6.18; which version: history",
                  value_of<&KernelProfile::file_write_prefaults>},
    ProfileSwitch{"tmpfs_direct_io", "a file of a tmpfs takes O_DIRECT; otherwise EINVAL",
                  "from 6.6", Evidence::kMeasured, "6.1, 6.12, 6.18; which version: history",
                  value_of<&KernelProfile::tmpfs_direct_io>},
    ProfileSwitch{"dupfd_query", "fcntl() knows F_DUPFD_QUERY; otherwise EINVAL", "from 6.10",
                  Evidence::kMeasured, "6.1, 6.12, 6.18; which version: history",
                  value_of<&KernelProfile::dupfd_query>},
    ProfileSwitch{
        "epoll_has_ioctl",
        "an epoll instance answers unknown ioctl() requests with EINVAL; otherwise ENOTTY",
        "from 6.9", Evidence::kMeasured, "6.1, 6.12, 6.18; which version: history",
        value_of<&KernelProfile::epoll_has_ioctl>},
    ProfileSwitch{"epoll_wait_checks_arguments_first",
                  "epoll_wait() looks at maxevents before it looks for the descriptor", "to 6.14",
                  Evidence::kMeasured, "6.1, 6.12, 6.18; which version: history",
                  value_of<&KernelProfile::epoll_wait_checks_arguments_first>},
    ProfileSwitch{"mq_keeps_rightmost", "the rightmost node of a queue's tree is kept", "from 5.2",
                  Evidence::kSource, "5.1, 5.2.y", value_of<&KernelProfile::mq_keeps_rightmost>},
    ProfileSwitch{"mq_evict_removes_notification",
                  "a queue that goes removes a notification that its owner left behind",
                  "in 6.12.y", Evidence::kMeasured, "6.1.176, 6.12.117, 6.18.44; source of 7.2",
                  value_of<&KernelProfile::mq_evict_removes_notification>},
    ProfileSwitch{"mq_root_search_permission",
                  "mq_open() and mq_unlink() need search permission on the queues' root", "to 6.15",
                  Evidence::kMeasured, "6.18; source of 6.12; which version: history",
                  value_of<&KernelProfile::mq_root_search_permission>},
    ProfileSwitch{"mq_unlink_changes_queue_ctime",
                  "mq_unlink() changes the queue's ctime, not the directory's atime", "from 7.x",
                  Evidence::kSource, "7.2; not on 6.18, which was run",
                  value_of<&KernelProfile::mq_unlink_changes_queue_ctime>},
    ProfileSwitch{"mq_rlimit_hierarchical",
                  "RLIMIT_MSGQUEUE is charged in every user namespace up to the first", "from 5.14",
                  Evidence::kSource, "5.10, 6.1", value_of<&KernelProfile::mq_rlimit_hierarchical>},
    ProfileSwitch{"mq_limits_of_namespace_root",
                  "an IPC namespace's limits belong to the user 0 of its user namespace",
                  "from 5.19", Evidence::kSource, "5.10, 6.1; which version: history",
                  value_of<&KernelProfile::mq_limits_of_namespace_root>},
    ProfileSwitch{"mq_signal_checks_exec",
                  "a notification's signal is bound to the program that asked, not to permission",
                  "from 5.7 (4.19.y and 5.2.y got it too)", Evidence::kHistory,
                  "source of 4.19.y, 5.2.y with the change",
                  value_of<&KernelProfile::mq_signal_checks_exec>},
    ProfileSwitch{"user_ns_root_needs_setfcap",
                  "to map the user 0 of the namespace above takes CAP_SETFCAP", "from 5.12",
                  Evidence::kHistory, "measured on 6.18",
                  value_of<&KernelProfile::user_ns_root_needs_setfcap>},
    ProfileSwitch{"chown_asks_file_system",
                  "chown() takes ids alone that the user namespace of the file system knows",
                  "to 5.19", Evidence::kSource,
                  "both kinds; measured on 6.18; which version: history",
                  value_of<&KernelProfile::chown_asks_file_system>},
};

}  // namespace

std::string_view evidence_name(Evidence evidence) {
  constexpr std::array<std::string_view, 3> kNames{"measured", "read in source", "history"};
  return kNames[static_cast<std::size_t>(evidence)];
}

std::span<const ProfileSwitch> profile_switches() { return kSwitches; }

}  // namespace ipcsim
