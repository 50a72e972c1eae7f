#include "zeus/device/amdsmi/amdsmi_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/files.h"

namespace zeus::amdsmi {
namespace {

using ::testing::ElementsAre;
using ::zeus::testing::TemporaryFolder;

std::vector<std::string> Paths(const AmdSmiSearch& search) {
  std::vector<std::string> paths;
  for (const Candidate& each : ListCandidates(search)) paths.push_back(each.path.string());
  return paths;
}

TEST(AmdSmiSearchTest, LibraryFolderExcludesAllElse) {
  EXPECT_THAT(Paths({.amdsmi_lib_dir = "/a", .rocm_path = "/b"}),
              ElementsAre("/a/libamd_smi.so.26", "/a/libamd_smi.so.25", "/a/libamd_smi.so.24"));
}

TEST(AmdSmiSearchTest, RocmPathExcludesTheUsualPlaces) {
  EXPECT_THAT(Paths({.rocm_path = "/b"}),
              ElementsAre("/b/lib/libamd_smi.so.26", "/b/lib/libamd_smi.so.25", "/b/lib/libamd_smi.so.24"));
}

TEST(AmdSmiSearchTest, EmptyTextsAreNone) {
  EXPECT_THAT(Paths({.amdsmi_lib_dir = "", .rocm_path = "", .opt = "/none", .use_loader = false}),
              ElementsAre("/none/rocm/lib/libamd_smi.so.26", "/none/rocm/lib/libamd_smi.so.25",
                          "/none/rocm/lib/libamd_smi.so.24"));
}

TEST(AmdSmiSearchTest, NewestVersionIsByNumberNotByText) {
  const TemporaryFolder opt;
  for (const char* const name : {"rocm-6.9.1", "rocm-6.10.0-66", "rocm-6.10.0", "rocm-next", "rocm-", "cuda-99.0"}) {
    std::filesystem::create_directories(opt.path() / name);
  }
  const std::vector<std::string> paths = Paths({.opt = opt.path(), .use_loader = false});
  ASSERT_EQ(paths.size(), 6U);
  EXPECT_EQ(paths[0], (opt.path() / "rocm/lib/libamd_smi.so.26").string());
  EXPECT_EQ(paths[3], (opt.path() / "rocm-6.10.0-66/lib/libamd_smi.so.26").string());
}

TEST(AmdSmiSearchTest, TheLoaderComesLast) {
  EXPECT_THAT(Paths({.opt = "/none"}), ElementsAre("/none/rocm/lib/libamd_smi.so.26", "/none/rocm/lib/libamd_smi.so.25",
                                                   "/none/rocm/lib/libamd_smi.so.24", "libamd_smi.so.26",
                                                   "libamd_smi.so.25", "libamd_smi.so.24"));
}

TEST(AmdSmiSearchTest, AbiGoesWithTheName) {
  const std::vector<Candidate> candidates = ListCandidates({.rocm_path = "/b"});
  EXPECT_EQ(candidates[0].abi, Abi::k26);
  EXPECT_EQ(candidates[1].abi, Abi::k25);
  EXPECT_EQ(candidates[2].abi, Abi::k24);
}

}  // namespace
}  // namespace zeus::amdsmi
