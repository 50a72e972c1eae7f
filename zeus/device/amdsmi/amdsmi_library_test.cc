#include "zeus/device/amdsmi/amdsmi_library.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/support/fake_amdsmi/fake_amd_machine.h"
#include "tests/support/files.h"
#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::zeus::testing::FakeAmdSmiKind;
using ::zeus::testing::FakeAmdSmiState;
using ::zeus::testing::FakeRocm;
using ::zeus::testing::FakeSearch;
using ::zeus::testing::IsError;
using ::zeus::testing::IsOk;
using ::zeus::testing::OpenFakeAmdSmi;
using ::zeus::testing::TemporaryFolder;

using Opened = Result<std::unique_ptr<AmdSmiLibrary>>;

class AmdSmiLibraryTest : public ::testing::TestWithParam<FakeAmdSmiKind> {};

TEST_P(AmdSmiLibraryTest, OpensAndTellsItsVersion) {
  OpenFakeAmdSmi(GetParam().rocm, GetParam().abi);
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto library, AmdSmiLibrary::Open(FakeSearch(GetParam().rocm)));
  EXPECT_EQ(static_cast<int>(library->abi()), GetParam().abi);
  EXPECT_EQ(library->version(), GetParam().version);
  EXPECT_EQ(library->path().parent_path(), FakeRocm(GetParam().rocm) / "lib");
}

TEST_P(AmdSmiLibraryTest, ShutsDownWhatItStarted) {
  FakeAmdSmiState& fake = OpenFakeAmdSmi(GetParam().rocm, GetParam().abi);
  {
    ZEUS_ASSERT_OK_AND_ASSIGN(const auto library, AmdSmiLibrary::Open(FakeSearch(GetParam().rocm)));
    EXPECT_EQ(fake.initialised(), 1);
  }
  EXPECT_EQ(fake.initialised(), 0);
}

TEST_P(AmdSmiLibraryTest, ListsAllProcessors) {
  FakeAmdSmiState& fake = OpenFakeAmdSmi(GetParam().rocm, GetParam().abi);
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto library, AmdSmiLibrary::Open(FakeSearch(GetParam().rocm)));
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto handles, library->ListProcessors());
  EXPECT_EQ(handles.size(), fake.gpus().size());
}

TEST_P(AmdSmiLibraryTest, CallsOldVersionsFromOneThreadAtATime) {
  FakeAmdSmiState& fake = OpenFakeAmdSmi(GetParam().rocm, GetParam().abi);
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto library, AmdSmiLibrary::Open(FakeSearch(GetParam().rocm)));
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&library] {
        for (int call = 0; call < 500; ++call) EXPECT_THAT(library->ListProcessors(), IsOk());
      });
    }
  }
  EXPECT_FALSE(fake.calls_overlapped());
}

INSTANTIATE_TEST_SUITE_P(Abis, AmdSmiLibraryTest,
                         ::testing::Values(testing::kRocm63, testing::kRocm64, testing::kRocm70), testing::AbiName);

TEST(AmdSmiLibraryOpenTest, NothingThere) {
  EXPECT_THAT(
      AmdSmiLibrary::Open({.opt = "/nonexistent", .use_loader = false}),
      IsError(ErrorCode::kNotFound,
              "no supported AMD SMI library found (ROCm 6.3 or newer; AMDSMI_LIB_DIR and ROCM_PATH restrict the "
              "search when set; otherwise /nonexistent/rocm*/lib and the dynamic loader's folders are "
              "searched): /nonexistent/rocm/lib/libamd_smi.so.26: there is no such file; "
              "/nonexistent/rocm/lib/libamd_smi.so.25: there is no such file; "));
}

TEST(AmdSmiLibraryOpenTest, LibraryFolderIsSearchedAlone) {
  const Opened library = AmdSmiLibrary::Open({.amdsmi_lib_dir = "/nowhere",
                                              .rocm_path = FakeRocm("rocm-7.0.2").string(),
                                              .opt = FakeRocm(""),
                                              .use_loader = true});
  ASSERT_THAT(library, IsError(ErrorCode::kNotFound, "/nowhere/libamd_smi.so.24: there is no such file"));
  EXPECT_THAT(library.error().message, Not(HasSubstr("rocm-")));
}

TEST(AmdSmiLibraryOpenTest, RocmPathIsSearchedAlone) {
  EXPECT_THAT(AmdSmiLibrary::Open({.rocm_path = "/nowhere", .opt = FakeRocm("")}),
              IsError(ErrorCode::kNotFound, "/nowhere/lib/libamd_smi.so.26: there is no such file"));
}

TEST(AmdSmiLibraryOpenTest, NewestVersionedFolderOfOpt) {
  OpenFakeAmdSmi("rocm-7.0.2", 26);
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto library, AmdSmiLibrary::Open({.opt = FakeRocm(""), .use_loader = false}));
  EXPECT_EQ(library->version(), "26.0.2");
  EXPECT_EQ(library->path(), FakeRocm("rocm-7.0.2") / "lib/libamd_smi.so.26");
}

TEST(AmdSmiLibraryOpenTest, TheUnversionedFolderComesFirst) {
  const TemporaryFolder opt;
  std::filesystem::create_directory_symlink(FakeRocm("rocm-6.3.3"), opt.path() / "rocm");
  std::filesystem::create_directory_symlink(FakeRocm("rocm-7.0.2"), opt.path() / "rocm-7.0.2");
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto library, AmdSmiLibrary::Open({.opt = opt.path(), .use_loader = false}));
  EXPECT_EQ(library->version(), "24.7.1");
}

TEST(AmdSmiLibraryOpenTest, TheLoaderKnowsNames) {
  // Once loaded, a shared object is found by its name; a folder in /etc/ld.so.conf does the same.
  OpenFakeAmdSmi("rocm-6.4.4", 25);
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto library, AmdSmiLibrary::Open({.opt = "/nonexistent"}));
  EXPECT_TRUE(library->path().is_absolute()) << library->path();
}

TEST(AmdSmiLibraryOpenTest, ADamagedFileIsSkipped) {
  const TemporaryFolder rocm;
  std::filesystem::create_directory(rocm.path() / "lib");
  static_cast<void>(rocm.Write("lib/libamd_smi.so.26", "no shared object"));
  std::filesystem::create_directory(rocm.path() / "lib/libamd_smi.so.25");
  std::filesystem::copy_file(FakeRocm("rocm-6.3.3") / "lib/libamd_smi.so.24", rocm.path() / "lib/libamd_smi.so.24");
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto library, AmdSmiLibrary::Open({.rocm_path = rocm.path().string()}));
  EXPECT_EQ(library->version(), "24.7.1");
}

TEST(AmdSmiLibraryOpenTest, AMissingIndispensableSymbolSkipsTheLibrary) {
  EXPECT_THAT(AmdSmiLibrary::Open(FakeSearch("without_required")),
              IsError(ErrorCode::kNotFound, "libamd_smi.so.26: has no symbol amdsmi_get_energy_count"));
}

TEST(AmdSmiLibraryOpenTest, MissingOtherSymbolsDoNot) {
  OpenFakeAmdSmi("without_optional", 26);
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto library, AmdSmiLibrary::Open(FakeSearch("without_optional")));
  EXPECT_FALSE(library->functions().get_temp_metric.present());
  EXPECT_TRUE(library->functions().get_enumeration_info.present());
}

TEST(AmdSmiLibraryOpenTest, TooOldAnAmdSmi) {
  FakeAmdSmiState& fake = OpenFakeAmdSmi("too_old", 24);
  EXPECT_THAT(AmdSmiLibrary::Open(FakeSearch("too_old")),
              IsError(ErrorCode::kNotFound,
                      "libamd_smi.so.24: found AMD SMI 24.6.3, expected 24.7 or newer of year 24; the oldest supported "
                      "ROCm is 6.3"));
  EXPECT_EQ(fake.initialised(), 0);
}

TEST(AmdSmiLibraryOpenTest, AVersionThatBeliesTheName) {
  OpenFakeAmdSmi("other_major", 26);
  EXPECT_THAT(AmdSmiLibrary::Open(FakeSearch("other_major")),
              IsError(ErrorCode::kNotFound, "libamd_smi.so.26: found AMD SMI 27.0.0, expected 26"));
}

TEST(AmdSmiLibraryOpenTest, AMachineWithoutTheDriver) {
  FakeAmdSmiState& fake = OpenFakeAmdSmi("rocm-7.0.2", 26);
  fake.Fail("amdsmi_init", 1, 1, 34);
  const Opened library = AmdSmiLibrary::Open(FakeSearch("rocm-7.0.2"));
  EXPECT_THAT(library, IsError(ErrorCode::kUnavailable,
                               "lib/libamd_smi.so.26: AMDSMI_STATUS_DRIVER_NOT_LOADED: load the amdgpu kernel module"));
  EXPECT_THAT(library.error().message, HasSubstr("amdsmi_init: "));
  EXPECT_EQ(fake.initialised(), 0);
}

TEST(AmdSmiLibraryOpenTest, AProcessWithoutPermission) {
  OpenFakeAmdSmi("rocm-7.0.2", 26).Fail("amdsmi_init", 1, 1, 10);
  EXPECT_THAT(AmdSmiLibrary::Open(FakeSearch("rocm-7.0.2")),
              IsError(ErrorCode::kPermissionDenied, "AMDSMI_STATUS_NO_PERM: this needs root"));
}

TEST(AmdSmiLibraryOpenTest, NewVersionsAreCalledFromManyThreads) {
  FakeAmdSmiState& fake = OpenFakeAmdSmi("thread_safe", 26);
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto library, AmdSmiLibrary::Open(FakeSearch("thread_safe")));
  // Whether two meet is up to the scheduler.
  for (int round = 0; round < 1000 && !fake.calls_overlapped(); ++round) {
    const auto call = [&library] {
      for (int i = 0; i < 50; ++i) EXPECT_THAT(library->ListProcessors(), IsOk());
    };
    const std::jthread one(call);
    const std::jthread other(call);
  }
  EXPECT_TRUE(fake.calls_overlapped());
}

}  // namespace
}  // namespace zeus
