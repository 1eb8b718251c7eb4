// A machine's objects against the model's, field by field.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/kernel/live_object.hpp"
#include "sim/replay/machine.hpp"
#include "sim/replay/report.hpp"

namespace ipcsim {

/// Which page of one machine is which of another. A pair holds as long as the model's page is seen:
/// the model gives no page a number that another had, so while it sees one it was not freed. A
/// kernel's page has the number of an earlier one when it was.
class PagePairs {
 public:
  /// Makes them partners unless one has another partner.
  void pair(Identity model, Identity other);
  /// The model's page that `other` is, if it has a partner.
  [[nodiscard]] std::optional<Identity> partner_of(Identity other) const;
  /// Keeps the pairs of the model's pages in `seen` alone.
  void keep(const std::vector<Identity>& seen);

 private:
  std::map<Identity, Identity> others_;  // by the model's
  std::map<Identity, Identity> models_;  // by the other's
};

/// Compares objects at one time after another.
class ObjectComparison {
 public:
  /// The names are those of the machines, for reports.
  ObjectComparison(std::string model, std::string other)
      : model_name_(std::move(model)), other_name_(std::move(other)) {}

  /// The first object of `found` that is not what its partner in `objects` is, in the words of a
  /// report (without where it was), or nothing. REQUIRES: `found` has one for each of `objects`.
  [[nodiscard]] std::optional<Difference> compare(const std::vector<LiveObject>& objects,
                                                  std::vector<FoundObject> found);

  /// Objects compared so far.
  [[nodiscard]] u64 states() const { return states_; }
  /// Objects that could not be seen, and so were not compared.
  [[nodiscard]] u64 unseen() const { return unseen_; }

 private:
  [[nodiscard]] std::optional<Difference> compare_object(const LiveObject& model,
                                                         FoundObject& other);
  void pair_pages(const LiveObject& model, const FoundObject& other);
  void rename_pages(PipeSnapshot& pipe) const;
  void keep_pairs(const std::vector<LiveObject>& objects);

  std::string model_name_;
  std::string other_name_;
  PagePairs pages_;
  u64 states_ = 0;
  u64 unseen_ = 0;
};

/// The objects as text for people.
[[nodiscard]] std::string to_text(const std::vector<LiveObject>& objects);

}  // namespace ipcsim
