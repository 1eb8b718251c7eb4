// What a program's entry makes of a message queue call: the C library's names, and the words of a
// 32-bit program.
#include <limits>

#include "sim/kernel/sys_mqueue.hpp"

namespace ipcsim {
namespace {

template <class Narrow>
bool fits(auto wide) {
  return std::in_range<Narrow>(wide);
}

/// Nothing, or why not.
std::optional<std::string> unless(bool fine) {
  return fine ? std::nullopt : std::optional<std::string>("a 32-bit program has no such number");
}

bool attr_fits(const UserPtr<MqAttr>& attr) {
  const MqAttr& a = attr.value;
  return fits<i32>(a.mq_flags) && fits<i32>(a.mq_maxmsg) && fits<i32>(a.mq_msgsize) &&
         fits<i32>(a.mq_curmsgs);
}

template <class C>
bool transfer_fits(const C& call) {
  const Timespec& time = call.abs_timeout.value;
  return fits<u32>(call.msg.len) && fits<i32>(time.tv_sec) && fits<i32>(time.tv_nsec);
}

/// The C library looks at a name's first byte before it makes any call.
std::optional<std::string> name_beyond(MqEntry entry, const UserPtr<std::string>& name) {
  return entry == MqEntry::kLibc && (name.is_null() || name.is_bad())
             ? std::optional<std::string>("the C library reads the name, and dies of this pointer")
             : std::nullopt;
}

template <class C>
Result<C> without_slash(const C& call) {
  if (!call.name.value.starts_with('/')) {
    return fail(Errno::kEINVAL);
  }
  C inner = call;
  inner.name.value.erase(0, 1);
  inner.entry = MqEntry::kSyscall;
  return inner;
}

}  // namespace

std::optional<std::string> beyond_entry(const MqOpenCall& call) {
  return call.entry == MqEntry::kIa32 ? unless(attr_fits(call.attr))
                                      : name_beyond(call.entry, call.name);
}

std::optional<std::string> beyond_entry(const MqUnlinkCall& call) {
  return name_beyond(call.entry, call.name);
}

std::optional<std::string> beyond_entry(const MqTimedsendCall& call) {
  return unless(call.entry != MqEntry::kIa32 || transfer_fits(call));
}

std::optional<std::string> beyond_entry(const MqTimedreceiveCall& call) {
  return unless(call.entry != MqEntry::kIa32 || transfer_fits(call));
}

std::optional<std::string> beyond_entry(const MqGetsetattrCall& call) {
  return unless(call.entry != MqEntry::kIa32 || attr_fits(call.newattr));
}

std::optional<std::string> beyond_entry(const MqNotifyCall& call) {
  if (call.entry == MqEntry::kLibc && call.sevp.value.sigev_notify.v == kSigevThread) {
    return "the C library's thread that waits for notifications is no task of the trace";
  }
  return unless(call.entry != MqEntry::kIa32 || fits<u32>(call.sevp.value.sigev_value));
}

Result<MqOpenCall> libc_call(const MqOpenCall& call) {
  Result<MqOpenCall> inner = without_slash(call);
  if (inner && (call.oflag.v & kOCreat) == 0) {
    inner->mode = 0;  // what stands behind the flags is not looked at
    inner->attr = {};
  }
  return inner;
}

Result<MqUnlinkCall> libc_call(const MqUnlinkCall& call) { return without_slash(call); }

Errno libc_unlink_error(Errno error) { return error == Errno::kEPERM ? Errno::kEACCES : error; }

}  // namespace ipcsim
