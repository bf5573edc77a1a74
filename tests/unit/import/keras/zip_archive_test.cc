#include "server/import/keras/zip_archive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "tests/support/status_testing.h"
#include "tests/support/zip_builder.h"

namespace rectifier {
namespace {

using testing::AnyOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr int64_t kMany = int64_t{1} << 30;

std::string Text(const AlignedBuffer& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The member's text, or the error.
std::string Read(std::string_view bytes, const std::string& name, int64_t max_bytes = kMany) {
  const auto archive = ZipArchive::Open("m.keras", std::as_bytes(std::span(bytes)));
  if (!archive.ok()) return StatusText(archive);
  const auto member = archive->Read(name, max_bytes);
  return member.ok() ? Text(*member) : StatusText(member);
}

// `bytes` with every `from` replaced by `to`, of the same length; there are `times` of them.
std::string Replaced(std::string bytes, std::string_view from, std::string_view to, int times) {
  RECTIFIER_CHECK(from.size() == to.size());
  for (size_t at = bytes.find(from); at != std::string::npos; at = bytes.find(from, at + 1)) {
    bytes.replace(at, to.size(), to);
    --times;
  }
  EXPECT_EQ(times, 0);
  return bytes;
}

// The number as zip files have it.
std::string FourBytes(uint32_t number) {
  std::string bytes(4, '\0');
  std::memcpy(bytes.data(), &number, 4);
  return bytes;
}

TEST(ZipArchiveTest, MembersAreReadByTheirNamesHoweverTheyAreStored) {
  const std::string much(100'000, 'a');
  const std::string bytes = ZipBuilder()
                                .Member("stored", "one")
                                .Member("deflated", much, ZIP_CM_DEFLATE)
                                .Member("empty", "")
                                .Bytes();
  ASSERT_LT(bytes.size(), 1000U);
  EXPECT_EQ(Read(bytes, "stored"), "one");
  EXPECT_EQ(Read(bytes, "deflated"), much);
  EXPECT_EQ(Read(bytes, "empty"), "");
}

TEST(ZipArchiveTest, AMemberHasExactlyItsName) {
  const std::string bytes = ZipBuilder()
                                .Member("CONFIG.JSON", "upper")
                                .Member("a/config.json", "folder")
                                .Member("./config.json", "dot")
                                .Member("config.json ", "space")
                                .Bytes();
  EXPECT_EQ(Read(bytes, "config.json"), "INVALID_ARGUMENT: m.keras: holds no config.json");
}

TEST(ZipArchiveTest, ANameThatIsThereTwiceIsRefused) {
  const std::string bytes =
      Replaced(ZipBuilder().Member("config.json", "1").Member("config.jsox", "2").Bytes(),
               "config.jsox", "config.json", 2);
  // libzip itself may refuse it.
  EXPECT_THAT(Read(bytes, "config.json"),
              AnyOf("INVALID_ARGUMENT: m.keras: holds config.json twice",
                    "INVALID_ARGUMENT: m.keras: is cut short or no zip file: File already exists"));
}

TEST(ZipArchiveTest, AnEncryptedMemberIsRefused) {
  const std::string bytes = ZipBuilder().Member("x", "hidden").Encrypted().Bytes();
  EXPECT_EQ(Read(bytes, "x"), "INVALID_ARGUMENT: m.keras: x: is encrypted");
}

TEST(ZipArchiveTest, AMemberThatIsLargerThanAllowedIsRefused) {
  const std::string bytes = ZipBuilder().Member("x", std::string(100, 'a')).Bytes();
  EXPECT_EQ(Read(bytes, "x", 100).size(), 100U);
  EXPECT_EQ(Read(bytes, "x", 99),
            "RESOURCE_EXHAUSTED: m.keras: x: has 100 bytes, at most 99 are allowed");
}

TEST(ZipArchiveTest, ABombIsRefusedBeforeItIsAllocated) {
  const std::string much(64 << 20, '\0');
  const std::string bytes = ZipBuilder().Member("x", much, ZIP_CM_DEFLATE).Bytes();
  ASSERT_LT(bytes.size(), 70'000U);
  EXPECT_THAT(Read(bytes, "x"),
              StartsWith("RESOURCE_EXHAUSTED: m.keras: x: has 67108864 bytes, of 65"));
}

TEST(ZipArchiveTest, AnotherSizeThanTheEntrySaysIsAnError) {
  const std::string bytes =
      ZipBuilder().Member("x", std::string(1000, 'a'), ZIP_CM_DEFLATE).Bytes();
  // In the entry and in the list of entries.
  for (const uint32_t size : {uint32_t{0}, uint32_t{999}, uint32_t{1001}, uint32_t{5000}}) {
    EXPECT_THAT(Read(Replaced(bytes, FourBytes(1000), FourBytes(size), 2), "x"),
                StartsWith("INVALID_ARGUMENT: m.keras: x: "))
        << size;
  }
}

TEST(ZipArchiveTest, MoreBytesThanTheFileHasAreNotBelieved) {
  const std::string bytes = ZipBuilder().Member("x", std::string(1000, 'a')).Bytes();
  const std::string lying = Replaced(bytes, FourBytes(1000), FourBytes(1'000'000'000), 4);
  EXPECT_THAT(Read(lying, "x"), StartsWith("INVALID_ARGUMENT: m.keras: "));
}

TEST(ZipArchiveTest, AnotherChecksumIsAnError) {
  for (const zip_int32_t method : {ZIP_CM_STORE, ZIP_CM_DEFLATE}) {
    const std::string bytes = ZipBuilder().Member("x", "the content", method).Bytes();
    const size_t at = method == ZIP_CM_STORE ? bytes.find("content") : 30 + 1 + 4;
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 4);
    EXPECT_THAT(Read(changed, "x"), AnyOf(StartsWith("INVALID_ARGUMENT: m.keras: x: is damaged"),
                                          EndsWith("has another size than its entry says")))
        << method;
  }
}

TEST(ZipArchiveTest, AMethodThatNobodyKnowsIsAnError) {
  std::string bytes = ZipBuilder().Member("x", "the content").Bytes();
  const size_t entry = bytes.find("PK\1\2");
  ASSERT_NE(entry, std::string::npos);
  bytes[8] = 77;           // its method, before the member
  bytes[entry + 10] = 77;  // and in the list of entries
  EXPECT_THAT(Read(bytes, "x"), StartsWith("INVALID_ARGUMENT: m.keras: x: cannot be read: "));
}

TEST(ZipArchiveTest, TooManyMembersAreRefused) {
  ZipBuilder builder;
  for (int i = 0; i <= 10'000; ++i) builder.Member(std::to_string(i), "");
  EXPECT_EQ(Read(builder.Bytes(), "1"),
            "RESOURCE_EXHAUSTED: m.keras: has 10001 members, at most 10000 are allowed");
}

TEST(ZipArchiveTest, AFileThatIsCutAnywhereIsAnError) {
  const std::string bytes = ZipBuilder()
                                .Member("a", std::string(1000, 'a'), ZIP_CM_DEFLATE)
                                .Member("x", std::string(1000, 'x'))
                                .Bytes();
  for (size_t size = 1; size < bytes.size(); size += 7) {
    EXPECT_THAT(Read(bytes.substr(0, size), "x"),
                StartsWith("INVALID_ARGUMENT: m.keras: is cut short or no zip file: "))
        << size;
  }
}

TEST(ZipArchiveTest, WhatIsNoZipFileIsRefused) {
  EXPECT_THAT(Read(std::string(1000, 'x'), "x"), HasSubstr("is cut short or no zip file"));
}

}  // namespace
}  // namespace rectifier
