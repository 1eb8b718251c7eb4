// An object field by field, as two machines have it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sim/kernel/live_object.hpp"

namespace ipcsim {

/// A field of an object and its value, in words. A slot, and a node of a tree, is one field.
using StateField = std::pair<std::string, std::string>;

/// All fields, in the order in which people read them.
[[nodiscard]] std::vector<StateField> fields_of(const ObjectSnapshot& object,
                                                const Surroundings& around);

/// A field in two objects; nothing where one of them does not have it.
struct StateRow {
  std::string field;
  std::string expected;
  std::string actual;
  [[nodiscard]] bool differs() const { return expected != actual; }
};

/// The fields of both, each once.
[[nodiscard]] std::vector<StateRow> join_fields(const std::vector<StateField>& expected,
                                                const std::vector<StateField>& actual);

/// The rows under a headline, with ">" before those that differ. Long values are cut.
[[nodiscard]] std::string table_text(const std::vector<StateRow>& rows,
                                     const std::string& expected_by, const std::string& actual_by);

}  // namespace ipcsim
