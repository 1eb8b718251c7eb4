// More of the kernel's constants: files, locks, sockets.
#pragma once

#include "sim/kernel/constants.hpp"

namespace ipcsim {

using Whence = Strong<struct WhenceTag, u32>;                    ///< SEEK_*
using LockOperation = Strong<struct LockOperationTag, u32>;      ///< LOCK_*
using MapProt = Strong<struct MapProtTag, u32>;                  ///< PROT_*
using MapFlags = Strong<struct MapFlagsTag, u32>;                ///< MAP_*
using CloseRangeFlags = Strong<struct CloseRangeFlagsTag, u32>;  ///< CLOSE_RANGE_*
using MountFlags = Strong<struct MountFlagsTag, u32>;            ///< MS_*
/// Which times of a file a stat() found changed.
using StatTimes = Strong<struct StatTimesTag, u32>;

inline constexpr u32 kSeekSet = 0;
inline constexpr u32 kSeekCur = 1;
inline constexpr u32 kSeekEnd = 2;
inline constexpr u32 kSeekData = 3;
inline constexpr u32 kSeekHole = 4;

inline constexpr u32 kLockSh = 1;
inline constexpr u32 kLockEx = 2;
inline constexpr u32 kLockNb = 4;
inline constexpr u32 kLockUn = 8;

inline constexpr u32 kProtRead = 1;
inline constexpr u32 kProtWrite = 2;
inline constexpr u32 kProtExec = 4;
inline constexpr u32 kMapShared = 1;
inline constexpr u32 kMapPrivate = 2;

inline constexpr u32 kCloseRangeUnshare = 2;
inline constexpr u32 kCloseRangeCloexec = 4;

inline constexpr u32 kMsRdonly = 1;
inline constexpr u32 kMsRemount = 32;

inline constexpr u32 kAtimeChanged = 1;
inline constexpr u32 kMtimeChanged = 2;
inline constexpr u32 kCtimeChanged = 4;

[[nodiscard]] std::span<const NamedNumber> whence_names();
[[nodiscard]] std::span<const NamedNumber> lock_names();
[[nodiscard]] std::span<const NamedNumber> map_prot_names();
[[nodiscard]] std::span<const NamedNumber> map_flag_names();
[[nodiscard]] std::span<const NamedNumber> close_range_names();
[[nodiscard]] std::span<const NamedNumber> mount_flag_names();
[[nodiscard]] std::span<const NamedNumber> stat_time_names();

}  // namespace ipcsim
