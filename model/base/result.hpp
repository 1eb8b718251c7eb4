// What a modelled kernel function answers: a value or an error number.
#pragma once

#include <expected>

#include "model/base/errno.hpp"

namespace ipcsim {

template <class T>
using Result = std::expected<T, Errno>;

/// `return fail(Errno::kEINVAL);`
[[nodiscard]] constexpr std::unexpected<Errno> fail(Errno error) { return std::unexpected(error); }

}  // namespace ipcsim
