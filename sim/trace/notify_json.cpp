// struct sigevent as JSON.
#include <limits>

#include "sim/trace/call_json.hpp"
#include "sim/trace/names_json.hpp"
#include "sim/trace/payload_json.hpp"

namespace ipcsim {
namespace {

constexpr u32 kMostU32 = std::numeric_limits<u32>::max();

// A signal's name or any number: an invalid one is what the kernel is asked about, and with
// SIGEV_THREAD it is a descriptor.
void read_signo(JsonReader& in, std::string_view key, const JsonValue& value, i32& signo) {
  constexpr i32 kLeast = std::numeric_limits<i32>::min();
  constexpr i32 kMost = std::numeric_limits<i32>::max();
  if (const auto number = value.integer<i32>(kLeast, kMost)) {
    signo = *number;
    return;
  }
  u32 named = 0;
  read_named(in, key, value, signal_names(), {1, 0}, named);
  signo = static_cast<i32>(named);
}

std::string signo_json(const SigEvent& event) {
  return event.sigev_notify.v == kSigevThread || event.sigev_signo <= 0
             ? fmt::format("{}", event.sigev_signo)
             : named_json(signal_names(), static_cast<u64>(event.sigev_signo));
}

}  // namespace

bool is_bad_pointer(const JsonValue& value) {
  const JsonValue::Object* object = value.object();
  return object != nullptr && object->size() == 1 && object->front().key == "mapped" &&
         object->front().value.integer<u32>(0, 0).has_value();
}

std::string sigevent_json(const SigEvent& event) {
  JsonObjectText out;
  out.json("sigev_notify", named_json(sigev_names(), event.sigev_notify.v));
  if (event.sigev_signo != 0) {
    out.json("sigev_signo", signo_json(event));
  }
  out.number_unless("sigev_value", event.sigev_value, u64{0});
  if (!event.cookie.is_null()) {
    out.json("cookie", event.cookie.is_bad() ? std::string(R"({"mapped":0})")
                                             : payload_json(event.cookie.value));
  }
  return out.text();
}

void read_sigevent(JsonReader& in, std::string_view key, const JsonValue& value, SigEvent& event) {
  auto object = in.inside(key, value, "an object with the members of struct sigevent");
  if (!object) {
    return;
  }
  if (const JsonValue* notify = object->need("sigev_notify", "a name or a number")) {
    read_named(*object, "sigev_notify", *notify, sigev_names(), {0, kMostU32},
               event.sigev_notify.v);
  }
  if (const JsonValue* signo = object->find("sigev_signo")) {
    read_signo(*object, "sigev_signo", *signo, event.sigev_signo);
  }
  object->integer("sigev_value", event.sigev_value);
  if (const JsonValue* cookie = object->find("cookie"); cookie != nullptr && !cookie->is_null()) {
    event.cookie.kind = UserPtr<Payload>::Kind::kBad;
    if (!is_bad_pointer(*cookie)) {
      event.cookie.kind = UserPtr<Payload>::Kind::kValue;
      read_payload(*object, "cookie", *cookie, event.cookie.value);
      if (event.cookie.value.len() != kNotifyCookieLen) {
        object->report(fmt::format("\"{}\" has {} bytes, expected {}", object->path("cookie"),
                                   event.cookie.value.len(), kNotifyCookieLen));
      }
    }
  }
  object->close();
}

}  // namespace ipcsim
