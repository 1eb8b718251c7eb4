// A kernel's own description of its structures (BTF): where a field is, and whether there is one.
#pragma once

#include <cstddef>
#include <expected>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/base/types.hpp"

namespace ipcsim::host {

/// Where a member is in a structure.
struct BtfField {
  u32 offset = 0;        ///< in bytes, from the start of the structure that was asked for
  u32 size = 0;          ///< of the whole member
  u32 elements = 1;      ///< of an array; 0 where it has no length of its own
  u32 element_size = 0;  ///< of an array; else `size`
};

/// BTF of one kernel. Nothing in the text is believed: whatever lies outside it, or goes round in a
/// circle, is an error or a field that is not there.
class Btf {
 public:
  Btf(const Btf&) = delete;
  Btf& operator=(const Btf&) = delete;
  Btf(Btf&&) = default;
  Btf& operator=(Btf&&) = default;
  ~Btf() = default;

  /// Reads `text`, which is then kept. Errors (by text): no BTF of the version that is known here;
  /// a part lies outside the text; an unknown kind of type.
  [[nodiscard]] static std::expected<Btf, std::string> parse(std::vector<std::byte> text);
  /// That of the running kernel. Errors: as above, and that there is no such file.
  [[nodiscard]] static std::expected<Btf, std::string> of_this_kernel();

  /// The member of `struct STRUCTURE` that `path` names: "head", "mutex.owner", or a member of a
  /// structure or union inside that has no name of its own. Nothing when there is none.
  [[nodiscard]] std::optional<BtfField> field(std::string_view structure,
                                              std::string_view path) const;
  /// Bytes of `struct STRUCTURE`, or nothing.
  [[nodiscard]] std::optional<u32> size_of(std::string_view structure) const;
  /// The value of an enumerator, whatever its enumeration, or nothing.
  [[nodiscard]] std::optional<u32> enumerator(std::string_view name) const;
  /// Types described.
  [[nodiscard]] std::size_t types() const { return types_.size(); }

 private:
  Btf() = default;

  struct Type {
    u32 kind = 0;
    u32 vlen = 0;         // members, values, parameters
    bool bits = false;    // the offsets of members have a bit size in their top byte
    u32 size_or_ref = 0;  // its size, or the type that it is made of
    u32 rest = 0;         // where in the text what follows the type begins
    u32 name = 0;         // where in the strings
  };
  struct Array {
    u32 type = 0;
    u32 elements = 0;
  };
  struct Member {
    u32 type = 0;
    u32 offset = 0;
  };

  [[nodiscard]] std::optional<std::string> read_types(u32 begin, u32 end);
  [[nodiscard]] u32 word(u32 at) const;
  [[nodiscard]] std::string_view string_at(u32 offset) const;
  [[nodiscard]] const Type* resolve(u32 id) const;
  [[nodiscard]] u64 size(u32 id) const;
  [[nodiscard]] Array array(const Type& type) const;
  [[nodiscard]] std::optional<Member> find_member(const Type& type, std::string_view name,
                                                  u32 depth, u32& budget) const;
  [[nodiscard]] const Type* find_struct(std::string_view name) const;

  std::vector<std::byte> text_;
  u32 strings_ = 0;
  u32 strings_end_ = 0;
  std::vector<Type> types_;                  // by id; 0 is void
  std::map<std::string_view, u32> structs_;  // names in `text_`
};

}  // namespace ipcsim::host
