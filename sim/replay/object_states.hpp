// The state events of a trace against the objects of a machine.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "sim/kernel/snapshot.hpp"
#include "sim/trace/trace.hpp"

namespace ipcsim {

/// Which page of a machine is which number of a trace: one to one, for the whole run.
class PageNumbers {
 public:
  PageNumbers() = default;
  /// Pages that the trace has not numbered get `first_fresh` and those after it.
  explicit PageNumbers(PageNumber first_fresh) : fresh_(first_fresh) {}

  /// Makes `number` name `page`, unless one of them has a partner already.
  void pair(PageNumber number, Identity page);
  /// The page's number; a page without one gets the next fresh number.
  [[nodiscard]] PageNumber number_of(Identity page);

 private:
  std::map<PageNumber, Identity> pages_;
  std::map<Identity, PageNumber> numbers_;
  PageNumber fresh_ = 0;
};

/// What a trace has and what a machine has, of the fields that differ.
struct StateMismatch {
  std::string expected;
  std::string actual;
};

/// Compares the fields that `expected` gives, which is not nothing. New numbers of pages are paired
/// with what stands at their places.
[[nodiscard]] std::optional<StateMismatch> compare_object_state(const ObjectState& expected,
                                                                const ObjectSnapshot& actual,
                                                                PageNumbers& pages);

/// All fields of an object as a trace has them; nothing for what is not under study.
[[nodiscard]] ObjectState state_of(const ObjectSnapshot& object, PageNumbers& pages);

}  // namespace ipcsim
