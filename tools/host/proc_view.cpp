#include "tools/host/proc_view.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <string_view>

#include <fmt/format.h>

namespace ipcsim::host {
namespace {

/// The start of one file of a thread's folder.
class ThreadFile {
 public:
  ThreadFile(i32 tgid, i32 tid, const char* name) {
    std::array<char, 64> path{};
    fmt::format_to_n(path.data(), path.size() - 1, "/proc/{}/task/{}/{}", tgid, tid, name);
    const int fd = open(path.data(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
      error_ = errno;
      return;
    }
    const ssize_t len = read(fd, text_.data(), text_.size());
    error_ = len < 0 ? errno : 0;
    len_ = len < 0 ? 0 : static_cast<std::size_t>(len);
    close(fd);
  }
  [[nodiscard]] int error() const { return error_; }
  [[nodiscard]] std::string_view text() const { return {text_.data(), len_}; }

 private:
  std::array<char, 4096> text_{};
  std::size_t len_ = 0;
  int error_ = 0;
};

u64 number(std::string_view digits) {
  u64 value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

/// How often the thread has been given a CPU: the third number of schedstat, or where the kernel
/// keeps none, the switches that status counts.
u64 count_switches(i32 tgid, i32 tid) {
  const ThreadFile schedstat(tgid, tid, "schedstat");
  std::string_view text = schedstat.text();
  if (!text.empty() && !text.starts_with("0 0 0")) {
    text.remove_suffix(text.ends_with('\n') ? 1 : 0);
    return number(text.substr(text.rfind(' ') + 1));
  }
  const ThreadFile status(tgid, tid, "status");
  u64 switches = 0;
  for (const std::string_view key :
       {"\nvoluntary_ctxt_switches:\t", "\nnonvoluntary_ctxt_switches:\t"}) {
    const std::size_t at = status.text().find(key);
    if (at != std::string_view::npos) {
      switches += number(status.text().substr(at + key.size()));
    }
  }
  return switches;
}

/// The letter in stat; 0: there is no such thread.
char state_letter(i32 tgid, i32 tid) {
  const ThreadFile stat(tgid, tid, "stat");
  // "PID (NAME) STATE ...", where the name may have brackets of its own.
  const std::size_t name_end = stat.text().rfind(") ");
  return name_end == std::string_view::npos ? '\0' : stat.text()[name_end + 2];
}

/// S, D (who waits for the child of vfork()), or T (stopped).
bool is_letter_of_sleep(char letter) { return letter == 'S' || letter == 'D' || letter == 'T'; }

/// A kernel without /proc/.../syscall (user-mode-linux) has one CPU and no preemption inside: who
/// has the letter of a sleeper has left it.
TaskView view_by_letter(i32 tgid, i32 tid) {
  using enum TaskView::State;
  const char letter = state_letter(tgid, tid);
  if (letter == '\0') {
    return {kGone, 0};
  }
  return is_letter_of_sleep(letter) ? TaskView{kAsleep, count_switches(tgid, tid)}
                                    : TaskView{kMoving, 0};
}

}  // namespace

TaskView view_task(i32 tgid, i32 tid) {
  using enum TaskView::State;
  const ThreadFile syscall(tgid, tid, "syscall");
  if (syscall.error() == ENOENT) {
    return view_by_letter(tgid, tid);
  }
  if (syscall.error() != 0) {
    return {syscall.error() == ESRCH ? kGone : kHidden, 0};
  }
  // "running", or the call's number and more, or -1 for a zombie and for one that sleeps elsewhere.
  const bool in_call =
      !syscall.text().empty() && syscall.text().front() >= '0' && syscall.text().front() <= '9';
  // One that was woken and has not got to a CPU yet is still off its CPU in its call, and on a
  // virtual machine that may last; its letter is R.
  return in_call && is_letter_of_sleep(state_letter(tgid, tid))
             ? TaskView{kAsleep, count_switches(tgid, tid)}
             : TaskView{kMoving, 0};
}

bool is_stopped(i32 tgid, i32 tid) { return state_letter(tgid, tid) == 'T'; }

}  // namespace ipcsim::host
