#include "tools/host/whitebox/btf.hpp"

#include <fcntl.h>
#include <linux/btf.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace ipcsim::host {
namespace {

constexpr const char* kPath = "/sys/kernel/btf/vmlinux";
/// No kernel's is near this.
constexpr std::size_t kMostBytes = std::size_t{256} << 20U;
/// How deep typedefs, arrays and members without a name may lie in each other.
constexpr u32 kDeepest = 32;
/// Most members that are looked at for one name.
constexpr u32 kMostMembers = 100'000;
/// The kinds that the headers of older systems do not have.
constexpr u32 kKindFloat = 16;
constexpr u32 kKindDeclTag = 17;
constexpr u32 kKindTypeTag = 18;
constexpr u32 kKindEnum64 = 19;

/// Bytes that follow a type of this kind, or nothing for a kind that is not known.
std::optional<u64> bytes_behind(u32 kind, u32 vlen) {
  switch (kind) {
    case BTF_KIND_INT:
    case BTF_KIND_VAR:
    case kKindDeclTag:
      return 4;
    case BTF_KIND_ARRAY:
      return 12;
    case BTF_KIND_STRUCT:
    case BTF_KIND_UNION:
    case BTF_KIND_DATASEC:
    case kKindEnum64:
      return u64{12} * vlen;
    case BTF_KIND_ENUM:
    case BTF_KIND_FUNC_PROTO:
      return u64{8} * vlen;
    case BTF_KIND_PTR:
    case BTF_KIND_FWD:
    case BTF_KIND_TYPEDEF:
    case BTF_KIND_VOLATILE:
    case BTF_KIND_CONST:
    case BTF_KIND_RESTRICT:
    case BTF_KIND_FUNC:
    case kKindFloat:
    case kKindTypeTag:
      return 0;
    default:
      return std::nullopt;
  }
}

/// True for kinds that only give another type a name or a quality.
bool is_another(u32 kind) {
  return kind == BTF_KIND_TYPEDEF || kind == BTF_KIND_VOLATILE || kind == BTF_KIND_CONST ||
         kind == BTF_KIND_RESTRICT || kind == kKindTypeTag;
}

}  // namespace

std::expected<Btf, std::string> Btf::parse(std::vector<std::byte> text) {
  btf_header header{};
  if (text.size() < sizeof header || text.size() > kMostBytes) {
    return std::unexpected(fmt::format("{} bytes are no BTF", text.size()));
  }
  std::memcpy(&header, text.data(), sizeof header);
  if (header.magic != BTF_MAGIC || header.version != BTF_VERSION) {
    return std::unexpected(fmt::format("no BTF of version {}: it begins with {:#x}, version {}",
                                       BTF_VERSION, header.magic, header.version));
  }
  const u64 base = header.hdr_len;
  const u64 types_end = base + header.type_off + u64{header.type_len};
  const u64 strings_end = base + header.str_off + u64{header.str_len};
  if (header.hdr_len < sizeof header || types_end > text.size() || strings_end > text.size()) {
    return std::unexpected("its types or strings lie outside the text");
  }
  Btf btf;
  btf.text_ = std::move(text);
  btf.strings_ = static_cast<u32>(base + header.str_off);
  btf.strings_end_ = static_cast<u32>(strings_end);
  if (auto wrong =
          btf.read_types(static_cast<u32>(base + header.type_off), static_cast<u32>(types_end))) {
    return std::unexpected(*std::move(wrong));
  }
  return btf;
}

std::optional<std::string> Btf::read_types(u32 begin, u32 end) {
  types_.emplace_back();
  for (u32 at = begin; at < end;) {
    if (end - at < sizeof(btf_type)) {
      return fmt::format("type {} is cut off", types_.size());
    }
    const u32 info = word(at + 4);
    Type type{.kind = BTF_INFO_KIND(info),
              .vlen = BTF_INFO_VLEN(info),
              .bits = BTF_INFO_KFLAG(info) != 0,
              .size_or_ref = word(at + 8),
              .rest = at + static_cast<u32>(sizeof(btf_type)),
              .name = word(at)};
    const std::optional<u64> behind = bytes_behind(type.kind, type.vlen);
    if (!behind) {
      return fmt::format("type {} has the unknown kind {}", types_.size(), type.kind);
    }
    if (end - type.rest < *behind) {
      return fmt::format("type {} is cut off", types_.size());
    }
    at = type.rest + static_cast<u32>(*behind);
    if (type.kind == BTF_KIND_STRUCT && !string_at(type.name).empty()) {
      // Several structures may have one name. The first is that of the kernel proper.
      structs_.try_emplace(string_at(type.name), static_cast<u32>(types_.size()));
    }
    types_.push_back(type);
  }
  return std::nullopt;
}

std::expected<Btf, std::string> Btf::of_this_kernel() {
  const int fd = open(kPath, O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return std::unexpected(fmt::format("{}: {}", kPath, std::strerror(errno)));
  }
  std::vector<std::byte> text;
  std::array<std::byte, 1 << 16> piece{};
  ssize_t len = 0;
  while ((len = read(fd, piece.data(), piece.size())) > 0 && text.size() <= kMostBytes) {
    text.insert(text.end(), piece.begin(), piece.begin() + len);
  }
  const int error = len < 0 ? errno : 0;
  close(fd);
  if (error != 0) {
    return std::unexpected(fmt::format("{}: {}", kPath, std::strerror(error)));
  }
  auto btf = parse(std::move(text));
  if (!btf) {
    return std::unexpected(fmt::format("{}: {}", kPath, btf.error()));
  }
  return btf;
}

/// REQUIRES: inside the text, which read_types() made sure of.
u32 Btf::word(u32 at) const {
  u32 value = 0;
  std::memcpy(&value, text_.data() + at, sizeof value);
  return value;
}

std::string_view Btf::string_at(u32 offset) const {
  if (offset >= strings_end_ - strings_) {
    return {};
  }
  const u32 begin = strings_ + offset;
  const auto* text = reinterpret_cast<const char*>(text_.data()) + begin;
  return {text, strnlen(text, strings_end_ - begin)};
}

/// The type without names and qualities, or null.
const Btf::Type* Btf::resolve(u32 id) const {
  for (u32 depth = 0; depth < kDeepest && id > 0 && id < types_.size(); ++depth) {
    const Type& type = types_[id];
    if (!is_another(type.kind)) {
      return &type;
    }
    id = type.size_or_ref;
  }
  return nullptr;
}

Btf::Array Btf::array(const Type& type) const {
  return {.type = word(type.rest), .elements = word(type.rest + 8)};
}

/// Bytes of a type; 0 where it has none.
u64 Btf::size(u32 id) const {
  u64 times = 1;
  for (u32 depth = 0; depth < kDeepest; ++depth) {
    const Type* type = resolve(id);
    if (type == nullptr) {
      return 0;
    }
    switch (type->kind) {
      case BTF_KIND_PTR:
        return times * sizeof(u64);
      case BTF_KIND_ARRAY: {
        const Array array = this->array(*type);
        times = (times * array.elements) & 0xffff'ffffU;
        id = array.type;
        break;
      }
      case BTF_KIND_INT:
      case BTF_KIND_STRUCT:
      case BTF_KIND_UNION:
      case BTF_KIND_ENUM:
      case kKindEnum64:
      case kKindFloat:
        return times * type->size_or_ref;
      default:
        return 0;
    }
  }
  return 0;
}

/// Its offset is in bits, from the start of `type`.
std::optional<Btf::Member> Btf::find_member(const Type& type, std::string_view name, u32 depth,
                                            u32& budget) const {
  const bool composed = type.kind == BTF_KIND_STRUCT || type.kind == BTF_KIND_UNION;
  if (!composed || depth > kDeepest) {
    return std::nullopt;
  }
  for (u32 i = 0; i < type.vlen && budget > 0; ++i) {
    --budget;
    const u32 at = type.rest + i * 12;
    const u32 raw = word(at + 8);
    const Member member{.type = word(at + 4), .offset = type.bits ? raw & 0xff'ffffU : raw};
    const std::string_view own = string_at(word(at));
    if (own == name) {
      return member;
    }
    const Type* inner = own.empty() ? resolve(member.type) : nullptr;
    if (inner != nullptr) {
      if (auto found = find_member(*inner, name, depth + 1, budget)) {
        found->offset += member.offset;
        return found;
      }
    }
  }
  return std::nullopt;
}

const Btf::Type* Btf::find_struct(std::string_view name) const {
  const auto found = structs_.find(name);
  return found == structs_.end() ? nullptr : &types_[found->second];
}

std::optional<BtfField> Btf::field(std::string_view structure, std::string_view path) const {
  const Type* type = find_struct(structure);
  u64 offset = 0;
  while (type != nullptr) {
    const std::size_t dot = path.find('.');
    u32 budget = kMostMembers;
    const auto member = find_member(*type, path.substr(0, dot), 0, budget);
    if (!member) {
      return std::nullopt;
    }
    offset += member->offset / 8;
    type = resolve(member->type);
    if (dot != std::string_view::npos) {
      path.remove_prefix(dot + 1);
      continue;
    }
    const auto size = static_cast<u32>(this->size(member->type));
    BtfField field{.offset = static_cast<u32>(offset), .size = size, .element_size = size};
    if (type != nullptr && type->kind == BTF_KIND_ARRAY) {
      const Array array = this->array(*type);
      field.elements = array.elements;
      field.element_size = static_cast<u32>(this->size(array.type));
    }
    return field;
  }
  return std::nullopt;
}

std::optional<u32> Btf::size_of(std::string_view structure) const {
  const Type* type = find_struct(structure);
  return type == nullptr ? std::nullopt : std::optional{type->size_or_ref};
}

std::optional<u32> Btf::enumerator(std::string_view name) const {
  for (const Type& type : types_) {
    for (u32 i = 0; type.kind == BTF_KIND_ENUM && i < type.vlen; ++i) {
      if (string_at(word(type.rest + i * 8)) == name) {
        return word(type.rest + i * 8 + 4);
      }
    }
  }
  return std::nullopt;
}

}  // namespace ipcsim::host
