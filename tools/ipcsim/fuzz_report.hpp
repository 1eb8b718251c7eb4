// What a campaign came to, for people and for scripts.
#pragma once

#include <string>

#include "tools/ipcsim/command.hpp"
#include "tools/ipcsim/fuzz_campaign.hpp"

namespace ipcsim {

/// Prints the report on standard output, as the common options say; `seconds` is how long it took.
void print_fuzz_report(const FuzzOptions& options, const FuzzResult& result,
                       const CommonOptions& common, double seconds);

}  // namespace ipcsim
