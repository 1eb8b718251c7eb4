#include <algorithm>

#include <fmt/format.h>

#include "model/base/check.hpp"
#include "sim/workload/workload.hpp"

namespace ipcsim {
namespace {

/// The `index`-th of `parts` parts of `total`, the first ones greater by one where it does not
/// divide.
u64 part_of(u64 total, u32 parts, u32 index) {
  return total / parts + (index < total % parts ? 1 : 0);
}

std::string numbered(std::string_view name, u32 index, u32 of) {
  return of == 1 ? std::string(name) : fmt::format("{} {}", name, index + 1);
}

/// Adds a file that `holders` tasks hold from the start.
u32 add_file(Workload& workload, u32 object, PipeMode mode, u32 holders) {
  const u32 file = static_cast<u32>(workload.files.size());
  workload.files.push_back({object, mode});
  workload.held_at_start.insert(workload.held_at_start.end(), holders, file);
  return file;
}

Step release(u32 file) { return {.kind = Step::Kind::kRelease, .file = file}; }

/// Messages with priorities in turn: blocks of one message each when there are several priorities.
void add_sends(std::vector<Step>& steps, const StreamParameters& p, u32 file, u64 messages) {
  Step send{.kind = Step::Kind::kSend,
            .file = file,
            .size = p.write_size,
            .amount = messages,
            .think_ns = p.write_think_ns};
  if (p.prios == 1) {
    steps.push_back(send);
    return;
  }
  send.amount = 1;
  for (u64 i = 0; i < messages; ++i) {
    send.prio = static_cast<u32>(i % p.prios);
    steps.push_back(send);
  }
}

Workload queue_stream(const StreamParameters& p) {
  Workload workload;
  workload.objects = {p.object};
  const u32 in = add_file(workload, 0, {.write = true}, p.writers);
  const u32 out = add_file(workload, 0, {.read = true}, p.readers);
  for (u32 i = 0; i < p.writers; ++i) {
    WorkloadTask task{.name = numbered("sender", i, p.writers), .style = p.style, .steps = {}};
    add_sends(task.steps, p, in, part_of(p.total_messages, p.writers, i));
    task.steps.push_back(release(in));
    workload.tasks.push_back(std::move(task));
  }
  for (u32 i = 0; i < p.readers; ++i) {
    workload.tasks.push_back(
        {.name = numbered("receiver", i, p.readers),
         .style = p.style,
         .steps = {{.kind = Step::Kind::kReceive,
                    .file = out,
                    .size = SizeSpec::fixed(static_cast<u64>(p.object.mq.mq_msgsize)),
                    .amount = part_of(p.total_messages, p.readers, i),
                    .think_ns = p.read_think_ns},
                   release(out)}});
  }
  return workload;
}

Workload pipe_stream(const StreamParameters& p) {
  Workload workload;
  workload.objects = {p.object};
  const u32 in = add_file(workload, 0, {.write = true}, p.writers);
  const u32 out = add_file(workload, 0, {.read = true}, p.readers);
  for (u32 i = 0; i < p.writers; ++i) {
    workload.tasks.push_back({.name = numbered("writer", i, p.writers),
                              .style = p.style,
                              .steps = {{.kind = Step::Kind::kWrite,
                                         .file = in,
                                         .size = p.write_size,
                                         .amount = part_of(p.total_bytes, p.writers, i),
                                         .think_ns = p.write_think_ns},
                                        release(in)}});
  }
  for (u32 i = 0; i < p.readers; ++i) {
    workload.tasks.push_back({.name = numbered("reader", i, p.readers),
                              .style = p.style,
                              .steps = {{.kind = Step::Kind::kRead,
                                         .file = out,
                                         .size = p.read_size,
                                         .amount = kUntilEnd,
                                         .think_ns = p.read_think_ns},
                                        release(out)}});
  }
  return workload;
}

/// Two processes, each of which writes all of its message before it reads the other's.
Workload exchange(const StreamParameters& p) {
  Workload workload;
  workload.objects = {p.object, p.object};
  workload.objects[0].name = "pipe there";
  workload.objects[1].name = "pipe back";
  std::vector<u32> in;
  std::vector<u32> out;
  for (u32 object = 0; object < 2; ++object) {
    in.push_back(add_file(workload, object, {.write = true}, 1));
    out.push_back(add_file(workload, object, {.read = true}, 1));
  }
  const u64 rounds = std::max<u64>(1, p.total_bytes / (2 * p.exchange_bytes));
  for (u32 side = 0; side < 2; ++side) {
    WorkloadTask task{.name = numbered("process", side, 2), .style = p.style, .steps = {}};
    for (u64 round = 0; round < rounds; ++round) {
      task.steps.push_back({.kind = Step::Kind::kWrite,
                            .file = in[side],
                            .size = p.write_size,
                            .amount = p.exchange_bytes,
                            .think_ns = p.write_think_ns});
      task.steps.push_back({.kind = Step::Kind::kRead,
                            .file = out[1 - side],
                            .size = p.read_size,
                            .amount = p.exchange_bytes,
                            .think_ns = p.read_think_ns});
    }
    task.steps.push_back(release(in[side]));
    task.steps.push_back(release(out[1 - side]));
    workload.tasks.push_back(std::move(task));
  }
  return workload;
}

}  // namespace

Workload stream_workload(const StreamParameters& parameters) {
  IPCSIM_CHECK(parameters.writers > 0 && parameters.readers > 0 && parameters.prios > 0);
  if (parameters.object.queue) {
    return queue_stream(parameters);
  }
  return parameters.exchange_bytes > 0 ? exchange(parameters) : pipe_stream(parameters);
}

}  // namespace ipcsim
