#include "tools/host/proc_view.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace ipcsim::host {
namespace {

/// The start of one file of a thread's folder.
class ThreadFile {
 public:
  ThreadFile(i32 tgid, i32 tid, const char* name)
      : ThreadFile(fmt::format("/proc/{}/task/{}/{}", tgid, tid, name)) {}
  /// The process's own stat.
  explicit ThreadFile(i32 tgid) : ThreadFile(fmt::format("/proc/{}/stat", tgid)) {}
  [[nodiscard]] int error() const { return error_; }
  [[nodiscard]] std::string_view text() const { return {text_.data(), len_}; }

 private:
  explicit ThreadFile(const std::string& path) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
      error_ = errno;
      return;
    }
    const ssize_t len = read(fd, text_.data(), text_.size());
    error_ = len < 0 ? errno : 0;
    len_ = len < 0 ? 0 : static_cast<std::size_t>(len);
    close(fd);
  }

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

std::vector<i32> numbers_of(i32 tgid, i32 tid) {
  constexpr std::string_view kKey = "\nNSpid:";
  const ThreadFile status(tgid, tid, "status");
  std::vector<i32> numbers;
  const std::size_t at = status.text().find(kKey);
  if (at == std::string_view::npos) {
    return numbers;
  }
  std::string_view rest = status.text().substr(at + kKey.size());
  rest = rest.substr(0, rest.find('\n'));
  while (rest.starts_with('\t')) {
    rest.remove_prefix(1);
    numbers.push_back(static_cast<i32>(number(rest)));
    rest.remove_prefix(std::min(rest.find('\t'), rest.size()));
  }
  return numbers;
}

std::optional<int> end_of_process(i32 tgid) {
  // "PID (NAME) STATE ...": the fields behind the name, of which the first is number 3.
  constexpr std::size_t kFirst = 3;
  constexpr std::size_t kThreads = 20;
  constexpr std::size_t kExitCode = 52;
  const ThreadFile stat(tgid);
  if (stat.error() == ENOENT || stat.error() == ESRCH) {
    return SIGKILL;
  }
  const std::size_t name_end = stat.text().rfind(") ");
  std::string_view rest =
      name_end == std::string_view::npos ? std::string_view{} : stat.text().substr(name_end + 2);
  if (!rest.starts_with('Z')) {
    return std::nullopt;
  }
  u64 exit_code = 0;
  for (std::size_t field = kFirst; field <= kExitCode && !rest.empty(); ++field) {
    const std::string_view word = rest.substr(0, rest.find(' '));
    if (field == kThreads && number(word) > 1) {
      return std::nullopt;  // only the first thread has ended
    }
    exit_code = field == kExitCode ? number(word) : 0;
    rest.remove_prefix(std::min(word.size() + 1, rest.size()));
  }
  return static_cast<int>(exit_code);
}

bool is_stopped(i32 tgid, i32 tid) { return state_letter(tgid, tid) == 'T'; }

}  // namespace ipcsim::host
