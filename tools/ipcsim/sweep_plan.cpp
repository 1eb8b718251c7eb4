#include "tools/ipcsim/sweep_plan.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "model/base/text.hpp"
#include "model/pipe/pipe_inode.hpp"
#include "sim/workload/trace_workload.hpp"

namespace ipcsim {
namespace {

constexpr u64 kMostMaxmsg = kHardMsgMax;

std::unexpected<std::string> bad(std::string_view option, const std::string& why) {
  return std::unexpected(fmt::format("{}: {}", option, why));
}

std::expected<std::vector<u64>, std::string> doublings(const std::string& item) {
  const auto dots = item.find("..");
  const auto low = parse_bytes(item.substr(0, dots));
  if (!low) {
    return std::unexpected(low.error());
  }
  u64 high = *low;
  if (dots != std::string::npos) {
    const auto parsed = parse_bytes(item.substr(dots + 2));
    if (!parsed) {
      return std::unexpected(parsed.error());
    }
    high = *parsed;
  }
  if (*low == 0 || high < *low) {
    return std::unexpected(fmt::format("\"{}\": expected at least 1, the lesser size first", item));
  }
  std::vector<u64> sizes;
  for (u64 size = *low; size <= high; size *= 2) {
    sizes.push_back(size);
  }
  return sizes;
}

/// The sizes that the options name, in bytes of a pipe or messages of a queue.
std::expected<std::vector<u64>, std::string> sizes_of(const SweepArguments& a, bool queue,
                                                      u32 page_size) {
  if (queue) {
    const auto sizes = a.maxmsg.empty()
                           ? std::expected<std::vector<u64>, std::string>(usual_queue_sizes())
                           : parse_sizes(a.maxmsg);
    if (sizes && sizes->back() > kMostMaxmsg) {
      return bad("--maxmsg", fmt::format("a queue has at most {} messages", kMostMaxmsg));
    }
    return sizes ? sizes : bad("--maxmsg", sizes.error());
  }
  if (!a.sizes.empty() && !a.slots.empty()) {
    return bad("--slots", "either --size or --slots, not both");
  }
  const u64 most = u64{kPipeMostSlots} * page_size;
  if (!a.slots.empty()) {
    auto slots = parse_sizes(a.slots);
    if (!slots || slots->back() > kPipeMostSlots) {
      return bad("--slots", slots ? fmt::format("a pipe has at most {} slots", kPipeMostSlots)
                                  : slots.error());
    }
    for (u64& size : *slots) {
      size *= page_size;
    }
    return slots;
  }
  auto sizes = a.sizes.empty() ? std::expected<std::vector<u64>, std::string>(usual_pipe_sizes())
                               : parse_sizes(a.sizes);
  if (!sizes || sizes->back() > most) {
    return bad("--size",
               sizes ? fmt::format("a pipe has at most {}", bytes_text(most)) : sizes.error());
  }
  return sizes;
}

std::expected<StreamParameters, std::string> parameters_of(const SweepArguments& a) {
  StreamParameters p{.writers = a.writers,
                     .readers = a.readers,
                     .write_think_ns = a.write_think_ns,
                     .read_think_ns = a.read_think_ns,
                     .prios = a.prios};
  const auto write = SizeSpec::parse(a.write);
  const auto read = SizeSpec::parse(a.read.empty() ? a.write : a.read);
  const auto total = parse_bytes(a.total);
  if (!write) {
    return bad("--write", write.error());
  }
  if (!read) {
    return bad("--read", read.error());
  }
  if (!total || *total == 0) {
    return bad("--total", total ? "at least one byte" : total.error());
  }
  p.write_size = *write;
  p.read_size = *read;
  p.total_bytes = *total;
  p.total_messages = a.messages;
  p.style = a.style == "poll"    ? WaitStyle::kPoll
            : a.style == "epoll" ? WaitStyle::kEpoll
                                 : WaitStyle::kBlocking;
  p.object.queue = a.queue;
  p.object.packets = a.packets;
  p.object.name = a.queue ? "queue" : "pipe";
  if (!a.exchange.empty()) {
    const auto exchange = parse_bytes(a.exchange);
    if (!exchange || *exchange == 0 || a.queue) {
      return bad("--exchange", !exchange ? exchange.error()
                               : a.queue ? "a queue has one direction"
                                         : "at least one byte");
    }
    p.exchange_bytes = *exchange;
  }
  if (a.queue) {
    const auto msgsize = a.msgsize.empty() ? std::expected<u64, std::string>(write->largest())
                                           : parse_bytes(a.msgsize);
    if (!msgsize || *msgsize < write->largest() || *msgsize > static_cast<u64>(kHardMsgSizeMax)) {
      return bad("--msgsize",
                 msgsize ? fmt::format("at least the largest message, at most {}", kHardMsgSizeMax)
                         : msgsize.error());
    }
    p.object.mq.mq_msgsize = static_cast<i64>(*msgsize);
  }
  return p;
}

std::string count_of(u64 n, std::string_view what) {
  return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
}

std::string title_of(const SweepArguments& a, const StreamParameters& p) {
  if (p.exchange_bytes > 0) {
    return fmt::format(
        "two processes, each writes {} bytes ({} a call) before it reads the other's",
        p.exchange_bytes, p.write_size.text());
  }
  const std::string_view writer = a.queue ? "sender" : "writer";
  const std::string_view reader = a.queue ? "receiver" : "reader";
  std::string title = fmt::format("{} of {} bytes a call, {}", count_of(p.writers, writer),
                                  p.write_size.text(), count_of(p.readers, reader));
  title +=
      a.queue
          ? fmt::format(", {} messages of up to {} bytes", p.total_messages, p.object.mq.mq_msgsize)
          : fmt::format(" of {}, {} in all", p.read_size.text(), bytes_text(p.total_bytes));
  if (a.packets) {
    title += ", packets";
  }
  return p.style == WaitStyle::kBlocking ? title : fmt::format("{}, {} style", title, a.style);
}

std::expected<SweepPlan, std::string> plan_stream(const SweepArguments& a, SweepPlan plan,
                                                  u32 page_size) {
  auto p = parameters_of(a);
  if (!p) {
    return std::unexpected(p.error());
  }
  const auto sizes = sizes_of(a, a.queue, page_size);
  if (!sizes) {
    return std::unexpected(sizes.error());
  }
  plan.title = title_of(a, *p);
  plan.queue = a.queue;
  plan.packets = a.packets;
  plan.write_bytes = a.queue ? 0 : p->write_size.largest();
  for (const u64 size : *sizes) {
    if (a.queue) {
      p->object.mq.mq_maxmsg = static_cast<i64>(size);
    } else {
      p->object.pipe_bytes = size;
    }
    plan.cases.push_back({size, a.queue, stream_workload(*p)});
  }
  return plan;
}

/// The object of a trace whose size is changed: the named one, else the one that most goes through.
std::expected<u32, std::string> object_of(const SweepArguments& a, const Workload& workload) {
  if (a.object.empty()) {
    const std::vector<u64> amounts = amounts_into(workload);
    const auto most = std::max_element(amounts.begin(), amounts.end());
    if (most == amounts.end() || *most == 0) {
      return std::unexpected("nothing goes through a pipe or queue in this trace");
    }
    return static_cast<u32>(most - amounts.begin());
  }
  for (u32 i = 0; i < workload.objects.size(); ++i) {
    if (workload.objects[i].name == a.object) {
      return i;
    }
  }
  return bad("--object",
             fmt::format("there is no \"{}\"; there are: {}", a.object,
                         joined(workload.objects, ", ", [](const auto& o) { return o.name; })));
}

std::expected<SweepPlan, std::string> plan_trace(const SweepArguments& a, SweepPlan plan,
                                                 const Trace& trace, u32 page_size) {
  const Workload workload = trace_workload(trace);
  const auto object = object_of(a, workload);
  if (!object) {
    return std::unexpected(object.error());
  }
  const WorkloadObject& changed = workload.objects[*object];
  const auto sizes = sizes_of(a, changed.queue, page_size);
  if (!sizes) {
    return std::unexpected(sizes.error());
  }
  plan.title = fmt::format("{}: {}", trace.header.title, changed.name);
  plan.queue = changed.queue;
  plan.packets = changed.packets;
  plan.notes = workload.notes;
  for (const WorkloadTask& task : workload.tasks) {
    for (const Step& step : task.steps) {
      if (step.kind == Step::Kind::kWrite && workload.files[step.file].object == *object) {
        plan.write_bytes = std::max(plan.write_bytes, step.size.largest());
      }
    }
  }
  for (const u64 size : *sizes) {
    plan.cases.push_back({size, changed.queue, resized(workload, *object, size)});
  }
  return plan;
}

}  // namespace

std::vector<u64> usual_pipe_sizes() {
  return {4096, 8192, 16384, 32768, 65536, 131072, 262144, 524288, 1048576};
}

std::vector<u64> usual_queue_sizes() { return {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000}; }

std::expected<std::vector<u64>, std::string> parse_sizes(const std::string& text) {
  std::vector<u64> all;
  std::size_t at = 0;
  while (at <= text.size()) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    const auto some = doublings(text.substr(at, comma - at));
    if (!some) {
      return some;
    }
    all.insert(all.end(), some->begin(), some->end());
    at = comma + 1;
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

std::expected<Placement, std::string> parse_placement(const std::string& text) {
  if (text == "one") {
    return Placement::kOne;
  }
  if (text == "fifo") {
    return Placement::kOneFifo;
  }
  if (text == "two") {
    return Placement::kTwo;
  }
  return bad("--processors", "one, two or fifo");
}

std::expected<SweepPlan, std::string> plan_sweep(const SweepArguments& arguments,
                                                 const Trace* trace, u32 page_size) {
  const auto placement = parse_placement(arguments.placement);
  if (!placement) {
    return std::unexpected(placement.error());
  }
  SweepPlan plan;
  plan.placement = *placement;
  return trace == nullptr ? plan_stream(arguments, std::move(plan), page_size)
                          : plan_trace(arguments, std::move(plan), *trace, page_size);
}

}  // namespace ipcsim
