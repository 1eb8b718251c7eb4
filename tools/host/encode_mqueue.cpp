// Message queues.
#include <sys/syscall.h>

#include <fmt/format.h>

#include "tools/host/call_encoder.hpp"
#include "tools/host/host_flags.hpp"
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

u64 Encoder::attributes(const UserPtr<MqAttr>& pointer) {
  return build_.in(pointer, [&](const MqAttr& attr) {
    return build_.window().put_value(KernelMqAttr{.flags = attr.mq_flags,
                                                  .maxmsg = attr.mq_maxmsg,
                                                  .msgsize = attr.mq_msgsize,
                                                  .curmsgs = attr.mq_curmsgs,
                                                  .reserved = {}});
  });
}

u64 Encoder::deadline(const UserPtr<Timespec>& pointer) {
  return build_.in(pointer, [&](const Timespec& time) -> u64 {
    const auto host = context_.clock.absolute(task_, time, host_now_ns());
    if (!host) {
      build_.refuse(host.error().message);
      return 0;
    }
    return build_.window().put_value(KernelTimespec{host->tv_sec, host->tv_nsec});
  });
}

void Encoder::put(const MqOpenCall& c) {
  build_.system_call(SYS_mq_open, queue_name(c.name), open_flags_to_host(c.oflag.v), c.mode,
                     attributes(c.attr));
}

void Encoder::put(const MqUnlinkCall& c) { build_.system_call(SYS_mq_unlink, queue_name(c.name)); }

void Encoder::put(const MqTimedsendCall& c) {
  const u64 at = build_.window().place(c.msg, true);
  build_.reads_buffer(at, std::min(c.msg.data.len(), c.msg.mapped));
  build_.system_call(SYS_mq_timedsend, c.mqdes.v, at, c.msg.len, c.msg_prio,
                     deadline(c.abs_timeout));
}

void Encoder::put(const MqTimedreceiveCall& c) {
  const u64 prio = build_.out<u32>(c.msg_prio);
  build_.system_call(SYS_mq_timedreceive, c.mqdes.v, build_.window().place(c.msg, false), c.msg.len,
                     prio, deadline(c.abs_timeout));
}

void Encoder::put(const MqGetsetattrCall& c) {
  const u64 newattr = attributes(c.newattr);
  build_.system_call(SYS_mq_getsetattr, c.mqdes.v, newattr, build_.out<KernelMqAttr>(c.oldattr));
}

u64 Encoder::sigevent(const UserPtr<SigEvent>& pointer) {
  return build_.in(pointer, [&](const SigEvent& event) {
    KernelSigevent raw{.value = event.sigev_value,
                       .signo = event.sigev_signo,
                       .notify = static_cast<i32>(event.sigev_notify.v),
                       .rest = {}};
    if (!event.cookie.is_null()) {
      raw.value = build_.in(event.cookie, [&](const Payload& cookie) {
        return build_.window().put_text(cookie.to_string());
      });
    }
    return build_.window().put_value(raw);
  });
}

void Encoder::put(const MqNotifyCall& c) {
  build_.system_call(SYS_mq_notify, c.mqdes.v, sigevent(c.sevp));
}

}  // namespace ipcsim::host
