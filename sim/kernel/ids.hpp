// The numbers that name objects of a simulated kernel.
#pragma once

#include "model/base/types.hpp"

namespace ipcsim {

using PipeId = Strong<struct PipeIdTag, u32>;
using MqueueId = Strong<struct MqueueIdTag, u32>;
using IpcNsId = Strong<struct IpcNsIdTag, u32>;
using NetlinkId = Strong<struct NetlinkIdTag, u32>;
using UserNsId = Strong<struct UserNsIdTag, u32>;
using PidNsId = Strong<struct PidNsIdTag, u32>;
using UserId = Strong<struct UserIdTag, u32>;
using FileId = Strong<struct FileIdTag, u32>;
using FdTableId = Strong<struct FdTableIdTag, u32>;
using InodeId = Strong<struct InodeIdTag, u32>;
using MmId = Strong<struct MmIdTag, u32>;
using SocketId = Strong<struct SocketIdTag, u32>;
using FsId = Strong<struct FsIdTag, u32>;
using EventPollId = Strong<struct EventPollIdTag, u32>;
using EpItemId = Strong<struct EpItemIdTag, u32>;
inline constexpr UserNsId kInitUserNs{0};
inline constexpr PidNsId kInitPidNs{0};
inline constexpr PipeId kNoPipe{0xffffffffU};
inline constexpr NetlinkId kNoNetlink{0xffffffffU};
inline constexpr FileId kNoFile{0xffffffffU};
inline constexpr SocketId kNoSocket{0xffffffffU};
inline constexpr InodeId kNoInode{0xffffffffU};
inline constexpr EpItemId kNoEpItem{0xffffffffU};

}  // namespace ipcsim
