// Notification pipes: pipes that the kernel writes records into (CONFIG_WATCH_QUEUE). No kernel at
// hand has them: this restates the source of 6.12 and is compared with nothing.
#pragma once

#include <string_view>

#include "model/pipe/effects.hpp"
#include "model/pipe/pipe_inode.hpp"
#include "model/pipe/pipe_size.hpp"

namespace ipcsim {

/// Bytes of a note: the most that a record has (WATCH_QUEUE_NOTE_SIZE).
inline constexpr u32 kWatchQueueNoteBytes = 128;
/// Most notes of a queue.
inline constexpr u32 kWatchQueueMostNotes = 512;

/// ioctl(IOC_WATCH_QUEUE_SET_SIZE): room for `nr_notes` records that have not been read. The ring
/// gets a slot for each note of the pages that hold them. Errors, in the order the kernel tests
/// them:
///   ENODEV  not a notification pipe
///   EBUSY   sized before
///   EINVAL  nr_notes is not 1 .. 512
///   EPERM   over the user's soft or hard pages without CAP_SYS_RESOURCE and CAP_SYS_ADMIN
/// Linux kernel/watch_queue.c: watch_queue_set_size().
[[nodiscard]] Result<void> watch_queue_set_size(PipeInode& pipe, u32 nr_notes, PipeUser& user,
                                                const PipeLimits& limits, Caps caps,
                                                PagePool& pages);

/// The kernel has something to tell: a record of `record.size()` bytes gets a note and a slot, or
/// is lost, which the last slot then says. REQUIRES: the size was set; 8 .. 127 bytes. Linux
/// kernel/watch_queue.c: post_one_notification().
void post_one_notification(PipeInode& pipe, std::string_view record, PagePool& pages,
                           PipeEffects& effects);

}  // namespace ipcsim
