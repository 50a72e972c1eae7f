#include "zeus/training/local_gpus.h"

#include <gmock/gmock.h>

#include <chrono>
#include <optional>
#include <string>
#include <thread>

#include "tests/support/emulator_library.h"
#include "tests/support/files.h"
#include "tests/support/forked_process.h"
#include "tests/support/print_quantities.h"
#include "tests/support/result_matchers.h"
#include "zeus/training/power_limit_optimizer.h"

namespace zeus {
namespace {

using ::testing::ElementsAre;
using testing::EmulatedLoad;
using testing::EmulatorEnvironment;
using testing::ForkedProcess;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsOk;
using testing::TemporaryFolder;

constexpr const char* kTwoGpus = "settings = \"everyone\"\n[[gpu]]\npreset = \"v100\"\ncount = 2\n";

void SleepFor(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

/// An emulated machine that lives as long as this, so that a test sees what is left on it.
class LocalGpusTest : public ::testing::Test {
 protected:
  void MakeMachine(const std::string& toml) { environment_.emplace(toml); }
  void Watch() {
    watching_ = DeviceInventory::Open(Options().inventory);
    ASSERT_FALSE(watching_->AllGpus().empty());
  }

  LocalGpusOptions Options(std::optional<std::string> cuda_visible_devices = std::nullopt) {
    const std::filesystem::path nowhere = folder_.path() / "nowhere";
    return {.inventory = {.visibility = {.cuda_visible_devices = std::move(cuda_visible_devices)},
                          .nvml = library_,
                          .amdsmi = {.amdsmi_lib_dir = nowhere.string(), .opt = nowhere, .use_loader = false},
                          .root = nowhere},
            .journal_folder = folder_.path() / "journal",
            .wall_clock = std::chrono::system_clock::now,
            .longest_wait = Seconds(0.1)};
  }

  GpuSettings& Settings(size_t gpu) { return watching_->AllGpus().at(gpu)->settings(); }
  Watts Limit(size_t gpu) { return Settings(gpu).ReadPowerLimit().value(); }
  PersistenceMode Persistence(size_t gpu) { return Settings(gpu).ReadPersistenceMode().value(); }
  size_t JournalRecords() {
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path() / "journal")) {
      count += entry.path().extension() == ".json" ? 1 : 0;
    }
    return count;
  }

  const TemporaryFolder folder_;
  std::optional<EmulatorEnvironment> environment_;
  std::filesystem::path library_ = ZEUS_EMULATOR_LIBRARY;
  std::unique_ptr<DeviceInventory> watching_;
};

TEST_F(LocalGpusTest, LimitsAreSetOnAllGpusAndPutBack) {
  MakeMachine(kTwoGpus);
  Watch();
  ASSERT_THAT(Settings(0).SetPowerLimit(Watts(240)), IsOk());
  {
    ZEUS_ASSERT_OK_AND_ASSIGN(const auto gpus, LocalGpus::Open(Options()));
    EXPECT_EQ(gpus->count(), 2U);
    EXPECT_EQ(gpus->gpus().size(), 2U);
    EXPECT_EQ(gpus->power_limits().minimum, Watts(100));
    EXPECT_EQ(gpus->power_limits().maximum, Watts(250));
    EXPECT_THAT(gpus->notes(), IsEmpty());
    // What opening tried out is undone.
    EXPECT_EQ(Limit(0), Watts(240));
    EXPECT_EQ(Limit(1), Watts(250));
    ASSERT_THAT(gpus->SetPowerLimit(Watts(150)), IsOk());
    EXPECT_EQ(Limit(0), Watts(150));
    EXPECT_EQ(Limit(1), Watts(150));
    ASSERT_THAT(gpus->SetPowerLimit(Watts(125)), IsOk());
    EXPECT_EQ(Limit(1), Watts(125));
  }
  EXPECT_EQ(Limit(0), Watts(240));
  EXPECT_EQ(Limit(1), Watts(250));
  EXPECT_EQ(JournalRecords(), 0U);
}

TEST_F(LocalGpusTest, PersistenceModeIsOnMeanwhile) {
  MakeMachine(kTwoGpus);
  Watch();
  ASSERT_THAT(Settings(1).SetPersistenceMode(PersistenceMode::kOn), IsOk());
  {
    ZEUS_ASSERT_OK_AND_ASSIGN(const auto gpus, LocalGpus::Open(Options()));
    EXPECT_EQ(Persistence(0), PersistenceMode::kOn);
    EXPECT_EQ(Persistence(1), PersistenceMode::kOn);
  }
  EXPECT_EQ(Persistence(0), PersistenceMode::kOff);
  EXPECT_EQ(Persistence(1), PersistenceMode::kOn);
}

TEST_F(LocalGpusTest, GpusWithoutPersistenceModeTrainWithoutIt) {
  MakeMachine(kTwoGpus);
  library_ = environment_->LibraryWithout({"nvmlDeviceSetPersistenceMode", "nvmlDeviceGetPersistenceMode"});
  EXPECT_THAT(LocalGpus::Open(Options()), IsOk());
}

TEST_F(LocalGpusTest, ALimitOutsideTheRangeIsRefusedAndNothingChanges) {
  MakeMachine(kTwoGpus);
  Watch();
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto gpus, LocalGpus::Open(Options()));
  ASSERT_THAT(gpus->SetPowerLimit(Watts(200)), IsOk());
  EXPECT_THAT(gpus->SetPowerLimit(Watts(99)),
              IsError(ErrorCode::kInvalidArgument, "set power limit: 99 W is outside 100 to 250 W"));
  EXPECT_EQ(Limit(0), Watts(200));
  EXPECT_EQ(Limit(1), Watts(200));
}

// The first two limits that are set are those that opening tries out, on either GPU; then the second GPU fails.
TEST_F(LocalGpusTest, ALimitThatOneGpuRefusesIsSetOnNone) {
  MakeMachine(std::string(kTwoGpus) +
              "[[fault]]\ngpu = 1\nfunction = \"nvmlDeviceSetPowerManagementLimit\"\nerror = \"timeout\"\n"
              "after_calls = 3\ncalls = 1\n");
  Watch();
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto gpus, LocalGpus::Open(Options()));
  ASSERT_THAT(gpus->SetPowerLimit(Watts(200)), IsOk());
  EXPECT_THAT(gpus->SetPowerLimit(Watts(150)), IsError(ErrorCode::kUnavailable, "GPU 1 "));
  EXPECT_EQ(Limit(0), Watts(200));
  EXPECT_EQ(Limit(1), Watts(200));
  EXPECT_THAT(gpus->SetPowerLimit(Watts(150)), IsOk());
  EXPECT_EQ(Limit(0), Watts(150));
  EXPECT_EQ(Limit(1), Watts(150));
}

TEST_F(LocalGpusTest, GpusWithDifferentRangesAreRefused) {
  MakeMachine("settings = \"everyone\"\n[[gpu]]\npreset = \"v100\"\n[[gpu]]\npreset = \"a40\"\n");
  EXPECT_THAT(LocalGpus::Open(Options()),
              IsError(ErrorCode::kInvalidArgument,
                      "GPU 0 (Tesla V100-PCIE-32GB) allows power limits of 100 to 250 W and GPU 1 (NVIDIA A40) of 100 "
                      "to 300 W: GPUs that train together must allow the same"));
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto gpus, LocalGpus::Open(Options("1")));
  EXPECT_EQ(gpus->count(), 1U);
  EXPECT_EQ(gpus->power_limits().maximum, Watts(300));
}

TEST_F(LocalGpusTest, WithoutAGpuTheErrorSaysWhy) {
  library_ = folder_.path() / "libnvidia-ml.so.1";
  EXPECT_THAT(LocalGpus::Open(Options()),
              IsError(ErrorCode::kUnavailable,
                      "there is no GPU to train on: " + library_.string() + ": there is no such file"));
}

TEST_F(LocalGpusTest, AVisibilityVariableThatCannotBeFollowedIsRefused) {
  MakeMachine(kTwoGpus);
  EXPECT_THAT(LocalGpus::Open(Options("7")), IsError(ErrorCode::kInvalidArgument, "CUDA_VISIBLE_DEVICES"));
}

TEST_F(LocalGpusTest, WhoMayNotChangeSettingsLearnsItAtOnceAndWhatToDo) {
  MakeMachine("settings = \"nobody\"\n[[gpu]]\npreset = \"v100\"\n");
  EXPECT_THAT(LocalGpus::Open(Options()),
              IsError(ErrorCode::kPermissionDenied, "set persistence mode: permission denied; run as root"));
  // Also where there is no persistence mode to be refused.
  library_ = environment_->LibraryWithout({"nvmlDeviceSetPersistenceMode"});
  EXPECT_THAT(LocalGpus::Open(Options()),
              IsError(ErrorCode::kPermissionDenied, "set power limit: permission denied; run as root"));
}

TEST_F(LocalGpusTest, GpusThatAnotherProcessHoldsAreNotTrainedOn) {
  MakeMachine(kTwoGpus);
  ForkedProcess child([&] {
    static std::unique_ptr<LocalGpus> never_destroyed;
    never_destroyed = LocalGpus::Open(Options("1")).value_or(nullptr);
    return never_destroyed != nullptr;
  });
  ASSERT_TRUE(child.Succeeded());
  EXPECT_THAT(LocalGpus::Open(Options()), IsError(ErrorCode::kFailedPrecondition,
                                                  "its settings are held by process " + std::to_string(child.pid())));
  EXPECT_THAT(LocalGpus::Open(Options("0")), IsOk());
}

TEST_F(LocalGpusTest, OneProcessSharesWhatItHolds) {
  MakeMachine(kTwoGpus);
  Watch();
  ZEUS_ASSERT_OK_AND_ASSIGN(auto first, LocalGpus::Open(Options("1")));
  ASSERT_THAT(first->SetPowerLimit(Watts(200)), IsOk());
  {
    ZEUS_ASSERT_OK_AND_ASSIGN(const auto second, LocalGpus::Open(Options()));
    EXPECT_EQ(Limit(1), Watts(200));  // What opening tries out is undone.
    ASSERT_THAT(second->SetPowerLimit(Watts(150)), IsOk());
    ASSERT_THAT(first->SetPowerLimit(Watts(200)), IsOk());
    EXPECT_EQ(Limit(1), Watts(200));
    // Set once more, although it is what this one set last.
    ASSERT_THAT(second->SetPowerLimit(Watts(150)), IsOk());
    EXPECT_EQ(Limit(0), Watts(150));
    EXPECT_EQ(Limit(1), Watts(150));
  }
  EXPECT_EQ(Limit(0), Watts(250));
  EXPECT_EQ(Limit(1), Watts(200));
  EXPECT_EQ(Persistence(1), PersistenceMode::kOn);
  first.reset();
  EXPECT_EQ(Limit(1), Watts(250));
  EXPECT_EQ(Persistence(1), PersistenceMode::kOff);
  EXPECT_EQ(JournalRecords(), 0U);
}

TEST_F(LocalGpusTest, WindowsTellEnergyOfAllGpusAndTime) {
  MakeMachine(kTwoGpus);
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto gpus, LocalGpus::Open(Options()));
  const EmulatedLoad first(0, 1, 0.5);
  const EmulatedLoad second(1, 1, 0.5);
  SleepFor(0.1);
  ASSERT_THAT(gpus->BeginWindow("both"), IsOk());
  EXPECT_THAT(gpus->BeginWindow("both"), IsError(ErrorCode::kInvalidArgument, "window \"both\" is open already"));
  ASSERT_THAT(gpus->BeginWindow("forgotten"), IsOk());
  SleepFor(0.5);
  ASSERT_THAT(gpus->CancelWindow("forgotten"), IsOk());
  EXPECT_THAT(gpus->CancelWindow("forgotten"), IsError(ErrorCode::kNotFound, "window \"forgotten\" is not open"));
  ZEUS_ASSERT_OK_AND_ASSIGN(const TrainingFigures figures, gpus->EndWindow("both"));
  EXPECT_GE(figures.time, Seconds(0.5));
  // Two V100 under load draw between 100 and 250 W each.
  EXPECT_GT(figures.energy / figures.time, Watts(200));
  EXPECT_LT(figures.energy / figures.time, Watts(520));
  EXPECT_THAT(gpus->EndWindow("both"), IsError(ErrorCode::kNotFound, "window \"both\" is not open"));
}

TEST_F(LocalGpusTest, AWindowShorterThanTheCountersStepHasAnEstimate) {
  MakeMachine(kTwoGpus);
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto gpus, LocalGpus::Open(Options()));
  for (int i = 0; i < 20; ++i) {
    ASSERT_THAT(gpus->BeginWindow("short"), IsOk());
    ZEUS_ASSERT_OK_AND_ASSIGN(const TrainingFigures figures, gpus->EndWindow("short"));
    EXPECT_GT(figures.energy, Joules(0));
  }
}

// The counter is read when the GPU is opened, when the window is, and when it is closed.
TEST_F(LocalGpusTest, AGpuThatIsLostInAWindowIsNamed) {
  MakeMachine(std::string(kTwoGpus) +
              "[[fault]]\ngpu = 1\nerror = \"gpu_is_lost\"\nfunction = \"nvmlDeviceGetTotalEnergyConsumption\"\n"
              "after_calls = 2\ncalls = 1\n");
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto gpus, LocalGpus::Open(Options()));
  ASSERT_THAT(gpus->BeginWindow("epoch"), IsOk());
  SleepFor(0.1);
  EXPECT_THAT(
      gpus->EndWindow("epoch"),
      IsError(ErrorCode::kUnavailable, "window \"epoch\" is incomplete: GPU 1 (Tesla V100-PCIE-32GB): energy: "));
  ASSERT_THAT(gpus->BeginWindow("epoch"), IsOk());
  SleepFor(0.1);
  EXPECT_THAT(gpus->EndWindow("epoch"), IsOk());
}

TEST_F(LocalGpusTest, WhatAKilledProcessLeftIsRestoredByTheNext) {
  MakeMachine(kTwoGpus);
  ForkedProcess child([&] {
    static std::unique_ptr<LocalGpus> never_destroyed;
    Result<std::unique_ptr<LocalGpus>> opened = LocalGpus::Open(Options());
    if (!opened || !(*opened)->SetPowerLimit(Watts(125))) return false;
    never_destroyed = *std::move(opened);
    return true;
  });
  ASSERT_TRUE(child.Succeeded());
  Watch();
  EXPECT_THAT(LocalGpus::Open(Options()), IsError(ErrorCode::kFailedPrecondition, "its settings are held by process"));
  child.Kill();
  for (const size_t gpu : {0U, 1U}) {
    EXPECT_EQ(Limit(gpu), Watts(125));
    EXPECT_EQ(Persistence(gpu), PersistenceMode::kOn);
  }
  EXPECT_EQ(JournalRecords(), 2U);
  {
    ZEUS_ASSERT_OK_AND_ASSIGN(const auto gpus, LocalGpus::Open(Options()));
    const auto restored = HasSubstr("power limit (was 250 W), persistence mode on (was off)");
    EXPECT_THAT(gpus->notes(), ElementsAre(restored, restored));
    EXPECT_EQ(Limit(0), Watts(250));
    EXPECT_EQ(Limit(1), Watts(250));
  }
  EXPECT_EQ(Persistence(0), PersistenceMode::kOff);
  EXPECT_EQ(Persistence(1), PersistenceMode::kOff);
  EXPECT_EQ(JournalRecords(), 0U);
}

TEST_F(LocalGpusTest, AProcessThatIsAboutToEndIsWaitedFor) {
  MakeMachine(kTwoGpus);
  ForkedProcess ending([&] {
    static std::unique_ptr<LocalGpus> never_destroyed;
    never_destroyed = LocalGpus::Open(Options()).value_or(nullptr);
    return never_destroyed != nullptr;
  });
  ASSERT_TRUE(ending.Succeeded());
  std::jthread end([&] {
    SleepFor(0.2);
    ending.KillAndLeaveUnasked();
  });
  LocalGpusOptions patient = Options();
  patient.longest_wait = Seconds(20);
  EXPECT_THAT(LocalGpus::Open(patient), IsOk());
}

// The optimizer on them: from the limit that was there, through all limits, and back to what was there.
TEST_F(LocalGpusTest, TheOptimizerFindsALimitAndTheOldOneComesBack) {
  MakeMachine(kTwoGpus);
  Watch();
  ASSERT_THAT(Settings(0).SetPowerLimit(Watts(225)), IsOk());
  {
    ZEUS_ASSERT_OK_AND_ASSIGN(const auto gpus, LocalGpus::Open(Options()));
    const EmulatedLoad first(0, 1, 0.5);
    const EmulatedLoad second(1, 1, 0.5);
    // Of windows that take the same time at each limit, the lowest limit's takes the least energy.
    ZEUS_ASSERT_OK_AND_ASSIGN(
        const auto optimizer,
        PowerLimitOptimizer::Create(
            *gpus, ProcessGroup::Alone(),
            {.selector = SelectLeastEnergy(), .warmup_steps = 1, .profile_steps = 3, .step = Watts(75)}));
    EXPECT_EQ(Limit(0), Watts(250));
    for (int step = 0; step < 2 + 3 * 4; ++step) {
      ASSERT_THAT(optimizer->OnStepBegin(), IsOk());
      SleepFor(0.1);
    }
    ASSERT_EQ(optimizer->measurements().size(), 3U);
    EXPECT_EQ(optimizer->chosen_limit(), Watts(100));
    EXPECT_EQ(Limit(0), Watts(100));
    EXPECT_EQ(Limit(1), Watts(100));
  }
  EXPECT_EQ(Limit(0), Watts(225));
  EXPECT_EQ(Limit(1), Watts(250));
}

}  // namespace
}  // namespace zeus
