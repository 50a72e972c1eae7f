// The original monitor's command: power of one GPU to a file, which `zeus analyze` and the published package read.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/zeus/inventory_flags.h"
#include "apps/zeus/monitor_gpus.h"
#include "apps/zeus/monitor_signals.h"
#include "apps/zeus_monitor/recording.h"
#include "zeus/base/number_text.h"
#include "zeus/base/version.h"
#include "zeus/monitor/power_sampler.h"

namespace {

constexpr int kExitFailure = 1;
constexpr int kExitUsage = 2;

constexpr const char* kHelp =
    "Writes the power of a GPU to a file.\n"
    "Usage: zeus_monitor LOGFILE DURATION SLEEP_MS [GPU_IDX]\n"
    "\n"
    "  LOGFILE   is replaced: CSV with the columns Time (UTC) and Power (mW)\n"
    "  DURATION  seconds; 0: until SIGINT or SIGTERM\n"
    "  SLEEP_MS  milliseconds between two samples; 0: as fast as the GPU answers\n"
    "  GPU_IDX   in the driver's order, as nvidia-smi counts; CUDA_VISIBLE_DEVICES changes nothing [0]\n"
    "\n"
    "Every line of the file is whole, also after a signal or on a full disk.\n"
    "\n"
    "Examples:\n"
    "  zeus_monitor power.csv 0 100 1\n"
    "  zeus_monitor power.csv 60 0\n"
    "  zeus emulate --gpus v100 -- zeus_monitor power.csv 10 100\n"
    "\n"
    "`zeus analyze power.csv` tells energy and average power. Exit codes: 0 success, also after a signal; 1 failure; "
    "2\n"
    "wrong usage.\n";

void Note(std::string_view text) {
  std::fputs(fmt::format("zeus_monitor: {}\n", text).c_str(), stderr);
}

zeus::Result<double> ParseArgument(std::string_view name, const char* text, double most, const char* expected) {
  const std::optional<double> number = zeus::ParseDouble(text);
  if (number && *number >= 0 && *number <= most) return *number;
  return zeus::Fail(zeus::ErrorCode::kInvalidArgument,
                    fmt::format("{}: expected {}, found \"{}\"", name, expected, text));
}

// The GPU of that index; NVIDIA's, where both vendors have one.
zeus::Result<zeus::Gpu*> FindGpu(const zeus::DeviceInventory& inventory, uint64_t index) {
  std::vector<int> there;
  for (zeus::Gpu* const gpu : inventory.AllGpus()) {
    if (static_cast<uint64_t>(gpu->info().index) == index) return gpu;
    there.push_back(gpu->info().index);
  }
  if (!there.empty()) {
    return zeus::Fail(zeus::ErrorCode::kInvalidArgument,
                      fmt::format("GPU_IDX: there is no GPU {}; there are: {}", index, fmt::join(there, ", ")));
  }
  return zeus::Fail(zeus::ErrorCode::kUnavailable, fmt::format("there is no GPU here: {}", zeus::WhyNoGpus(inventory)));
}

zeus::Result<void> Run(char** arguments, int count) {
  constexpr double kMostSeconds = 1e9;
  constexpr double kMostMilliseconds = 1e9;
  zeus::RecordingOptions options{.log = arguments[0], .duration = {}, .period = {}};
  ZEUS_ASSIGN_OR_RETURN(const double duration,
                        ParseArgument("DURATION", arguments[1], kMostSeconds, "seconds, from 0 to 1e9"));
  ZEUS_ASSIGN_OR_RETURN(const double sleep,
                        ParseArgument("SLEEP_MS", arguments[2], kMostMilliseconds, "milliseconds, from 0 to 1e9"));
  if (duration > 0) options.duration = zeus::Seconds(duration);
  options.period = zeus::Seconds(sleep / 1000);
  uint64_t index = 0;
  if (count > 3) {
    const std::optional<uint64_t> number = zeus::ParseUnsigned(arguments[3]);
    if (!number) {
      return zeus::Fail(zeus::ErrorCode::kInvalidArgument,
                        fmt::format("GPU_IDX: expected a whole number from 0 on, found \"{}\"", arguments[3]));
    }
    index = *number;
  }
  zeus::BlockEndingSignals();
  const auto inventory = zeus::OpenInventory();
  ZEUS_ASSIGN_OR_RETURN(zeus::Gpu* const gpu, FindGpu(*inventory, index));
  ZEUS_ASSIGN_OR_RETURN(const zeus::PowerSensor sensor, zeus::BestPowerSensor(*gpu));
  ZEUS_ASSIGN_OR_RETURN(const zeus::Recording recording, zeus::RecordPower(*gpu, sensor, options, Note));
  fmt::print("{} samples of {} (GPU {}) in {}\n", recording.samples, gpu->info().name, index, arguments[0]);
  if (recording.last_error) return std::unexpected(*recording.last_error);
  return {};
}

int Main(int argc, char** argv) {
  const std::string_view first = argc > 1 ? argv[1] : "";
  if (argc == 2 && (first == "--help" || first == "-h")) {
    return std::fputs(kHelp, stdout) >= 0 && std::fflush(stdout) == 0 ? EXIT_SUCCESS : kExitFailure;
  }
  if (argc == 2 && first == "--version") {
    fmt::print("{}\n", zeus::kVersion);
    return EXIT_SUCCESS;
  }
  if (argc < 4 || argc > 5) {
    Note(fmt::format("expected LOGFILE DURATION SLEEP_MS [GPU_IDX], found {} arguments; see `zeus_monitor --help`",
                     argc - 1));
    return kExitUsage;
  }
  // A reader of the log that goes away, and a limit on the size of files, are errors of a write like others.
  for (const int signal : {SIGPIPE, SIGXFSZ}) std::signal(signal, SIG_IGN);
  const zeus::Result<void> result = Run(argv + 1, argc - 1);
  if (result) return EXIT_SUCCESS;
  Note(result.error().message);
  return result.error().code == zeus::ErrorCode::kInvalidArgument ? kExitUsage : kExitFailure;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return Main(argc, argv);
  } catch (const std::exception& error) {
    // No interface of ours throws; what does is the standard library, out of memory.
    std::fputs("zeus_monitor: ", stderr);
    std::fputs(error.what(), stderr);
    std::fputs("\n", stderr);
    return kExitFailure;
  }
}
