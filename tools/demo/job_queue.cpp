// A program as people write them with message queues: a parent hands jobs to two workers by
// priority and gets answers back through a second queue.
#include <fcntl.h>
#include <mqueue.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

constexpr long kMessageBytes = 64;
constexpr int kWorkers = 2;
constexpr int kJobs = 20;
constexpr unsigned kStopPriority = 0;

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

mqd_t open_queue(const std::string& name, long messages) {
  mq_attr attr{};
  attr.mq_maxmsg = messages;
  attr.mq_msgsize = kMessageBytes;
  const mqd_t queue = mq_open(name.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
  if (queue == static_cast<mqd_t>(-1)) {
    die("mq_open");
  }
  return queue;
}

void send(mqd_t queue, const std::string& text, unsigned priority) {
  if (mq_send(queue, text.data(), text.size(), priority) != 0) {
    die("mq_send");
  }
}

std::string receive(mqd_t queue, unsigned* priority) {
  char buffer[kMessageBytes];
  const ssize_t length = mq_receive(queue, buffer, sizeof buffer, priority);
  if (length < 0) {
    die("mq_receive");
  }
  return {buffer, static_cast<std::size_t>(length)};
}

/// Answers jobs until it is told to stop.
void work(mqd_t jobs, mqd_t answers) {
  for (;;) {
    unsigned priority = 0;
    const std::string job = receive(jobs, &priority);
    if (priority == kStopPriority) {
      return;
    }
    send(answers, "done: " + job, priority);
  }
}

}  // namespace

int main() {
  const std::string suffix = std::to_string(getpid());
  const std::string job_name = "/ipcsim-demo-jobs-" + suffix;
  const std::string answer_name = "/ipcsim-demo-answers-" + suffix;
  const mqd_t jobs = open_queue(job_name, 4);
  const mqd_t answers = open_queue(answer_name, 2);
  mq_unlink(job_name.c_str());
  mq_unlink(answer_name.c_str());
  for (int i = 0; i < kWorkers; ++i) {
    if (fork() == 0) {
      work(jobs, answers);
      _exit(0);
    }
  }
  int answered = 0;
  for (int job = 0; job < kJobs; ++job) {
    send(jobs, "job " + std::to_string(job), 1 + static_cast<unsigned>(job) % 3);
    if (job >= kWorkers) {
      receive(answers, nullptr);
      ++answered;
    }
  }
  for (; answered < kJobs; ++answered) {
    receive(answers, nullptr);
  }
  for (int i = 0; i < kWorkers; ++i) {
    send(jobs, "", kStopPriority);
  }
  for (int i = 0; i < kWorkers; ++i) {
    wait(nullptr);
  }
  std::printf("%d jobs answered by %d workers\n", answered, kWorkers);
}
