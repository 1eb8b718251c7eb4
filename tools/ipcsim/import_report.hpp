// What an import kept, dropped and did not understand, for people or as JSON.
#pragma once

#include "tools/import/import.hpp"
#include "tools/ipcsim/command.hpp"

namespace ipcsim {

/// Prints to standard output, or to standard error when the trace itself goes to standard output.
void print_import_report(const ImportReport& report, const Trace& trace, const std::string& output,
                         const CommonOptions& options);

}  // namespace ipcsim
