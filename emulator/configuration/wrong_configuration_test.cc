#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "emulator/configuration/configuration.h"
#include "emulator/configuration/nvml_names.h"
#include "tests/support/result_matchers.h"

namespace zeus::emulator {
namespace {

using ::testing::HasSubstr;
using ::zeus::testing::IsError;

struct WrongText {
  const char* name;
  std::string text;
  const char* message;

  friend void PrintTo(const WrongText& wrong, std::ostream* out) { *out << wrong.name; }
};

// Lines one and two of most texts below.
constexpr const char* kGpu = "[[gpu]]\npreset = \"v100\"\n";

std::string Gpu(const std::string& line) {
  return kGpu + line + "\n";
}

// Its lines begin at line four.
std::string GpuAndFault(const std::string& lines) {
  return std::string(kGpu) + "[[fault]]\n" + lines + "\n";
}

std::string Repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

class WrongConfiguration : public ::testing::TestWithParam<WrongText> {};

TEST_P(WrongConfiguration, IsRefusedWithItsPlace) {
  EXPECT_THAT(ParseConfiguration(GetParam().text, "machine.toml"),
              IsError(ErrorCode::kInvalidData, std::string("machine.toml:") + GetParam().message));
}

std::string Name(const ::testing::TestParamInfo<WrongText>& info) {
  return info.param.name;
}

const WrongText kSyntax[] = {
    {"NoClosingQuote", "settings = \"root\ncuda_version = 1", "1:17: "},
    {"NoToml", "[[gpu]]\npreset v100\n", "2:8: "},
    {"KeyTwice", "cuda_version = 12000\ncuda_version = 12010\n", "2:"},
    {"NoText", "settings = \"\xff\"", "1:"},
};
INSTANTIATE_TEST_SUITE_P(Syntax, WrongConfiguration, ::testing::ValuesIn(kSyntax), Name);

const WrongText kUnknownKeys[] = {
    {"OfTheMachine", "driver_version = \"1\"\ndriver = 2\n",
     "2: driver: there is no such key; there are: cuda_version, driver_version, fault, gpu, library_version, "
     "missing_symbols, settings"},
    {"OfAGpu", Gpu("power_limit_w = 3"),
     "3: gpu.power_limit_w: there is no such key; there are: ambient_celsius, count, default_power_limit_w, "
     "energy_counter, max_power_limit_w, memory_gib, min_power_limit_w, name, preset"},
    {"OfAFault", GpuAndFault("error = \"timeout\"\nafter = 3"),
     "5: fault.after: there is no such key; there are: after_calls, after_seconds, calls, counter_resets, "
     "counter_wraps_at_j, error, for_seconds, function, gpu"},
};
INSTANTIATE_TEST_SUITE_P(UnknownKeys, WrongConfiguration, ::testing::ValuesIn(kUnknownKeys), Name);

const WrongText kOfTheMachine[] = {
    {"DriverIsANumber", "driver_version = 550", "1: driver_version: expected a text that is not empty"},
    {"DriverIsEmpty", "driver_version = \"\"", "1: driver_version: expected a text that is not empty"},
    {"DriverIsLong", "driver_version = \"" + std::string(71, '5') + "\"",
     "1: driver_version: expected at most 70 bytes"},
    {"CudaIsAText", "cuda_version = \"12.4\"", "1: cuda_version: expected a whole number from 1000 to 99990"},
    {"CudaIsAFraction", "cuda_version = 12.4", "1: cuda_version: expected a whole number from 1000 to 99990"},
    {"CudaIsSmall", "cuda_version = 12", "1: cuda_version: expected a whole number from 1000 to 99990"},
    {"SettingsIsAWord", "settings = \"me\"", R"(1: settings: expected "root", "everyone" or "nobody")"},
    {"SettingsIsAFlag", "settings = true", "1: settings: expected a text that is not empty"},
    {"MissingSymbolsIsAText", "missing_symbols = \"nvmlInit_v2\"", "1: missing_symbols: expected a list of texts"},
    {"MissingSymbolsHoldsANumber", "missing_symbols = [\"nvmlInit_v2\",\n 7]",
     "2: missing_symbols: expected a list of texts"},
    {"MissingSymbolIsNotOfNvml", "missing_symbols = [\"cuInit\"]",
     "1: missing_symbols: \"cuInit\" is not the name of an NVML function"},
    {"GpuIsANumber", "gpu = 4", "1: gpu: expected tables, each begun by [[gpu]]"},
    {"GpuIsOneTable", "[gpu]\npreset = \"v100\"", "1: gpu: expected tables, each begun by [[gpu]]"},
    {"GpuIsAListOfNames", "gpu = [\"v100\"]", "1: gpu: expected tables, each begun by [[gpu]]"},
    {"FaultIsOneTable", "[fault]\nerror = \"timeout\"", "1: fault: expected tables, each begun by [[fault]]"},
    {"SixtyFiveGpus", Repeated("[[gpu]]\npreset = \"v100\"\ncount = 13\n", 5), "1: gpu: expected at most 64 GPUs"},
    {"SixtyFiveFaults", kGpu + Repeated("[[fault]]\nerror = \"timeout\"\n", 65),
     "3: fault: expected at most 64 faults"},
};
INSTANTIATE_TEST_SUITE_P(OfTheMachine, WrongConfiguration, ::testing::ValuesIn(kOfTheMachine), Name);

const WrongText kOfAGpu[] = {
    {"NoPreset", "[[gpu]]\ncount = 2", "1: gpu.preset: is missing"},
    {"UnknownPreset", "[[gpu]]\npreset = \"v101\"", "2: gpu.preset: no GPU model \"v101\": expected one of m40"},
    {"PresetIsANumber", "[[gpu]]\npreset = 100", "2: gpu.preset: expected a text that is not empty"},
    {"CountIsZero", Gpu("count = 0"), "3: gpu.count: expected a whole number from 1 to 64"},
    {"CountIsBelowZero", Gpu("count = -1"), "3: gpu.count: expected a whole number from 1 to 64"},
    {"CountIsSixtyFive", Gpu("count = 65"), "3: gpu.count: expected a whole number from 1 to 64"},
    {"CountIsAFraction", Gpu("count = 1.5"), "3: gpu.count: expected a whole number from 1 to 64"},
    {"NameIsLong", Gpu("name = \"" + std::string(64, 'x') + "\""), "3: gpu.name: expected at most 63 bytes"},
    {"NameIsEmpty", Gpu("name = \"\""), "3: gpu.name: expected a text that is not empty"},
    {"LimitIsAText", Gpu("max_power_limit_w = \"300 W\""),
     "3: gpu.max_power_limit_w: expected a number from 1 to 10000"},
    {"LimitIsZero", Gpu("min_power_limit_w = 0"), "3: gpu.min_power_limit_w: expected a number from 1 to 10000"},
    {"LimitIsNoNumber", Gpu("min_power_limit_w = nan"), "3: gpu.min_power_limit_w: expected a number from 1 to 10000"},
    {"LimitIsInfinite", Gpu("max_power_limit_w = inf"), "3: gpu.max_power_limit_w: expected a number from 1 to 10000"},
    {"LimitsUpsideDown", Gpu("min_power_limit_w = 200\nmax_power_limit_w = 150\ndefault_power_limit_w = 175"),
     "1: gpu.default_power_limit_w: the default limit, 175 W, is not within 200 to 150 W"},
    {"DefaultAboveTheMaximum", Gpu("default_power_limit_w = 251"),
     "1: gpu.default_power_limit_w: the default limit, 251 W, is not within 100 to 250 W"},
    {"MemoryIsSmall", Gpu("memory_gib = 0.1"), "3: gpu.memory_gib: expected a number from 0.25 to 4096"},
    {"AmbientIsHot", Gpu("ambient_celsius = 61"), "3: gpu.ambient_celsius: expected a number from -40 to 60"},
    {"EnergyCounterIsANumber", Gpu("energy_counter = 1"), "3: gpu.energy_counter: expected true or false"},
};
INSTANTIATE_TEST_SUITE_P(OfAGpu, WrongConfiguration, ::testing::ValuesIn(kOfAGpu), Name);

const WrongText kOfAFault[] = {
    {"OfAGpuThatIsNotThere", GpuAndFault("gpu = 1\nerror = \"timeout\""),
     "4: fault.gpu: expected a whole number from 0 to 0"},
    {"OfAMachineWithoutGpus", "[[fault]]\ngpu = 0\nerror = \"timeout\"", "2: fault.gpu: the machine has no GPUs"},
    {"Nothing", GpuAndFault("after_calls = 1"),
     "3: fault.error: expected one of error, counter_wraps_at_j and counter_resets = true"},
    {"ResetsIsFalse", GpuAndFault("counter_resets = false"),
     "3: fault.error: expected one of error, counter_wraps_at_j and counter_resets = true"},
    {"TwoKinds", GpuAndFault("error = \"timeout\"\ncounter_wraps_at_j = 5"),
     "3: fault.error: expected one of error, counter_wraps_at_j and counter_resets = true"},
    {"TwoKindsOfTheCounter", GpuAndFault("gpu = 0\ncounter_resets = true\ncounter_wraps_at_j = 5"),
     "3: fault.error: expected one of error, counter_wraps_at_j and counter_resets = true"},
    {"UnknownError", GpuAndFault("error = \"gpu_is_gone\""),
     "4: fault.error: there is no error \"gpu_is_gone\"; there are: uninitialized, invalid_argument"},
    {"SuccessIsNoError", GpuAndFault("error = \"success\""), "4: fault.error: there is no error \"success\""},
    {"FunctionIsNotOfNvml", GpuAndFault("error = \"timeout\"\nfunction = \"cuInit\""),
     "5: fault.function: expected the name of an NVML function"},
    {"CounterWithFunction", GpuAndFault("counter_wraps_at_j = 5\nfunction = \"nvmlInit_v2\""),
     "5: fault.function: a fault of the counter concerns no function"},
    {"CounterWithAfterCalls", GpuAndFault("counter_wraps_at_j = 5\nafter_calls = 1"),
     "3: fault.after_calls: a fault of the counter counts no calls"},
    {"CounterWithCalls", GpuAndFault("gpu = 0\ncounter_resets = true\ncalls = 1"),
     "3: fault.calls: a fault of the counter counts no calls"},
    {"ResetWithoutGpu", GpuAndFault("counter_resets = true"),
     "3: fault.gpu: is missing; one GPU's counter is reset at a time"},
    {"WrapsAtZero", GpuAndFault("counter_wraps_at_j = 0"), "4: fault.counter_wraps_at_j: expected a number from 0.001"},
    {"NoCalls", GpuAndFault("error = \"timeout\"\ncalls = 0"), "5: fault.calls: expected a whole number from 1 to "},
    {"AfterFewerThanNoCalls", GpuAndFault("error = \"timeout\"\nafter_calls = -1"),
     "5: fault.after_calls: expected a whole number from 0 to "},
    {"BeforeTheMachineWasMade", GpuAndFault("error = \"timeout\"\nafter_seconds = -1"),
     "5: fault.after_seconds: expected a number from 0 to "},
    {"ForATextOfSeconds", GpuAndFault("error = \"timeout\"\nfor_seconds = \"1s\""),
     "5: fault.for_seconds: expected a number from 0 to "},
};
INSTANTIATE_TEST_SUITE_P(OfAFault, WrongConfiguration, ::testing::ValuesIn(kOfAFault), Name);

TEST(WrongConfiguration, AnUnknownErrorListsTheKnownOnes) {
  const Result<Configuration> configuration = ParseConfiguration(GpuAndFault("error = \"?\""), "machine.toml");
  ASSERT_FALSE(configuration.has_value());
  for (const std::string& name : ErrorNames()) EXPECT_THAT(configuration.error().message, HasSubstr(name));
}

}  // namespace
}  // namespace zeus::emulator
