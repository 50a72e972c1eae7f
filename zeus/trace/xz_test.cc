#include "zeus/trace/xz.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/result_matchers.h"
#include "zeus/base/numpy_generator.h"

namespace zeus {
namespace {

using testing::IsError;
using testing::IsOk;

constexpr uint64_t kMebibyte = uint64_t{1} << 20;
constexpr auto kInvalid = ErrorCode::kInvalidData;

// Bytes that do not compress.
std::string Noise(size_t size) {
  NumpyGenerator generator(1);
  std::string bytes;
  for (size_t i = 0; i < size; ++i) bytes.push_back(static_cast<char>(generator.NextUint32()));
  return bytes;
}

TEST(XzTest, RoundTrips) {
  for (const std::string& content : {std::string(), std::string("x"), std::string(900000, 'a'), Noise(600000)}) {
    ZEUS_ASSERT_OK_AND_ASSIGN(const std::string compressed, CompressXz(content));
    EXPECT_TRUE(IsXz(compressed));
    ZEUS_ASSERT_OK_AND_ASSIGN(const std::string again, DecompressXz(compressed, "file.xz", kMebibyte));
    EXPECT_EQ(again == content, true) << content.size() << " bytes";
  }
}

TEST(XzTest, ReadsSeveralStreamsAndPaddingAsOneFile) {
  const std::string file = CompressXz("one ").value() + std::string(8, '\0') + CompressXz("two").value();
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::string content, DecompressXz(file, "file.xz", kMebibyte));
  EXPECT_EQ(content, "one two");
}

TEST(XzTest, IsToldByItsFirstBytes) {
  EXPECT_FALSE(IsXz(""));
  EXPECT_FALSE(
      IsXz("\xFD"
           "7zXZ"));
  EXPECT_FALSE(IsXz("group,start_time"));
  EXPECT_FALSE(IsXz("\x1F\x8B\x08\x00\x00\x00"));
}

TEST(XzTest, EveryTruncationIsRefused) {
  const std::string compressed = CompressXz("group,start_time\n" + Noise(200)).value();
  for (size_t size = 0; size < compressed.size(); ++size) {
    EXPECT_THAT(DecompressXz(compressed.substr(0, size), "file.xz", kMebibyte),
                IsError(kInvalid, "file.xz: cannot decompress: it is cut off"))
        << size;
  }
}

TEST(XzTest, EveryFlippedBitIsNoticed) {
  const std::string compressed = CompressXz("group,start_time\n" + Noise(50)).value();
  for (size_t bit = 0; bit < 8 * compressed.size(); ++bit) {
    std::string damaged = compressed;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_THAT(DecompressXz(damaged, "file.xz", kMebibyte), IsError(kInvalid, "file.xz: cannot decompress: it "))
        << bit;
  }
}

TEST(XzTest, WhatIsNoXzIsRefused) {
  EXPECT_THAT(DecompressXz("group,start_time", "file.xz", kMebibyte),
              IsError(kInvalid, "file.xz: cannot decompress: it is not an .xz file"));
  const std::string followed = CompressXz("content").value() + "rubbish, 16 long";
  EXPECT_THAT(DecompressXz(followed, "file.xz", kMebibyte), IsError(kInvalid, "cannot decompress"));
}

TEST(XzTest, ASmallFileOfHugeContentIsRefused) {
  const std::string bomb = CompressXz(std::string(64 * kMebibyte, '\0')).value();
  EXPECT_LT(bomb.size(), 20000U);
  EXPECT_THAT(DecompressXz(bomb, "bomb.xz", kMebibyte),
              IsError(kInvalid, "bomb.xz: decompresses to more than 1 MiB, the most that is read"));
}

TEST(XzTest, BugTheLastChunkWasNotHeldAgainstTheLimit) {
  const std::string just_over = CompressXz(std::string(kMebibyte + 1, 'a')).value();
  EXPECT_THAT(DecompressXz(just_over, "file.xz", kMebibyte), IsError(kInvalid, "decompresses to more than 1 MiB"));
  const std::string fits = CompressXz(std::string(kMebibyte, 'a')).value();
  EXPECT_THAT(DecompressXz(fits, "file.xz", kMebibyte), IsOk());
}

}  // namespace
}  // namespace zeus
