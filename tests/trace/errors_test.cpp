// What is said of an event that cannot be used. tests/trace/bad has whole files.
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/trace/trace.hpp"

namespace ipcsim {
namespace {

struct Row {
  std::string_view line;
  std::string_view message;
};

template <std::size_t N>
void expect_messages(const Row (&rows)[N]) {
  for (const Row& row : rows) {
    const auto event = parse_event(row.line);
    EXPECT_EQ(event ? "no error" : event.error(), row.message) << row.line;
  }
}

TEST(TraceErrors, Json) {
  expect_messages({
      {R"({"note":nul})", "not JSON: invalid literal"},
      {R"({"note":"abc)", "not JSON: invalid string: missing closing quote"},
      {R"({"note":"abc"} x)", "not JSON: invalid literal, expected end of input"},
      {R"({"note" "x"})", "not JSON: unexpected string literal, expected ':'"},
      {R"({note:1})", "not JSON: invalid literal, expected string literal"},
      {R"({"note":"\ud800"})",
       "not JSON: invalid string: surrogate U+D800..U+DBFF must be followed by U+DC00..U+DFFF"},
      {R"({"advance_ns":1e400})", "a number is too large"},
      {"{\"note\":\"\x1b[2J\"}",
       "not JSON: invalid string: control character U+001B (ESC) must be escaped to \\u001B"},
      {R"({"note":"a","note":"b"})", R"(the key "note" is there twice)"},
      {R"({"task":1,"call":"write","fd":1,"buf":{"len":1,"len":2}})",
       R"(the key "len" is there twice)"},
      {"", "not JSON: unexpected end of input, expected '[', '{', or a literal"},
  });
}

TEST(TraceErrors, WhichEvent) {
  expect_messages({
      {"7", "this is 7, expected an object with one event"},
      {R"("read")", R"(this is "read", expected an object with one event)"},
      {"null", "this is null, expected an object with one event"},
      {"{}",
       "no event, expected one of the keys call, sleep, return, died, signal, handled, advance_ns, "
       "other_fd, "
       "note, state"},
      {R"({"task":1,"cal":"read","fd":3})",
       "no event, expected one of the keys call, sleep, return, died, signal, handled, advance_ns, "
       "other_fd, "
       R"(note, state (did you mean "call"?))"},
      {R"({"task":1,"call":"close","fd":3,"sleep":"close"})",
       R"("call" and "sleep" in one line, expected one event a line)"},
      {R"({"ipcsim_trace":1})", "a second header, expected an event (one file is one trace)"},
      {R"({"task":1,"call":"frobnicate"})",
       R"(call: unknown call "frobnicate"; the calls are )"
       "pipe2, read, write, readv, writev, pread64, pwrite64, preadv, pwritev, preadv2, "
       "pwritev2, close, dup, dup2, dup3, fcntl, ioctl, poll, open, mkfifo, unlink, "
       "mq_open, mq_unlink, mq_timedsend, mq_timedreceive, mq_getsetattr, fork, vfork, "
       "clone, execve, exit, exit_group, kill, tgkill, rt_sigaction, rt_sigprocmask, "
       "setrlimit, splice, tee, sendfile, vmsplice, store, lseek, ftruncate, fsync, "
       "fdatasync, fallocate, fadvise64, readahead, sync_file_range, copy_file_range, "
       "mmap, flock, fstat, stat, fstatfs, readlink, mknod, mkdir, rmdir, rename, link, "
       "chmod, fchmod, chown, fchown, close_range, sysctl, umask, setuid, setgid, "
       "setreuid, setregid, setresuid, setresgid, setfsuid, setfsgid, setgroups, "
       "getresuid, getresgid, capset, socketpair, sendmsg, recvmsg, ppoll, select, "
       "pselect6, epoll_create1, epoll_ctl, epoll_wait, epoll_pwait, epoll_pwait2, "
       "pause, rt_sigsuspend, mq_notify, socket, recvfrom, setpriority, "
       "sched_setscheduler, unshare, mount, id_map"},
      {R"({"task":1,"call":3})", R"(call: "call" is 3, expected a string)"},
      {R"({"task":1,"sleep":"raed"})", R"(sleep: unknown call "raed" (did you mean "read"?))"},
      {R"({"task":1,"return":"Read","ret":0})",
       R"(return: unknown call "Read" (did you mean "read"?))"},
  });
}

TEST(TraceErrors, KeysOfAnEvent) {
  expect_messages({
      {R"({"call":"close","fd":3})",
       R"(close: "task" is missing, expected a whole number from 1 to 1000000)"},
      {R"({"task":0,"sleep":"read"})",
       R"(sleep of read: "task" is 0, expected a whole number from 1 to 1000000)"},
      {R"({"task":1000001,"sleep":"read"})",
       R"(sleep of read: "task" is 1000001, expected a whole number from 1 to 1000000)"},
      {R"({"task":1,"sleep":"read","slept":{"times":1,"ns":5}})",
       R"(sleep of read: unknown key "slept" (did you mean "sleep"?); it takes task, sleep, )"
       "time_ns, origin"},
      {R"({"task":1,"call":"close","fd":3,"slept":{"times":1,"ns":5}})",
       R"(close: "slept" belongs to a call's end, and this one has no "ret")"},
      {R"({"task":1,"return":"read","ret":0,"slept":3})",
       R"(return of read: "slept" is 3, expected an object with times, ns and woken_by)"},
      {R"({"task":1,"return":"read","ret":0,"slept":{"times":0,"ns":5}})",
       R"(return of read: "slept.times" is 0, expected a whole number from 1 to )"
       "18446744073709551615"},
      {R"({"task":1,"return":"read","ret":0,"slept":{"times":1}})",
       R"(return of read: "slept.ns" is missing, expected a whole number from 0 to )"
       "9223372036854775807"},
      {R"({"task":1,"return":"read","ret":0,"slept":{"times":1,"ns":5,"woken_by":0}})",
       R"(return of read: "slept.woken_by" is 0, expected a whole number from 1 to 1000000)"},
      {R"({"task":1,"sleep":"read","fd":3})",
       R"(sleep of read: unknown key "fd"; it takes task, sleep, time_ns, origin)"},
      {R"({"task":1,"died":"quietly"})",
       R"(died: "died" is "quietly", expected "exit" or a signal's name)"},
      {R"({"task":1,"died":0})",
       R"(died: "died" is 0, expected a name or a whole number from 1 to 64)"},
      {R"({"task":1,"signal":"SIGUSR3"})",
       R"(signal: "signal" is "SIGUSR3", expected a known name (did you mean "SIGUSR1"?))"},
      {R"({"task":1,"signal":65})",
       R"(signal: "signal" is 65, expected a name or a whole number from 1 to 64)"},
      {R"({"advance_ns":-1})",
       R"(advance_ns: "advance_ns" is -1, expected a whole number from 0 to 9223372036854775807)"},
      {R"({"advance_ns":1e3})",
       R"(advance_ns: "advance_ns" is 1000.0, expected a whole number from 0 to )"
       "9223372036854775807"},
      {R"({"task":1,"other_fd":-1})",
       R"(other_fd: "other_fd" is -1, expected a whole number from 0 to 1048575)"},
      {R"({"task":1,"other_fd":3,"cloexec":1})",
       R"(other_fd: "cloexec" is 1, expected true or false)"},
      {R"({"note":["a"]})", R"(note: "note" is a list, expected a string)"},
      {R"({"note":"a","task":1})", R"(note: unknown key "task"; it takes note, time_ns, origin)"},
      {R"({"note":"a","time_ns":"now"})",
       R"(note: "time_ns" is "now", expected a whole number from -9223372036854775808 to )"
       "9223372036854775807"},
      {R"({"note":"a","origin":{}})", R"(note: "origin" is an object, expected a string)"},
  });
}

TEST(TraceErrors, NumbersAndNames) {
  expect_messages({
      {R"({"task":1,"call":"close","fd":3.5})",
       R"(close: "fd" is 3.5, expected a whole number from -2147483648 to 2147483647)"},
      {R"({"task":1,"call":"read","fd":3,"count":18446744073709551616})",
       R"(read: "count" is 1.8446744073709552e+19, expected a whole number from 0 to )"
       "18446744073709551615"},
      {R"({"task":1,"call":"read","fd":3,"count":-1})",
       R"(read: "count" is -1, expected a whole number from 0 to 18446744073709551615)"},
      {R"({"task":1,"call":"close","fd":null})",
       R"(close: "fd" is null, expected a whole number from -2147483648 to 2147483647)"},
      {R"({"task":1,"call":"fork","child":0})",
       R"(fork: "child" is 0, expected a whole number from 1 to 1000000)"},
      {R"({"task":1,"call":"pipe2","flags":["O_NONBLOK"]})",
       R"(pipe2: "flags[0]" is "O_NONBLOK", expected a known name (did you mean "O_NONBLOCK"?))"},
      {R"({"task":1,"call":"poll","fds":[{"fd":1,"events":"POLLING_MADLY"}]})",
       R"(poll: "fds[0].events" is "POLLING_MADLY", expected one of POLLIN, POLLPRI, POLLOUT, )"
       "POLLERR, POLLHUP, POLLNVAL, POLLRDNORM, POLLRDBAND, POLLWRNORM, POLLWRBAND, POLLMSG, "
       "POLLRDHUP"},
      {R"({"task":1,"call":"poll","fds":[{"fd":1,"events":65536}]})",
       R"(poll: "fds[0].events" is 65536, expected a flag's name or a whole number from 0 to 65535)"},
      {R"({"task":1,"call":"pipe2","flags":[[]]})",
       R"(pipe2: "flags[0]" is a list, expected a flag's name or a whole number from 0 to )"
       "4294967295"},
      {R"({"task":1,"call":"pipe2","flags":{}})",
       R"(pipe2: "flags" is an object, expected a list of flags)"},
      {R"({"task":1,"call":"fcntl","fd":1})",
       R"(fcntl: "cmd" is missing, expected a name or a number)"},
      {R"({"task":1,"call":"fcntl","fd":1,"cmd":"F_SETPIPESZ"})",
       R"(fcntl: "cmd" is "F_SETPIPESZ", expected a known name (did you mean "F_SETPIPE_SZ"?))"},
      {R"({"task":1,"call":"fcntl","fd":1,"cmd":"F_DUPFD","arg":["O_RDWR"]})",
       R"(fcntl: "arg" is a list, expected a whole number (names are for F_SETFL and F_SETFD))"},
      {R"({"task":1,"call":"fcntl","fd":1,"cmd":"F_SETFL","arg":["FD_CLOEXEC"]})",
       R"(fcntl: "arg[0]" is "FD_CLOEXEC", expected a known name (did you mean "O_CLOEXEC"?))"},
      {R"({"task":1,"call":"setrlimit","resource":"RLIMIT_STACK","rlim_cur":1})",
       R"(setrlimit: "resource" is "RLIMIT_STACK", expected one of RLIMIT_NOFILE, RLIMIT_MSGQUEUE)"},
      {R"({"task":1,"call":"kill","pid":1,"sig":[]})",
       R"(kill: "sig" is a list, expected a name or a whole number from 0 to 4294967295)"},
      {R"({"task":1,"call":"rt_sigaction","signum":13,"handler":1})",
       R"(rt_sigaction: "handler" is 1, expected one of SIG_DFL, SIG_IGN, handler)"},
      {R"({"task":1,"call":"rt_sigprocmask","how":"SIG_BLOK","set":[]})",
       R"(rt_sigprocmask: "how" is "SIG_BLOK", expected a known name (did you mean "SIG_BLOCK"?))"},
      {R"({"task":1,"call":"rt_sigprocmask","how":"SIG_BLOCK","set":[0]})",
       R"(rt_sigprocmask: "set[0]" is 0, expected a name or a whole number from 1 to 64)"},
      {R"({"task":1,"call":"mkfifo","pathname":"f","mode":"0800"})",
       R"(mkfifo: "mode" is "0800", expected octal digits in a string, such as "0600", or a number)"},
      {R"({"task":1,"call":"mkfifo","pathname":"f","mode":"7777777777777"})",
       R"(mkfifo: "mode" is "7777777777777", expected octal digits in a string, such as "0600", or a )"
       "number"},
  });
}

TEST(TraceErrors, PointersAndStructures) {
  expect_messages({
      {R"({"task":1,"call":"pipe2","pipefd":[3,4]})",
       R"(pipe2: "pipefd" is a list, expected null or {"mapped":0}, or nothing)"},
      {R"({"task":1,"call":"unlink","pathname":"a\u0000b"})",
       R"(unlink: "pathname" contains a NUL byte, expected a name without)"},
      {R"({"task":1,"call":"unlink","pathname":{"hex":"6"}})",
       R"(unlink: "pathname.hex" is "6", expected a string of hexadecimal digits, two for each byte)"},
      {R"({"task":1,"call":"unlink","pathname":3})",
       R"(unlink: "pathname" is 3, expected a string or {"hex":"00ff"})"},
      {R"({"task":1,"call":"mq_unlink","name":{"mapped":1}})",
       R"(mq_unlink: unknown key "name.mapped"; there may be hex, text)"},
      {R"({"task":1,"call":"mq_open","name":"q","attr":[10,8]})",
       R"(mq_open: "attr" is a list, expected an object with the members of struct mq_attr)"},
      {R"({"task":1,"call":"mq_open","name":"q","attr":{"maxmsg":10}})",
       R"(mq_open: unknown key "attr.maxmsg" (did you mean "mq_maxmsg"?); there may be mq_flags, )"
       "mq_maxmsg, mq_msgsize, mq_curmsgs"},
      {R"({"task":1,"call":"mq_timedsend","mqdes":3,"msg_ptr":"","abs_timeout":5})",
       R"(mq_timedsend: "abs_timeout" is 5, expected {"tv_sec":N,"tv_nsec":N}, null or {"mapped":0})"},
      {R"({"task":1,"call":"poll","fds":[3]})",
       R"(poll: "fds[0]" is 3, expected {"fd":N,"events":[...]})"},
      {R"({"task":1,"call":"poll","fds":{"fd":3}})",
       R"(poll: "fds" is an object, expected a list of descriptors with events)"},
      {R"({"task":1,"call":"readv","fd":3,"iov":[100]})",
       R"(readv: "iov[0]" is 100, expected {"iov_len":N})"},
      {R"({"task":1,"call":"read","fd":3,"count":5,"buf":"hello"})",
       R"(read: "buf" is "hello", expected {"mapped":N}, as the kernel fills this buffer ("out" says )"
       "with what)"},
  });
}

TEST(TraceErrors, Payloads) {
  constexpr std::string_view kForms =
      R"(expected a string, {"hex":"00ff"}, {"len":N,"pattern":N}, {"len":N}, or text or hex with a )"
      "longer len";
  const std::string no_number = R"(write: "buf" is 5, )" + std::string(kForms);
  const std::string nothing = R"(write: "buf" is an object, )" + std::string(kForms);
  expect_messages({
      {R"({"task":1,"call":"write","fd":3,"buf":5})", no_number},
      {R"({"task":1,"call":"write","fd":3,"buf":{}})", nothing},
      {R"({"task":1,"call":"write","fd":3})", R"(write: "buf" is missing, expected the bytes)"},
      {R"({"task":1,"call":"write","fd":3,"buf":{"text":"a","hex":"00"}})",
       R"(write: "buf.hex" stands beside "text", expected one of them)"},
      {R"({"task":1,"call":"write","fd":3,"buf":{"hex":"0g"}})",
       R"(write: "buf.hex" is "0g", expected a string of hexadecimal digits, two for each byte)"},
      {R"({"task":1,"call":"write","fd":3,"buf":{"pattern":7}})",
       R"(write: "buf.pattern" without "len", expected both)"},
      {R"({"task":1,"call":"write","fd":3,"buf":{"pattern":251,"len":1}})",
       R"(write: "buf.pattern" is 251, expected a whole number from 0 to 250)"},
      {R"({"task":1,"call":"write","fd":3,"buf":{"pattern":7,"len":2,"text":"ab"}})",
       R"(write: "buf.pattern" stands beside known bytes, expected one of them)"},
      {R"({"task":1,"call":"write","fd":3,"buf":{"text":"abc","len":2}})",
       R"(write: "buf.len" is 2, expected at least the 3 bytes that are given)"},
      {R"({"task":1,"call":"write","fd":3,"buf":{"len":1073741825}})",
       R"(write: "buf.len" is 1073741825, expected a whole number from 0 to 1073741824)"},
      {R"({"task":1,"call":"write","fd":3,"buf":{"txt":"a"}})",
       R"(write: unknown key "buf.txt" (did you mean "text"?); there may be hex, text, pattern, len, )"
       "mapped"},
      {R"({"task":1,"call":"write","fd":3,"buf":{"text":"abc","mapped":4},"count":9})",
       R"(write: "count" is 9, but "buf" has 3 bytes; expected the bytes, or "mapped" where they end)"},
      {R"({"task":1,"call":"writev","fd":3,"iov":["ab",{"text":"abc","iov_len":9}]})",
       R"(writev: "iov[1].iov_len" is 9, but "iov[1]" has 3 bytes; expected the bytes, or "mapped" )"
       "where they end"},
      {R"({"task":1,"call":"mq_timedsend","mqdes":3,"msg_ptr":"a","msg_len":2})",
       R"(mq_timedsend: "msg_len" is 2, but "msg_ptr" has 1 bytes; expected the bytes, or "mapped" )"
       "where they end"},
      {R"({"task":1,"return":"read","ret":1,"out":{"buf":{"text":"a","mapped":1}}})",
       R"(return of read: unknown key "out.buf.mapped"; there may be hex, text, pattern, len)"},
  });
}

TEST(TraceErrors, Results) {
  expect_messages({
      {R"({"task":1,"return":"close"})",
       R"(return of close: "ret" is missing, expected what the call returned)"},
      {R"({"task":1,"return":"close","ret":-2})",
       R"(return of close: "ret" is -2, expected a whole number from -1 to 9223372036854775807)"},
      {R"({"task":1,"return":"close","ret":-1})",
       R"(return of close: "ret" is -1 without "errno", expected both)"},
      {R"({"task":1,"return":"close","ret":0,"errno":"EBADF"})",
       R"(return of close: "ret" is 0 beside "errno", expected -1)"},
      {R"({"task":1,"return":"close","errno":"EBADF"})",
       R"(return of close: "errno" without "ret", expected both or none)"},
      {R"({"task":1,"call":"read","fd":3,"count":1,"out":{"buf":"a"}})",
       R"(read: "out" without "ret", expected both or none)"},
      {R"({"task":1,"return":"close","ret":-1,"errno":"EBADFF"})",
       R"(return of close: "errno" is "EBADFF", expected an error's name, such as "EAGAIN" )"
       R"((did you mean "EBADF"?))"},
      {R"({"task":1,"return":"close","ret":-1,"errno":"ERESTARTSYS"})",
       R"(return of close: "errno" is "ERESTARTSYS", expected an error's name, such as "EAGAIN")"},
      {R"({"task":1,"return":"close","ret":-1,"errno":0})",
       R"(return of close: "errno" is 0, expected an error's name, such as "EAGAIN")"},
      {R"({"task":1,"return":"read","ret":-1,"errno":"EAGAIN","out":{"buf":""}})",
       R"(return of read: "out" stands beside "errno", but a call that fails hands nothing out)"},
      {R"({"task":1,"return":"close","ret":0,"out":{}})",
       R"(return of close: "out" has no place here, as close hands nothing out)"},
      {R"({"task":1,"return":"read","ret":0,"out":"a"})",
       R"(return of read: "out" is "a", expected an object with what the call handed out)"},
      {R"({"task":1,"return":"read","ret":0,"out":{}})",
       R"(return of read: "out.buf" is missing, expected the bytes)"},
      {R"({"task":1,"return":"pipe2","ret":0,"out":{"pipefd":[3]}})",
       R"(return of pipe2: "out.pipefd" has 1 items, expected a list of two descriptors)"},
      {R"({"task":1,"return":"pipe2","ret":0,"out":{"pipefd":[3,-1]}})",
       R"(return of pipe2: "out.pipefd[1]" is -1, expected a whole number from 0 to 2147483647)"},
      {R"({"task":1,"return":"ioctl","ret":0,"out":{"arg":"5"}})",
       R"(return of ioctl: "out.arg" is "5", expected a whole number from -2147483648 to 2147483647)"},
      {R"({"task":1,"return":"mq_timedreceive","ret":0,"out":{"msg_prio":1}})",
       R"(return of mq_timedreceive: "out.msg_ptr" is missing, expected the bytes)"},
      {R"({"task":1,"return":"poll","ret":0,"out":{"revents":[["POLLIM"]]}})",
       R"(return of poll: "out.revents[0][0]" is "POLLIM", expected a known name )"
       R"((did you mean "POLLIN"?))"},
  });
}

TEST(TraceErrors, ResultsThatContradictTheirCall) {
  expect_messages({
      {R"({"task":1,"call":"read","fd":3,"count":9,"ret":3,"out":{"buf":"hello"}})",
       R"(read: "ret" is 3, but "out.buf" has 5 bytes)"},
      {R"({"task":1,"call":"readv","fd":3,"iov":[],"ret":1,"out":{"buf":""}})",
       R"(readv: "ret" is 1, but "out.buf" has 0 bytes)"},
      {R"({"task":1,"call":"mq_timedreceive","mqdes":3,"msg_len":9,"ret":1,"out":{"msg_ptr":"ab"}})",
       R"(mq_timedreceive: "ret" is 1, but "out.msg_ptr" has 2 bytes)"},
      {R"({"task":1,"call":"poll","fds":[{"fd":3}],"ret":0,"out":{"revents":[]}})",
       R"(poll: "out.revents" has 0 items, expected 1, one for each of "fds")"},
      {R"({"task":1,"call":"ioctl","fd":3,"request":"FIONBIO","value":1,"ret":0,"out":{"arg":1}})",
       R"(ioctl: "out" has no place here, as only FIONREAD and FIGETBSZ hand something out)"},
      {R"({"task":1,"call":"fork","child":2,"ret":0})",
       R"(fork: "ret" is 0, expected the child's number, 2)"},
      {R"({"task":1,"call":"vfork","child":2,"ret":3})",
       R"(vfork: "ret" is 3, expected the child's number, 2)"},
      {R"({"task":1,"call":"clone","child":2,"ret":3})",
       R"(clone: "ret" is 3, expected the child's number, 2)"},
      {R"({"task":1,"call":"exit","status":1,"ret":0})", "exit: this call does not return"},
      {R"({"task":1,"call":"exit_group","ret":-1,"errno":"EPERM"})",
       "exit_group: this call does not return"},
  });
}

// A misspelt key is the cause of one that is missing, so it is what is said.
TEST(TraceErrors, AMisspeltKeyIsNamedBeforeAMissingOne) {
  expect_messages({
      {R"({"task":1,"call":"read","fd":3,"cont":100})",
       R"(read: unknown key "cont" (did you mean "count"?); it takes task, call, fd, buf, count, )"
       "ret, errno, out, slept, time_ns, origin"},
      {R"({"task":1,"call":"close","d":3})",
       R"(close: unknown key "d" (did you mean "fd"?); it takes task, call, fd, ret, errno, out, )"
       "slept, time_ns, origin"},
  });
}

// What strangers wrote is shown shortened and without control characters.
TEST(TraceErrors, QuotesAreShortAndHarmless) {
  const std::string line = R"({"note":"a","\u001b[31m\u202e)" + std::string(1000, 'x') + "\":1}";
  const auto event = parse_event(line);
  ASSERT_FALSE(event);
  EXPECT_EQ(event.error(), R"(note: unknown key "\u001b[31m\u202e)" + std::string(40, 'x') +
                               R"("...; it takes note, time_ns, origin)");
}

}  // namespace
}  // namespace ipcsim
