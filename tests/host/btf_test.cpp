// BTF is read by its description, and whatever is wrong in it is an answer, not a crash.
#include "tools/host/whitebox/btf.hpp"

#include <linux/btf.h>

#include <cstring>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ipcsim::host {
namespace {

using testing::HasSubstr;

/// Makes BTF by hand.
class BtfBlob {
 public:
  u32 string(std::string_view text) {
    const auto at = static_cast<u32>(strings_.size());
    strings_.append(text).push_back('\0');
    return at;
  }
  /// A type; returns its id. `rest` follows it.
  u32 type(std::string_view name, u32 kind, u32 vlen, u32 size_or_ref,
           std::initializer_list<u32> rest = {}, bool bits = false) {
    const u32 at = name.empty() ? 0 : string(name);
    put({at, (bits ? 1U << 31U : 0) | kind << 24U | vlen, size_or_ref});
    put(rest);
    return ++last_id_;
  }
  u32 u32_type() { return type("unsigned int", BTF_KIND_INT, 0, 4, {32}); }
  [[nodiscard]] std::vector<std::byte> text() const {
    const btf_header header{.magic = BTF_MAGIC,
                            .version = BTF_VERSION,
                            .flags = 0,
                            .hdr_len = sizeof(btf_header),
                            .type_off = 0,
                            .type_len = static_cast<u32>(types_.size() * 4),
                            .str_off = static_cast<u32>(types_.size() * 4),
                            .str_len = static_cast<u32>(strings_.size())};
    std::vector<std::byte> text(sizeof header + types_.size() * 4 + strings_.size());
    std::memcpy(text.data(), &header, sizeof header);
    std::memcpy(text.data() + sizeof header, types_.data(), types_.size() * 4);
    std::memcpy(text.data() + sizeof header + types_.size() * 4, strings_.data(), strings_.size());
    return text;
  }

 private:
  void put(std::initializer_list<u32> words) {
    types_.insert(types_.end(), words.begin(), words.end());
  }
  std::vector<u32> types_;
  std::string strings_{'\0'};
  u32 last_id_ = 0;
};

/// struct ring { union { unsigned long head_tail; struct { unsigned head, tail; }; };
///               struct page *tmp_page[2]; typedef const unsigned flag_t flag; };
BtfBlob ring_blob() {
  BtfBlob b;
  const u32 number = b.u32_type();                                           // 1
  const u32 word = b.type("unsigned long", BTF_KIND_INT, 0, 8, {64});        // 2
  const u32 pointer = b.type("", BTF_KIND_PTR, 0, 0);                        // 3
  const u32 pages = b.type("", BTF_KIND_ARRAY, 0, 0, {pointer, number, 2});  // 4
  const u32 head = b.string("head");
  const u32 tail = b.string("tail");
  const u32 both = b.type("", BTF_KIND_STRUCT, 2, 8, {head, number, 0, tail, number, 32});  // 5
  const u32 either =
      b.type("", BTF_KIND_UNION, 2, 8, {b.string("head_tail"), word, 0, 0, both, 0});  // 6
  const u32 constant = b.type("", BTF_KIND_CONST, 0, number);                          // 7
  const u32 flag = b.type("flag_t", BTF_KIND_TYPEDEF, 0, constant);                    // 8
  b.type("ring", BTF_KIND_STRUCT, 3, 32,
         {0, either, 64, b.string("tmp_page"), pages, 128, b.string("flag"), flag, 256});
  b.type("rlimits", BTF_KIND_ENUM, 2, 4, {b.string("FIRST"), 0, b.string("SECOND"), 1});
  b.type("outer", BTF_KIND_STRUCT, 1, 40, {b.string("inner"), 9, 64});
  return b;
}

TEST(Btf, FindsMembersAlsoInThoseWithoutName) {
  const auto btf = Btf::parse(ring_blob().text());
  ASSERT_TRUE(btf.has_value()) << btf.error();
  EXPECT_EQ(btf->types(), 12U);
  EXPECT_EQ(btf->size_of("ring"), 32U);
  EXPECT_EQ(btf->field("ring", "head")->offset, 8U);
  EXPECT_EQ(btf->field("ring", "tail")->offset, 12U);
  EXPECT_EQ(btf->field("ring", "head_tail")->size, 8U);
  EXPECT_EQ(btf->field("ring", "flag")->offset, 32U);
  EXPECT_EQ(btf->field("ring", "flag")->size, 4U);
  EXPECT_EQ(btf->field("ring", "absent"), std::nullopt);
  EXPECT_EQ(btf->field("absent", "head"), std::nullopt);
  EXPECT_EQ(btf->size_of("absent"), std::nullopt);
}

TEST(Btf, TellsHowManyElementsAnArrayHas) {
  const auto btf = Btf::parse(ring_blob().text());
  ASSERT_TRUE(btf.has_value()) << btf.error();
  const auto pages = btf->field("ring", "tmp_page");
  ASSERT_TRUE(pages.has_value());
  EXPECT_EQ(pages->offset, 16U);
  EXPECT_EQ(pages->size, 16U);
  EXPECT_EQ(pages->elements, 2U);
  EXPECT_EQ(pages->element_size, 8U);
}

TEST(Btf, FollowsAPathAndKnowsEnumerators) {
  const auto btf = Btf::parse(ring_blob().text());
  ASSERT_TRUE(btf.has_value()) << btf.error();
  EXPECT_EQ(btf->field("outer", "inner.tail")->offset, 20U);
  EXPECT_EQ(btf->field("outer", "inner.absent"), std::nullopt);
  EXPECT_EQ(btf->field("outer", "inner.tail.more"), std::nullopt);
  EXPECT_EQ(btf->enumerator("SECOND"), 1U);
  EXPECT_EQ(btf->enumerator("THIRD"), std::nullopt);
}

// Bit fields put their size into the top byte of the offset.
TEST(Btf, ReadsOffsetsBesideBitSizes) {
  BtfBlob b;
  const u32 number = b.u32_type();
  b.type("bits", BTF_KIND_STRUCT, 2, 8,
         {b.string("a"), number, 3U << 24U, b.string("b"), number, 32U << 24U | 32U}, true);
  const auto btf = Btf::parse(b.text());
  ASSERT_TRUE(btf.has_value()) << btf.error();
  EXPECT_EQ(btf->field("bits", "a")->offset, 0U);
  EXPECT_EQ(btf->field("bits", "b")->offset, 4U);
}

TEST(Btf, RefusesWhatIsNone) {
  EXPECT_THAT(Btf::parse({}).error(), HasSubstr("0 bytes are no BTF"));
  auto text = ring_blob().text();
  text[0] = std::byte{0};
  EXPECT_THAT(Btf::parse(text).error(), HasSubstr("no BTF of version 1"));
  text = ring_blob().text();
  text[2] = std::byte{2};
  EXPECT_THAT(Btf::parse(text).error(), HasSubstr("version 2"));
}

TEST(Btf, RefusesKindsThatItDoesNotKnow) {
  BtfBlob b;
  b.type("later", 31, 0, 4);
  EXPECT_EQ(Btf::parse(b.text()).error(), "type 1 has the unknown kind 31");
}

TEST(Btf, RefusesMembersBeyondTheEnd) {
  BtfBlob b;
  b.type("cut", BTF_KIND_STRUCT, 0xffff, 8, {0, 0, 0});
  EXPECT_EQ(Btf::parse(b.text()).error(), "type 1 is cut off");
}

// Types that are made of themselves have no size and no members, and looking for them ends.
TEST(Btf, SurvivesCircles) {
  BtfBlob b;
  const u32 loop = b.type("loop", BTF_KIND_TYPEDEF, 0, 1);
  b.type("", BTF_KIND_ARRAY, 0, 0, {2, 2, 100});
  b.type("self", BTF_KIND_STRUCT, 4, 8,
         {0, 3, 0, 0, 3, 0, b.string("x"), loop, 0, b.string("y"), 2, 0});
  const auto btf = Btf::parse(b.text());
  ASSERT_TRUE(btf.has_value()) << btf.error();
  EXPECT_EQ(btf->field("self", "absent"), std::nullopt);
  EXPECT_EQ(btf->field("self", "x")->size, 0U);
  EXPECT_EQ(btf->field("self", "y")->size, 0U);
}

void ask_everything(const std::vector<std::byte>& text) {
  const auto btf = Btf::parse(text);
  if (!btf) {
    EXPECT_FALSE(btf.error().empty());
    return;
  }
  for (const char* name : {"ring", "outer", "rlimits", ""}) {
    static_cast<void>(btf->size_of(name));
    for (const char* path : {"head", "tail", "tmp_page", "inner.head", "flag", "none", ""}) {
      static_cast<void>(btf->field(name, path));
    }
  }
  static_cast<void>(btf->enumerator("SECOND"));
}

TEST(Btf, SurvivesEveryPlaceToBeCutOff) {
  const auto text = ring_blob().text();
  for (std::size_t len = 0; len < text.size(); ++len) {
    ask_everything({text.begin(), text.begin() + static_cast<std::ptrdiff_t>(len)});
  }
}

// Nothing outside the text is read, whatever it says; the sanitizers watch.
TEST(Btf, SurvivesWrongBytes) {
  const auto good = ring_blob().text();
  std::mt19937 random(1);
  for (int round = 0; round < 20'000; ++round) {
    auto text = good;
    for (u32 changes = 1 + random() % 4; changes > 0; --changes) {
      text[random() % text.size()] = static_cast<std::byte>(random());
    }
    ask_everything(text);
  }
}

TEST(Btf, DescribesThisKernel) {
  const auto btf = Btf::of_this_kernel();
  if (!btf) {
    GTEST_SKIP() << btf.error();
  }
  EXPECT_GT(btf->types(), 10'000U);
  const auto head = btf->field("pipe_inode_info", "head");
  const auto tail = btf->field("pipe_inode_info", "tail");
  ASSERT_TRUE(head && tail);
  EXPECT_EQ(tail->offset - head->offset, head->size);
  EXPECT_EQ(btf->field("list_head", "next")->offset, 0U);
  EXPECT_EQ(btf->field("list_head", "prev")->offset, sizeof(void*));
}

}  // namespace
}  // namespace ipcsim::host
