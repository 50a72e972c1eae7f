#include "zeus/base/dynamic_library.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include "tests/support/files.h"
#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using testing::IsError;
using testing::TemporaryFolder;

// A shared object that is there on every machine: the C library of this very process.
std::filesystem::path CLibrary() {
  void* const symbol = ::dlsym(RTLD_DEFAULT, "gnu_get_libc_version");
  Dl_info info{};
  return symbol != nullptr && ::dladdr(symbol, &info) != 0 ? info.dli_fname : "";
}

TEST(DynamicLibraryTest, FindsASymbol) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const DynamicLibrary library, DynamicLibrary::Open(CLibrary()));
  ZEUS_ASSERT_OK_AND_ASSIGN(void* const symbol, library.Symbol("strtol"));
  EXPECT_NE(symbol, nullptr);
}

TEST(DynamicLibraryTest, AMissingSymbolIsNamedWithItsFile) {
  const std::filesystem::path path = CLibrary();
  ZEUS_ASSERT_OK_AND_ASSIGN(const DynamicLibrary library, DynamicLibrary::Open(path));
  EXPECT_THAT(library.Symbol("zeus_no_such_symbol"),
              IsError(ErrorCode::kNotFound, path.string() + ": has no symbol zeus_no_such_symbol"));
}

TEST(DynamicLibraryTest, AMissingFileIsNotFound) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "absent.so";
  EXPECT_THAT(DynamicLibrary::Open(path), IsError(ErrorCode::kNotFound, path.string() + ": there is no such file"));
}

TEST(DynamicLibraryTest, ABareNameIsNotSearchedForInTheSystemsFolders) {
  EXPECT_THAT(DynamicLibrary::Open("libc.so.6"), IsError(ErrorCode::kNotFound, "libc.so.6: there is no such file"));
}

TEST(DynamicLibraryTest, WhatIsNoSharedObjectIsRefusedWithTheLoadersReason) {
  const TemporaryFolder folder;
  for (const char* content : {"", "this is text",
                              "\x7F"
                              "ELF"}) {
    const std::filesystem::path path = folder.Write("plugin.so", content);
    EXPECT_THAT(DynamicLibrary::Open(path), IsError(ErrorCode::kInvalidData, path.string() + ": cannot be loaded: "));
  }
}

}  // namespace
}  // namespace zeus
