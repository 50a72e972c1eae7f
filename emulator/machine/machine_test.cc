#include "emulator/machine/machine.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>

#include "emulator/machine/loads.h"
#include "tests/support/files.h"
#include "tests/support/forked_process.h"
#include "tests/support/result_matchers.h"

namespace zeus::emulator {
namespace {

using testing::ExitStatusOfFork;
using testing::ForkedProcess;
using testing::IsError;

constexpr const char* kTwoGpus = "[[gpu]]\npreset = \"v100\"\ncount = 2\n";
constexpr const char* kOneGpu = "[[gpu]]\npreset = \"h100\"\n";

class MachineTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path file() const { return folder_.path() / "state"; }

  [[nodiscard]] Result<std::unique_ptr<Machine>> Join(const char* configuration) const {
    return Machine::Join(file(), configuration, "machine.toml");
  }

  /// Joins, sets a limit of 123 W, and stays until the process is killed.
  [[nodiscard]] bool JoinForGood() const {
    Result<std::unique_ptr<Machine>> machine = Join(kTwoGpus);
    if (!machine) return false;
    SetLimit(**machine, 123000);
    return machine->release() != nullptr;
  }

  static void SetLimit(const Machine& machine, uint64_t milliwatts) {
    Apply(machine.gpu(0), machine.model(0), {Setting::Kind::kPowerLimit, milliwatts}, machine.created() + 1000);
  }

 private:
  testing::TemporaryFolder folder_;
};

TEST_F(MachineTest, TheFirstMakesItAsItIsConfigured) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Machine> machine, Join(kTwoGpus));
  ASSERT_EQ(machine->gpu_count(), 2);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(machine->model(i).key, "v100");
    EXPECT_EQ(machine->gpu(i).limit_mw.load(), 250000U);
    EXPECT_EQ(machine->gpu(i).published.load(), 1U);
  }
}

TEST_F(MachineTest, TheStateIsForItsUserAlone) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Machine> machine, Join(kTwoGpus));
  EXPECT_EQ(std::filesystem::status(file()).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(MachineTest, TheSecondSeesWhatTheFirstMadeAndSet) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Machine> first, Join(kTwoGpus));
  SetLimit(*first, 123000);
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Machine> second, Join(kOneGpu));
  EXPECT_EQ(second->gpu_count(), 2);
  EXPECT_EQ(second->created(), first->created());
  EXPECT_EQ(second->gpu(0).limit_mw.load(), 123000U);
  SetLimit(*second, 145000);
  EXPECT_EQ(first->gpu(0).limit_mw.load(), 145000U);
}

TEST_F(MachineTest, TheLastToGoRemovesTheFile) {
  ZEUS_ASSERT_OK_AND_ASSIGN(std::unique_ptr<Machine> first, Join(kTwoGpus));
  ZEUS_ASSERT_OK_AND_ASSIGN(std::unique_ptr<Machine> second, Join(kTwoGpus));
  first.reset();
  EXPECT_TRUE(std::filesystem::exists(file()));
  second.reset();
  EXPECT_FALSE(std::filesystem::exists(file()));
}

TEST_F(MachineTest, TheStateSurvivesWhoMadeItWhileAnotherIsThere) {
  ZEUS_ASSERT_OK_AND_ASSIGN(std::unique_ptr<Machine> first, Join(kTwoGpus));
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Machine> second, Join(kTwoGpus));
  SetLimit(*first, 123000);
  first.reset();
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Machine> third, Join(kOneGpu));
  EXPECT_EQ(third->gpu_count(), 2);
  EXPECT_EQ(third->gpu(0).limit_mw.load(), 123000U);
}

TEST_F(MachineTest, TheStateSurvivesWhoWasKilledWhileAnotherIsThere) {
  ForkedProcess maker([this] { return JoinForGood(); });
  ASSERT_TRUE(maker.Succeeded());
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Machine> machine, Join(kOneGpu));
  maker.Kill();
  ASSERT_EQ(machine->gpu_count(), 2);
  EXPECT_EQ(machine->gpu(0).limit_mw.load(), 123000U);
}

TEST_F(MachineTest, WhatKilledProcessesLeftIsReplaced) {
  ForkedProcess killed([this] { return JoinForGood(); });
  ASSERT_TRUE(killed.Succeeded());
  killed.Kill();
  ASSERT_TRUE(std::filesystem::exists(file()));
  ZEUS_ASSERT_OK_AND_ASSIGN(std::unique_ptr<Machine> machine, Join(kOneGpu));
  EXPECT_EQ(machine->gpu_count(), 1);
  EXPECT_EQ(machine->model(0).key, "h100");
  EXPECT_EQ(machine->gpu(0).limit_mw.load(), 700000U);
  machine.reset();
  EXPECT_FALSE(std::filesystem::exists(file()));
}

TEST_F(MachineTest, AForkedChildThatExitsTakesNothingAway) {
  ZEUS_ASSERT_OK_AND_ASSIGN(std::unique_ptr<Machine> machine, Join(kTwoGpus));
  SetLimit(*machine, 123000);
  EXPECT_EQ(ExitStatusOfFork([&] {
              machine.reset();
              return 0;
            }),
            0);
  EXPECT_TRUE(std::filesystem::exists(file()));
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Machine> second, Join(kOneGpu));
  EXPECT_EQ(second->gpu(0).limit_mw.load(), 123000U);
}

TEST_F(MachineTest, AMachineWithoutGpus) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Machine> machine, Join(""));
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Machine> second, Join(kOneGpu));
  EXPECT_EQ(second->gpu_count(), 0);
}

TEST_F(MachineTest, AWrongConfigurationLeavesNoFile) {
  EXPECT_THAT(Join("gpus = 3"), IsError(ErrorCode::kInvalidData, "machine.toml:1: gpus: there is no such key"));
  EXPECT_FALSE(std::filesystem::exists(file()));
}

TEST_F(MachineTest, AConfigurationThatIsTooLongIsRefused) {
  const std::string text = "# " + std::string(kMaxConfigurationBytes, 'x') + "\n";
  EXPECT_THAT(Join(text.c_str()), IsError(ErrorCode::kInvalidData, "machine.toml: a configuration has at most 65536"));
  EXPECT_FALSE(std::filesystem::exists(file()));
}

}  // namespace
}  // namespace zeus::emulator
