// Calls, short enough to write a scenario in.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/kernel/call.hpp"

namespace ipcsim::calls {

/// What pthread_create() passes to clone().
inline constexpr u64 kThread =
    kCloneVm | kCloneFs | kCloneFiles | kCloneSighand | kCloneThread | kCloneSysvsem;

UserSegment bytes(std::string_view text);
UserSegment room(u64 len);

Call pipe2(u32 flags = 0, OutPtr pipefd = OutPtr::kValid);
Call read(i32 fd, u64 count);
Call write(i32 fd, std::string_view text);
/// `count` bytes of a pattern.
Call write(i32 fd, u64 count);
Call readv(i32 fd, std::vector<UserSegment> iov);
Call writev(i32 fd, std::vector<UserSegment> iov);
Call close(i32 fd);
Call dup(i32 fd);
Call dup2(i32 oldfd, i32 newfd);
Call dup3(i32 oldfd, i32 newfd, u32 flags);
Call fcntl(i32 fd, u32 cmd, i64 arg = 0);
Call ioctl(i32 fd, u32 request, i32 value = 0, OutPtr arg = OutPtr::kValid);
/// Of one descriptor; timeout in milliseconds.
Call poll(i32 fd, u32 events, i32 timeout = -1);
Call poll(std::vector<PollFd> fds, i32 timeout);
Call open(std::string_view path, u32 flags);
Call mkfifo(std::string_view path);
Call unlink(std::string_view path);

Call splice(i32 in, i32 out, u64 len, u32 flags = 0);
Call tee(i32 in, i32 out, u64 len, u32 flags = 0);
Call sendfile(i32 out, i32 in, u64 count);
Call vmsplice(i32 fd, std::vector<PageSegment> iov, u32 flags = 0);
/// `len` bytes of the page, `text` first if it is not longer; 0: as long as the text.
PageSegment in_page(std::string page, u32 offset, std::string_view text, u64 len = 0);
Call store(std::string page, u32 offset, std::string_view text);

Call mq_open(std::string_view name, u32 flags, u32 mode = 0600);
Call mq_open(std::string_view name, u32 flags, i64 maxmsg, i64 msgsize, u32 mode = 0600);
Call mq_unlink(std::string_view name);
Call mq_send(i32 mqdes, std::string_view text, u32 prio = 0);
Call mq_send_until(i32 mqdes, std::string_view text, Timespec until);
/// With room for 8192 bytes.
Call mq_receive(i32 mqdes);
Call mq_receive_until(i32 mqdes, Timespec until);
Call mq_notify(i32 mqdes, SigEvent event);
/// Takes the registration back.
Call mq_notify(i32 mqdes);
Call socket(u32 family, u32 type);
/// With room for a cookie, without waiting.
Call recv_cookie(i32 sockfd);
Call setpriority(u32 who, i32 nice);
Call unshare(u64 flags);
Call mq_getattr(i32 mqdes);
Call mq_set_nonblock(i32 mqdes, bool on);

Call fork(u32 child);
Call vfork(u32 child);
Call clone(u64 flags, u32 child);
Call thread(u32 child);
Call exec();
Call exit();
Call exit_group();
Call kill(u32 pid, Signal signal);
Call tgkill(u32 tgid, u32 tid, Signal signal);
Call sigaction(Signal signal, Disposition handler, u32 flags = 0);
Call sigprocmask(MaskHow how, std::vector<Signal> set);
Call setrlimit(u32 resource, u64 value);

}  // namespace ipcsim::calls
