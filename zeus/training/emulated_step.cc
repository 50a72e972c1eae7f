#include "zeus/training/emulated_step.h"

#include <fmt/format.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <tuple>

#include "zeus/base/dynamic_library.h"

// As zeus_emulator.h declares it, whose functions are looked up at run time: nothing here needs the emulator to build.
// The name, too: sanitizers hold the types of functions to it.
struct zeusEmulatorWork_t {
  double compute_seconds;
  double memory_seconds;
  double host_seconds;
  double compute_activity;
  double memory_activity;
};

namespace zeus {
namespace {

struct Emulator {
  int (*begin_work)(unsigned gpu, const zeusEmulatorWork_t* work, unsigned long long memory_bytes,
                    ZeusEmulatorLoad** load) = nullptr;
  int (*await_work)(ZeusEmulatorLoad* load, double share) = nullptr;
  int (*end_load)(ZeusEmulatorLoad* load) = nullptr;
};

/// How much work is begun, at the highest clock: more than any step. The step's own share of it is awaited.
constexpr double kLongestStep = 1e6;

constexpr int kSuccess = 0;
constexpr int kInvalidGpu = 2;

template <class Function>
bool Resolve(const DynamicLibrary& library, const char* name, Function& function) {
  const Result<void*> symbol = library.Symbol(name);
  if (symbol) function = reinterpret_cast<Function>(*symbol);
  return symbol.has_value();
}

/// A driver's own library lacks these functions.
std::optional<Emulator> FindEmulator() {
  const Result<DynamicLibrary> library = DynamicLibrary::OpenByName("libnvidia-ml.so.1");
  Emulator emulator;
  if (!library || !Resolve(*library, "zeusEmulatorBeginWork", emulator.begin_work) ||
      !Resolve(*library, "zeusEmulatorAwaitWork", emulator.await_work) ||
      !Resolve(*library, "zeusEmulatorEndLoad", emulator.end_load)) {
    return std::nullopt;
  }
  return emulator;
}

/// Asked once: looking for a library that is not there takes longer than a short step.
const std::optional<Emulator>& TheEmulator() {
  static const std::optional<Emulator> emulator = FindEmulator();
  return emulator;
}

Seconds ThreadTime() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return Seconds(static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9);
}

Result<void> Check(const EmulatedStepOptions& options) {
  for (const auto& [name, value] :
       {std::tuple{"compute_activity", options.compute_activity}, std::tuple{"memory_share", options.memory_share},
        std::tuple{"memory_activity", options.memory_activity}, std::tuple{"host_share", options.host_share},
        std::tuple{"memory_share and host_share together", options.memory_share + options.host_share}}) {
    if (!(value >= 0 && value <= 1)) {
      return Fail(ErrorCode::kInvalidArgument, fmt::format("emulated step: {} is from 0 to 1, not {}", name, value));
    }
  }
  if (options.time && !(*options.time >= Seconds(0) && *options.time <= Seconds(kLongestStep))) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("emulated step: time is from 0 to {} s, not {}", kLongestStep, options.time->value()));
  }
  return {};
}

}  // namespace

bool EmulatedStep::Available() {
  return TheEmulator().has_value();
}

Result<EmulatedStep> EmulatedStep::Begin(const EmulatedStepOptions& options) {
  const std::optional<Emulator>& emulator = TheEmulator();
  EmulatedStep step;
  if (!emulator) return step;
  ZEUS_RETURN_IF_ERROR(Check(options));
  const zeusEmulatorWork_t work{.compute_seconds = (1 - options.memory_share - options.host_share) * kLongestStep,
                                .memory_seconds = options.memory_share * kLongestStep,
                                .host_seconds = options.host_share * kLongestStep,
                                .compute_activity = options.compute_activity,
                                .memory_activity = options.memory_activity};
  // A negative index becomes one that is too large.
  const int answer = emulator->begin_work(static_cast<unsigned>(options.gpu), &work, 0, &step.load_);
  if (answer == kInvalidGpu) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("emulated step: the emulated machine has no GPU {}", options.gpu));
  }
  if (answer != kSuccess) {
    return Fail(ErrorCode::kUnavailable, fmt::format("emulated step: the emulator answers {}", answer));
  }
  step.owner_ = ::getpid();
  step.time_ = options.time;
  step.begun_ = ThreadTime();
  return step;
}

EmulatedStep::~EmulatedStep() {
  if (load_ == nullptr || owner_ != ::getpid()) return;
  const Seconds work = time_.value_or(ThreadTime() - begun_);
  TheEmulator()->await_work(load_, std::clamp(work.value() / kLongestStep, 0.0, 1.0));
  TheEmulator()->end_load(load_);
}

}  // namespace zeus
