#include "sim/kernel/constants_vfs.hpp"

#include <array>

namespace ipcsim {
namespace {

constexpr std::array kWhences = std::to_array<NamedNumber>({
    {"SEEK_SET", kSeekSet},
    {"SEEK_CUR", kSeekCur},
    {"SEEK_END", kSeekEnd},
    {"SEEK_DATA", kSeekData},
    {"SEEK_HOLE", kSeekHole},
});
constexpr std::array kLocks = std::to_array<NamedNumber>(
    {{"LOCK_SH", kLockSh}, {"LOCK_EX", kLockEx}, {"LOCK_NB", kLockNb}, {"LOCK_UN", kLockUn}});
constexpr std::array kMapProts = std::to_array<NamedNumber>(
    {{"PROT_READ", kProtRead}, {"PROT_WRITE", kProtWrite}, {"PROT_EXEC", kProtExec}});
constexpr std::array kMapFlags =
    std::to_array<NamedNumber>({{"MAP_SHARED", kMapShared}, {"MAP_PRIVATE", kMapPrivate}});
constexpr std::array kCloseRange = std::to_array<NamedNumber>(
    {{"CLOSE_RANGE_UNSHARE", kCloseRangeUnshare}, {"CLOSE_RANGE_CLOEXEC", kCloseRangeCloexec}});
constexpr std::array kMountFlags =
    std::to_array<NamedNumber>({{"MS_RDONLY", kMsRdonly}, {"MS_REMOUNT", kMsRemount}});
constexpr std::array kStatTimes = std::to_array<NamedNumber>(
    {{"st_atim", kAtimeChanged}, {"st_mtim", kMtimeChanged}, {"st_ctim", kCtimeChanged}});

}  // namespace

std::span<const NamedNumber> whence_names() { return kWhences; }
std::span<const NamedNumber> lock_names() { return kLocks; }
std::span<const NamedNumber> map_prot_names() { return kMapProts; }
std::span<const NamedNumber> map_flag_names() { return kMapFlags; }
std::span<const NamedNumber> close_range_names() { return kCloseRange; }
std::span<const NamedNumber> mount_flag_names() { return kMountFlags; }
std::span<const NamedNumber> stat_time_names() { return kStatTimes; }

}  // namespace ipcsim
