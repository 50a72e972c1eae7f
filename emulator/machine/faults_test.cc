#include "emulator/machine/faults.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/support/files.h"
#include "tests/support/result_matchers.h"

namespace zeus::emulator {
namespace {

constexpr const char* kPower = "nvmlDeviceGetPowerUsage";
constexpr const char* kEnergy = "nvmlDeviceGetTotalEnergyConsumption";
constexpr int kTimeout = 10;
constexpr int kLost = 15;

/// A machine with two GPUs and these faults.
class FaultyMachine {
 public:
  explicit FaultyMachine(const std::string& faults)
      : machine_(Machine::Join(folder_.path() / "state", "[[gpu]]\npreset = \"v100\"\ncount = 2\n" + faults, "toml")) {
    EXPECT_THAT(machine_, testing::IsOk());
  }

  /// What a function returns in place of its answer; 0 for the answer.
  [[nodiscard]] int Call(const char* function, std::optional<size_t> gpu, double seconds = 1) const {
    return FindFault(**machine_, function, gpu, After(seconds)).value_or(0);
  }
  [[nodiscard]] uint64_t Counter(size_t gpu, uint64_t millijoules, double seconds = 1) const {
    return FaultyCounter(**machine_, gpu, millijoules, After(seconds));
  }

 private:
  [[nodiscard]] Nanoseconds After(double seconds) const {
    return (*machine_)->created() + static_cast<Nanoseconds>(seconds * 1e9);
  }

  const testing::TemporaryFolder folder_;
  const Result<std::unique_ptr<Machine>> machine_;
};

TEST(Faults, NoneWhereNoneIsConfigured) {
  const FaultyMachine machine("");
  EXPECT_EQ(machine.Call(kPower, 0), 0);
  EXPECT_EQ(machine.Call("nvmlDeviceGetCount_v2", std::nullopt), 0);
  EXPECT_EQ(machine.Counter(0, 12345), 12345U);
}

TEST(Faults, OneFunctionOfOneGpu) {
  const FaultyMachine machine("[[fault]]\ngpu = 1\nfunction = \"nvmlDeviceGetPowerUsage\"\nerror = \"timeout\"\n");
  EXPECT_EQ(machine.Call(kPower, 1), kTimeout);
  EXPECT_EQ(machine.Call(kPower, 0), 0);
  EXPECT_EQ(machine.Call(kEnergy, 1), 0);
}

TEST(Faults, EveryFunctionThatTakesAGpu) {
  const FaultyMachine machine("[[fault]]\ngpu = 1\nerror = \"gpu_is_lost\"\n");
  EXPECT_EQ(machine.Call(kPower, 1), kLost);
  EXPECT_EQ(machine.Call(kEnergy, 1), kLost);
  EXPECT_EQ(machine.Call(kPower, 0), 0);
  EXPECT_EQ(machine.Call("nvmlDeviceGetCount_v2", std::nullopt), 0);
}

TEST(Faults, AFunctionWithoutAGpu) {
  const FaultyMachine machine("[[fault]]\nfunction = \"nvmlDeviceGetCount_v2\"\nerror = \"unknown\"\n");
  EXPECT_EQ(machine.Call("nvmlDeviceGetCount_v2", std::nullopt), 999);
  EXPECT_EQ(machine.Call(kPower, 0), 0);
}

TEST(Faults, ByTheNumberOfCalls) {
  const FaultyMachine machine(
      "[[fault]]\nfunction = \"nvmlDeviceGetPowerUsage\"\nerror = \"timeout\"\nafter_calls = 2\ncalls = 3\n");
  for (const int expected : {0, 0, kTimeout, kTimeout, kTimeout, 0, 0}) {
    // Of another function: not counted.
    EXPECT_EQ(machine.Call(kEnergy, 0), 0);
    EXPECT_EQ(machine.Call(kPower, 0), expected);
  }
}

TEST(Faults, ByTheTime) {
  const FaultyMachine machine("[[fault]]\nerror = \"timeout\"\nafter_seconds = 10\nfor_seconds = 5\n");
  EXPECT_EQ(machine.Call(kPower, 0, 9.999), 0);
  EXPECT_EQ(machine.Call(kPower, 0, 10), kTimeout);
  EXPECT_EQ(machine.Call(kPower, 0, 14.999), kTimeout);
  EXPECT_EQ(machine.Call(kPower, 0, 15), 0);
}

TEST(Faults, CallsAreCountedFromTheFaultsTimeOn) {
  const FaultyMachine machine("[[fault]]\nerror = \"timeout\"\nafter_seconds = 10\nafter_calls = 1\n");
  EXPECT_EQ(machine.Call(kPower, 0, 1), 0);
  EXPECT_EQ(machine.Call(kPower, 0, 1), 0);
  EXPECT_EQ(machine.Call(kPower, 0, 11), 0);
  EXPECT_EQ(machine.Call(kPower, 0, 11), kTimeout);
}

TEST(Faults, TheFirstThatFitsAnswers) {
  const FaultyMachine machine(
      "[[fault]]\nerror = \"timeout\"\ncalls = 1\n[[fault]]\nerror = \"gpu_is_lost\"\ncalls = 1\n");
  EXPECT_EQ(machine.Call(kPower, 0), kTimeout);
  EXPECT_EQ(machine.Call(kPower, 0), kLost);
  EXPECT_EQ(machine.Call(kPower, 0), 0);
}

TEST(Faults, ACounterThatWraps) {
  const FaultyMachine machine("[[fault]]\ngpu = 0\ncounter_wraps_at_j = 100\n");
  EXPECT_EQ(machine.Counter(0, 99'999), 99'999U);
  EXPECT_EQ(machine.Counter(0, 100'000), 0U);
  EXPECT_EQ(machine.Counter(0, 250'001), 50'001U);
  EXPECT_EQ(machine.Counter(1, 250'001), 250'001U);
}

TEST(Faults, ACounterThatWrapsFromAMomentOn) {
  const FaultyMachine machine("[[fault]]\ncounter_wraps_at_j = 100\nafter_seconds = 10\n");
  EXPECT_EQ(machine.Counter(0, 150'000, 9), 150'000U);
  EXPECT_EQ(machine.Counter(0, 160'000, 10), 60'000U);
}

TEST(Faults, ACounterThatIsReset) {
  const FaultyMachine machine("[[fault]]\ngpu = 1\ncounter_resets = true\nafter_seconds = 10\n");
  EXPECT_EQ(machine.Counter(1, 150'000, 9), 150'000U);
  EXPECT_EQ(machine.Counter(1, 160'000, 10), 0U);
  EXPECT_EQ(machine.Counter(1, 161'000, 11), 1'000U);
  EXPECT_EQ(machine.Counter(0, 161'000, 11), 161'000U);
}

TEST(Faults, AreCountedOverAllProcesses) {
  const testing::TemporaryFolder folder;
  const std::string text = "[[gpu]]\npreset = \"v100\"\n[[fault]]\nerror = \"timeout\"\nafter_calls = 1\ncalls = 1\n";
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto one, Machine::Join(folder.path() / "state", text, "toml"));
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto other, Machine::Join(folder.path() / "state", text, "toml"));
  EXPECT_EQ(FindFault(*one, kPower, 0, one->created()), std::nullopt);
  EXPECT_EQ(FindFault(*other, kPower, 0, one->created()), kTimeout);
  EXPECT_EQ(FindFault(*one, kPower, 0, one->created()), std::nullopt);
}

}  // namespace
}  // namespace zeus::emulator
