// A call with less to it: one size, flag, buffer or pointer at a time.
#pragma once

#include <optional>

#include "sim/kernel/call.hpp"

namespace ipcsim {

/// The call with the `n`th thing about it made simpler, or nothing when there are not so many.
/// Every simpler call has fewer bytes, bits, buffers or peculiarities: taking simpler ones again
/// and again ends.
[[nodiscard]] std::optional<Call> simpler_call(const Call& call, u32 n);

/// The call with every descriptor number replaced by what `renumber` gives for it, also in paths of
/// the kind /proc/self/fd/N.
[[nodiscard]] Call with_descriptors(const Call& call, const auto& renumber);

namespace detail {

/// Visits the descriptors of a call.
template <class Renumber>
struct DescriptorVisitor {
  const Renumber& renumber;

  void field(std::string_view /*name*/, auto& value) const { change(value); }
  void in_buffer(std::string_view, std::string_view, auto&) const {}
  void out_buffer(std::string_view, std::string_view, auto&) const {}
  void in_iov(std::string_view, auto&) const {}
  void out_iov(std::string_view, auto&) const {}
  void page_iov(std::string_view, auto&) const {}
  void payload(std::string_view, auto&) const {}
  void mode(std::string_view, auto&) const {}
  void entry(auto&) const {}
  void fcntl_arg(std::string_view, const FcntlCmd&, auto&) const {}

 private:
  void change(Fd& fd) const { fd = renumber(fd); }
  void change(std::vector<PollFd>& fds) const {
    for (PollFd& entry : fds) {
      change(entry.fd);
    }
  }
  void change(std::string& path) const {
    for (const std::string_view folder : {"/proc/self/fd/", "/dev/fd/"}) {
      if (path.starts_with(folder)) {
        i32 number = 0;
        for (const char c : path.substr(folder.size())) {
          number = number * 10 + (c - '0');
        }
        path = std::string(folder) + std::to_string(renumber(Fd{number}).v);
        return;
      }
    }
  }
  void change(auto& /*other*/) const {}
};

}  // namespace detail

Call with_descriptors(const Call& call, const auto& renumber) {
  Call copy = call;
  visit(
      [&](auto& c) {
        using T = std::remove_reference_t<decltype(c)>;
        T::each_field(c,
                      detail::DescriptorVisitor<std::remove_cvref_t<decltype(renumber)>>{renumber});
      },
      copy);
  return copy;
}

}  // namespace ipcsim
