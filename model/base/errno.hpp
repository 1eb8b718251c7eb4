// The kernel's error numbers, under names that are not host macros.
#pragma once

#include <optional>
#include <string_view>

#include "model/base/types.hpp"

namespace ipcsim {

// Every error that a call under study can give, with the number that x86, arm, riscv and s390
// share.
// clang-format off
#define IPCSIM_ERRNO_LIST(X) \
  X(EPERM, 1) \
  X(ENOENT, 2) \
  X(ESRCH, 3) \
  X(EINTR, 4) \
  X(EIO, 5) \
  X(ENXIO, 6) \
  X(E2BIG, 7) \
  X(ENOEXEC, 8) \
  X(EBADF, 9) \
  X(ECHILD, 10) \
  X(EAGAIN, 11) \
  X(ENOMEM, 12) \
  X(EACCES, 13) \
  X(EFAULT, 14) \
  X(ENOTBLK, 15) \
  X(EBUSY, 16) \
  X(EEXIST, 17) \
  X(EXDEV, 18) \
  X(ENODEV, 19) \
  X(ENOTDIR, 20) \
  X(EISDIR, 21) \
  X(EINVAL, 22) \
  X(ENFILE, 23) \
  X(EMFILE, 24) \
  X(ENOTTY, 25) \
  X(ETXTBSY, 26) \
  X(EFBIG, 27) \
  X(ENOSPC, 28) \
  X(ESPIPE, 29) \
  X(EROFS, 30) \
  X(EMLINK, 31) \
  X(EPIPE, 32) \
  X(EDOM, 33) \
  X(ERANGE, 34) \
  X(EDEADLK, 35) \
  X(ENAMETOOLONG, 36) \
  X(ENOLCK, 37) \
  X(ENOSYS, 38) \
  X(ENOTEMPTY, 39) \
  X(ELOOP, 40) \
  X(ENODATA, 61) \
  X(ENOPKG, 65) \
  X(EOVERFLOW, 75) \
  X(EBADFD, 77) \
  X(ENOTSOCK, 88) \
  X(EMSGSIZE, 90) \
  X(EOPNOTSUPP, 95) \
  X(ENOBUFS, 105) \
  X(ETIMEDOUT, 110) \
  X(EINPROGRESS, 115) \
  X(ECANCELED, 125)
// clang-format on

/// An error number of the kernel. `kOk` means no error.
enum class Errno : u16 {
  kOk = 0,
#define IPCSIM_ERRNO_ENUMERATOR(name, number) k##name = (number),
  IPCSIM_ERRNO_LIST(IPCSIM_ERRNO_ENUMERATOR)
#undef IPCSIM_ERRNO_ENUMERATOR
  /// A signal ended the sleep; the call is restarted or fails with EINTR, as the handler says.
  /// Internal: never leaves sim/kernel.
  kERESTARTSYS = 512,
  /// The same for poll(): a handler always gives EINTR, whatever its flags. Internal.
  kERESTARTNOHAND = 514,
};

/// "EAGAIN" for kEAGAIN, "OK" for kOk.
[[nodiscard]] std::string_view errno_name(Errno error);

/// The error called `name` ("EAGAIN"), or nothing.
[[nodiscard]] std::optional<Errno> errno_from_name(std::string_view name);

/// The error with this number, or nothing if the number is not in the list.
[[nodiscard]] std::optional<Errno> errno_from_number(i64 number);

}  // namespace ipcsim
