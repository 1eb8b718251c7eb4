// Message queues.
#include <sys/syscall.h>

#include <utility>

#include <fmt/format.h>

#include "sim/kernel/sys_mqueue.hpp"
#include "tools/host/call_encoder.hpp"
#include "tools/host/host_flags.hpp"
#include "tools/host/ia32_entry.hpp"
#include "tools/host/kernel_structs.hpp"

namespace ipcsim::host {

u64 Encoder::queue_name(const UserPtr<std::string>& name) {
  return build_.in(name, [&](const std::string& text) {
    if (context_.queue_names == nullptr) {
      return build_.window().put_text(text);
    }
    const std::string unique = context_.queue_names->unique(text);
    context_.shared.header().queue_names = context_.queue_names->count();
    return build_.window().put_text(unique);
  });
}

u64 Encoder::attributes(const UserPtr<MqAttr>& pointer, MqEntry entry) {
  return build_.in(pointer, [&](const MqAttr& attr) {
    if (entry == MqEntry::kIa32) {
      return build_.window().put_value(Ia32MqAttr{.flags = static_cast<i32>(attr.mq_flags),
                                                  .maxmsg = static_cast<i32>(attr.mq_maxmsg),
                                                  .msgsize = static_cast<i32>(attr.mq_msgsize),
                                                  .curmsgs = static_cast<i32>(attr.mq_curmsgs),
                                                  .reserved = {}});
    }
    return build_.window().put_value(KernelMqAttr{.flags = attr.mq_flags,
                                                  .maxmsg = attr.mq_maxmsg,
                                                  .msgsize = attr.mq_msgsize,
                                                  .curmsgs = attr.mq_curmsgs,
                                                  .reserved = {}});
  });
}

u64 Encoder::deadline(const UserPtr<Timespec>& pointer, MqEntry entry) {
  return build_.in(pointer, [&](const Timespec& time) -> u64 {
    const auto host = context_.clock.absolute(task_, time, host_now_ns());
    if (!host) {
      build_.refuse(host.error().message);
      return 0;
    }
    if (entry == MqEntry::kIa32) {
      if (!std::in_range<i32>(host->tv_sec)) {
        build_.refuse("the time is beyond what a 32-bit program can say");
      }
      return build_.window().put_value(Ia32Timespec{.sec = static_cast<i32>(host->tv_sec),
                                                    .nsec = static_cast<i32>(host->tv_nsec)});
    }
    return build_.window().put_value(KernelTimespec{host->tv_sec, host->tv_nsec});
  });
}

namespace {

// Numbers of the system calls of 32-bit x86 programs.
constexpr i64 kIa32MqOpen = 277;
constexpr i64 kIa32MqUnlink = 278;
constexpr i64 kIa32MqTimedsend = 279;
constexpr i64 kIa32MqTimedreceive = 280;
constexpr i64 kIa32MqNotify = 281;
constexpr i64 kIa32MqGetsetattr = 282;

}  // namespace

template <class C>
bool Encoder::enter(const C& call) {
  if (auto why = beyond_entry(call)) {
    build_.refuse(std::move(*why));
    return false;
  }
  if (call.entry == MqEntry::kIa32) {
    if (!has_ia32_entry()) {
      build_.refuse("this kernel has no entry for 32-bit programs");
      return false;
    }
    build_.use_ia32();
  }
  return !build_.refusal();
}

template <class... Args>
void Encoder::mq_call(MqEntry entry, i64 nr, i64 ia32_nr, Args... args) {
  if (entry == MqEntry::kIa32) {
    build_.ia32_call(ia32_nr, args...);
  } else {
    build_.system_call(nr, args...);
  }
}

template <class C>
void Encoder::put_libc(const C& call) {
  if (const Result<C> inner = libc_call(call)) {
    put(*inner);
  } else {
    build_.special(Op::kAnswer, -static_cast<i64>(inner.error()));
  }
}

void Encoder::put(const MqOpenCall& c) {
  if (!enter(c)) {
    return;
  }
  if (c.entry == MqEntry::kLibc) {
    put_libc(c);
    return;
  }
  mq_call(c.entry, SYS_mq_open, kIa32MqOpen, queue_name(c.name), open_flags_to_host(c.oflag.v),
          c.mode, attributes(c.attr, c.entry));
}

void Encoder::put(const MqUnlinkCall& c) {
  if (!enter(c)) {
    return;
  }
  if (c.entry == MqEntry::kLibc) {
    put_libc(c);
    return;
  }
  mq_call(c.entry, SYS_mq_unlink, kIa32MqUnlink, queue_name(c.name));
}

void Encoder::put(const MqTimedsendCall& c) {
  if (!enter(c)) {
    return;
  }
  const u64 at = build_.window().place(c.msg, true);
  build_.reads_buffer(at, std::min(c.msg.data.len(), c.msg.mapped));
  mq_call(c.entry, SYS_mq_timedsend, kIa32MqTimedsend, c.mqdes.v, at, c.msg.len, c.msg_prio,
          deadline(c.abs_timeout, c.entry));
}

void Encoder::put(const MqTimedreceiveCall& c) {
  if (!enter(c)) {
    return;
  }
  const u64 prio = build_.out<u32>(c.msg_prio);
  mq_call(c.entry, SYS_mq_timedreceive, kIa32MqTimedreceive, c.mqdes.v,
          build_.window().place(c.msg, false), c.msg.len, prio, deadline(c.abs_timeout, c.entry));
}

void Encoder::put(const MqGetsetattrCall& c) {
  if (!enter(c)) {
    return;
  }
  const u64 newattr = attributes(c.newattr, c.entry);
  const u64 oldattr = c.entry == MqEntry::kIa32 ? build_.out<Ia32MqAttr>(c.oldattr)
                                                : build_.out<KernelMqAttr>(c.oldattr);
  mq_call(c.entry, SYS_mq_getsetattr, kIa32MqGetsetattr, c.mqdes.v, newattr, oldattr);
}

u64 Encoder::sigevent(const UserPtr<SigEvent>& pointer, MqEntry entry) {
  return build_.in(pointer, [&](const SigEvent& event) {
    u64 value = event.sigev_value;
    if (!event.cookie.is_null()) {
      value = build_.in(event.cookie, [&](const Payload& cookie) {
        return build_.window().put_text(cookie.to_string());
      });
    }
    const i32 notify = static_cast<i32>(event.sigev_notify.v);
    if (entry == MqEntry::kIa32) {
      return build_.window().put_value(Ia32Sigevent{.value = static_cast<u32>(value),
                                                    .signo = event.sigev_signo,
                                                    .notify = notify,
                                                    .rest = {}});
    }
    return build_.window().put_value(
        KernelSigevent{.value = value, .signo = event.sigev_signo, .notify = notify, .rest = {}});
  });
}

void Encoder::put(const MqNotifyCall& c) {
  if (!enter(c)) {
    return;
  }
  mq_call(c.entry, SYS_mq_notify, kIa32MqNotify, c.mqdes.v, sigevent(c.sevp, c.entry));
}

}  // namespace ipcsim::host
