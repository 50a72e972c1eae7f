#include "apps/zeus/emulate_load_command.h"

#include <fmt/format.h>
#include <time.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <tuple>

#include "apps/zeus/number_flags.h"
#include "apps/zeus/number_range.h"
#include "apps/zeus/table.h"
#include "emulator/nvml/zeus_emulator.h"
#include "zeus/base/dynamic_library.h"

namespace zeus {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  zeus emulate --gpus v100 -- zeus emulate load --compute 1 --memory 0.4 --for 2\n"
    "  zeus emulate --gpus v100 -- zeus emulate load --gpu 0 --compute-seconds 1 --memory-seconds 0.5\n"
    "\n"
    "It ends by itself with --for or an amount of work, else with an interrupt (Ctrl-C).";

constexpr double kBytesPerGibibyte = 1024.0 * 1024.0 * 1024.0;

struct LoadFlags {
  unsigned gpu = 0;
  double compute = 1;
  double memory = 0.3;
  double memory_gib = 1;
  std::optional<double> seconds;
  std::optional<double> compute_seconds;
  std::optional<double> memory_seconds;
  std::optional<double> host_seconds;

  [[nodiscard]] bool HasWork() const { return compute_seconds || memory_seconds || host_seconds; }
};

/// The emulator's own functions, which a real library does not have.
struct Functions {
  decltype(&zeusEmulatorBeginLoad) begin = nullptr;
  decltype(&zeusEmulatorEndLoad) end = nullptr;
  decltype(&zeusEmulatorRunWork) run_work = nullptr;
};

template <class Function>
bool Resolve(const DynamicLibrary& library, const char* name, Function& function) {
  const Result<void*> symbol = library.Symbol(name);
  if (symbol) function = reinterpret_cast<Function>(*symbol);
  return symbol.has_value();
}

Result<Functions> FindFunctions() {
  const Result<DynamicLibrary> library = DynamicLibrary::OpenByName("libnvidia-ml.so.1");
  Functions functions;
  if (!library || !Resolve(*library, "zeusEmulatorBeginLoad", functions.begin) ||
      !Resolve(*library, "zeusEmulatorEndLoad", functions.end) ||
      !Resolve(*library, "zeusEmulatorRunWork", functions.run_work)) {
    return Fail(ErrorCode::kFailedPrecondition,
                fmt::format("only an emulated GPU can be loaded; run `zeus emulate -- zeus emulate load ...` ({})",
                            library ? "the NVML here is no emulator" : library.error().message));
  }
  return functions;
}

Result<void> Check(int result, const LoadFlags& flags) {
  switch (result) {
    case 0:
      return {};
    case 2:
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("--gpu: there is no GPU {} on the emulated machine, or an activity is not from 0 to 1",
                              flags.gpu));
    case 20:
      return Fail(ErrorCode::kUnavailable,
                  fmt::format("GPU {} has no {} GiB of memory left", flags.gpu, flags.memory_gib));
    default:
      return Fail(ErrorCode::kUnavailable, fmt::format("the emulator answers {}", result));
  }
}

// An interrupt ends a load that has no end, and that is no failure.
Result<void> KeepBusy(const Functions& functions, const LoadFlags& flags, unsigned long long bytes,
                      const Console& console) {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  zeusEmulatorLoad_t load = nullptr;
  ZEUS_RETURN_IF_ERROR(Check(functions.begin(flags.gpu, flags.compute, flags.memory, bytes, &load), flags));
  const auto begin = std::chrono::steady_clock::now();
  if (flags.seconds) {
    const timespec time{.tv_sec = static_cast<time_t>(*flags.seconds),
                        .tv_nsec = static_cast<long>(
                            (*flags.seconds - static_cast<double>(static_cast<time_t>(*flags.seconds))) * 1e9)};
    ::sigtimedwait(&signals, nullptr, &time);
  } else {
    int signal = 0;
    ::sigwait(&signals, &signal);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  ZEUS_RETURN_IF_ERROR(Check(functions.end(load), flags));
  return console.Print(fmt::format("GPU {} was kept busy for {:.3f} s\n", flags.gpu, took.count()));
}

Result<void> RunLoad(const LoadFlags& flags, const Console& console) {
  ZEUS_ASSIGN_OR_RETURN(const Functions functions, FindFunctions());
  const auto bytes = static_cast<unsigned long long>(flags.memory_gib * kBytesPerGibibyte);
  if (!flags.HasWork()) return KeepBusy(functions, flags, bytes, console);
  const zeusEmulatorWork_t work{.compute_seconds = flags.compute_seconds.value_or(0),
                                .memory_seconds = flags.memory_seconds.value_or(0),
                                .host_seconds = flags.host_seconds.value_or(0),
                                .compute_activity = flags.compute,
                                .memory_activity = flags.memory};
  const auto begin = std::chrono::steady_clock::now();
  ZEUS_RETURN_IF_ERROR(Check(functions.run_work(flags.gpu, &work, bytes), flags));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  return console.Print(fmt::format("GPU {} did the work in {:.3f} s; at its highest clock it takes {:.3f} s\n",
                                   flags.gpu, took.count(),
                                   work.compute_seconds + work.memory_seconds + work.host_seconds));
}

}  // namespace

void AddEmulateLoadCommand(CLI::App& emulate, Invocation& invocation) {
  auto flags = std::make_shared<LoadFlags>();
  CLI::App* const command =
      emulate.add_subcommand("load", "Keep an emulated GPU busy, or have it do an amount of work");
  command->add_option("--gpu", flags->gpu, "Which GPU [0]")->transform(CountText(63));
  command->add_option("--compute", flags->compute, "How busy its units are, 0 to 1 [1]")->transform(NumberFrom(0, 1.0));
  command->add_option("--memory", flags->memory, "How busy its memory is, 0 to 1 [0.3]")->transform(NumberFrom(0, 1.0));
  command->add_option("--memory-gib", flags->memory_gib, "Device memory to hold, GiB [1]")
      ->transform(NumberFrom(0, 4096.0));
  CLI::Option* const seconds =
      command->add_option("--for", flags->seconds, "End after so many seconds")->transform(NumberFrom(0, 1e9));
  for (auto [name, value, description] :
       {std::tuple{"--compute-seconds", &flags->compute_seconds, "Work: seconds of computing at the highest clock"},
        std::tuple{"--memory-seconds", &flags->memory_seconds, "Work: seconds of waiting for memory"},
        std::tuple{"--host-seconds", &flags->host_seconds, "Work: seconds of waiting for the host"}}) {
    command->add_option(name, *value, description)->transform(NumberFrom(0, 1e9))->excludes(seconds);
  }
  command->footer(kExamples);
  command->callback([&invocation, flags] {
    invocation.action = [flags](const Console& console) { return RunLoad(*flags, console); };
  });
}

}  // namespace zeus
