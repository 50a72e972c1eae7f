#include "emulator/machine/loads.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <string_view>

#include "emulator/machine/timeline.h"
#include "zeus/base/unique_fd.h"
#include "zeus/device/nvml/nvml_abi.h"

namespace zeus::emulator {
namespace {

constexpr Nanoseconds kCheckPeriod = 200'000'000;

Nanoseconds Now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * Nanoseconds{1'000'000'000} + time.tv_nsec;
}

/// Holds a robust mutex. What its last owner left half done when it died is set right by the next Update.
class Lock {
 public:
  explicit Lock(SharedGpu& gpu) : gpu_(&gpu) { Take(::pthread_mutex_lock(&gpu.mutex)); }
  Lock(SharedGpu& gpu, std::try_to_lock_t) : gpu_(&gpu) { Take(::pthread_mutex_trylock(&gpu.mutex)); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  ~Lock() {
    if (held_) ::pthread_mutex_unlock(&gpu_->mutex);
  }

  [[nodiscard]] bool held() const { return held_; }

 private:
  void Take(int result) {
    if (result == EOWNERDEAD) ::pthread_mutex_consistent(&gpu_->mutex);
    held_ = result == 0 || result == EOWNERDEAD;
  }

  SharedGpu* gpu_;
  bool held_ = false;
};

/// What the kernel tells of a process.
struct ProcessStat {
  bool is_zombie = false;  ///< It has ended, and nobody has asked how.
  uint64_t start = 0;      ///< 0: not told.
};

// Fields 3, 20 and 22 of /proc/PID/stat, counted after the name in parentheses, which may hold anything (proc(5)).
ProcessStat ReadStat(int32_t pid) {
  char path[32];
  std::snprintf(path, sizeof path, "/proc/%d/stat", pid);
  const UniqueFd file(::open(path, O_RDONLY | O_CLOEXEC));
  char text[1024];
  const ssize_t size = file.valid() ? ::read(file.get(), text, sizeof text) : -1;
  if (size <= 0) return {};
  std::string_view rest(text, static_cast<size_t>(size));
  rest.remove_prefix(std::min(rest.rfind(')') + 1, rest.size()));
  ProcessStat stat;
  uint64_t threads = 0;
  for (int field = 3; field <= 22; ++field) {
    const size_t space = rest.find(' ');
    if (space == std::string_view::npos) return {};
    rest.remove_prefix(space + 1);
    if (field == 3) stat.is_zombie = rest.starts_with('Z') || rest.starts_with('X');
    if (field == 20) std::from_chars(rest.data(), rest.data() + rest.size(), threads);
  }
  // Where only the main thread has ended, the others go on.
  stat.is_zombie = stat.is_zombie && threads <= 1;
  std::from_chars(rest.data(), rest.data() + rest.size(), stat.start);
  return stat;
}

Work ToWork(const Load& load) {
  return {.compute = Seconds(load.compute_seconds),
          .memory = Seconds(load.memory_seconds),
          .host = Seconds(load.host_seconds),
          .computing = {.compute = load.compute, .memory = load.memory},
          .moving = {.compute = load.moving_compute, .memory = load.moving_memory}};
}

bool IsBusy(const Load& load) {
  if (load.pid == 0) return false;
  if (load.kind == LoadKind::kActivity) return load.compute > 0 || load.memory > 0;
  return load.kind == LoadKind::kWork && load.done < 1;
}

/// What one load alone makes of the GPU.
struct Share {
  double watts = 0;
  double memory_activity = 0;
  double gpu_utilization = 0;
  double clock_mhz = 0;
  double rate = 0;  ///< Of work done, per second.
};

Share Alone(const GpuModel& model, const Load& load, Watts limit, ClockRange range) {
  if (load.kind == LoadKind::kActivity) {
    const Activity activity{load.compute, load.memory};
    const OperatingPoint point = Operate(model, activity, limit, range);
    return {.watts = point.power.value(),
            .memory_activity = load.memory,
            .gpu_utilization = std::max(load.compute, load.memory),
            .clock_mhz = point.clock.value()};
  }
  const WorkRun run = Run(model, ToWork(load), limit, range);
  const Seconds duration = run.duration();
  Share share{.watts = run.average_power().value(), .clock_mhz = run.clock.value(), .rate = 1 / duration.value()};
  for (const Phase& phase : run.phases) {
    const double part = phase.duration / duration;
    share.memory_activity += part * phase.activity.memory;
    if (phase.activity.compute > 0 || phase.activity.memory > 0) share.gpu_utilization += part;
  }
  return share;
}

// Refresh and interface take their part of what a board draws anyway. Estimated.
constexpr double kIdleMemoryShare = 0.2;

double MemoryWatts(const GpuModel& model, double base_watts, double activity) {
  return kIdleMemoryShare * base_watts + activity * model.power.full_memory.value();
}

NewSegment Idle(const GpuModel& model, bool awake) {
  const double watts = (awake ? PowerAt(model, {}, model.graphics_clocks.back()) : model.power.asleep).value();
  return {.watts = watts,
          .memory_watts = MemoryWatts(model, watts, 0),
          .clock_mhz = static_cast<uint32_t>(model.graphics_clocks.back().value()),
          .throttle_reasons = static_cast<uint32_t>(nvml::kReasonGpuIdle)};
}

// Processes without a common server take turns on a GPU: with n of them each has an n-th of the time, and the board
// draws the mean of what each alone draws.
NewSegment Settle(SharedGpu& gpu, const GpuModel& model) {
  const Watts limit(gpu.limit_mw.load(std::memory_order_relaxed) / 1000.0);
  const ClockRange range = LockedRange(gpu, model);
  const auto busy = static_cast<double>(std::ranges::count_if(gpu.loads, IsBusy));
  if (busy == 0) {
    return Idle(model, std::ranges::any_of(gpu.loads, [](const Load& load) { return load.pid != 0; }));
  }
  NewSegment segment;
  double clock = 0;
  double memory_activity = 0;
  for (Load& load : gpu.loads) {
    if (!IsBusy(load)) continue;
    const Share share = Alone(model, load, limit, range);
    load.rate = share.rate / busy;
    segment.watts += share.watts / busy;
    segment.gpu_utilization += share.gpu_utilization / busy;
    memory_activity += share.memory_activity / busy;
    clock += share.clock_mhz / busy;
  }
  segment.memory_utilization = memory_activity;
  segment.memory_watts = MemoryWatts(model, model.power.awake.value(), memory_activity);
  segment.clock_mhz = static_cast<uint32_t>(std::lround(clock));
  if (clock < range.highest.value() - 1)
    segment.throttle_reasons |= static_cast<uint32_t>(nvml::kReasonSoftwarePowerCap);
  if (range.highest < model.graphics_clocks.front()) {
    segment.throttle_reasons |= static_cast<uint32_t>(nvml::kReasonClockSetting);
  }
  return segment;
}

// Work goes on at its old rate until now.
void AdvanceWork(SharedGpu& gpu, Nanoseconds now) {
  for (Load& load : gpu.loads) {
    if (load.pid == 0 || load.kind != LoadKind::kWork) continue;
    if (load.done < 1 && now > load.updated) {
      load.done = std::min(1.0, load.done + load.rate * static_cast<double>(now - load.updated) * 1e-9);
    }
    load.updated = std::max(load.updated, now);
  }
}

void EndDeadLoads(SharedGpu& gpu) {
  for (Load& load : gpu.loads) {
    if (load.pid != 0 && !ProcessIdentity{load.pid, load.process_start}.IsAlive()) load = Load{};
  }
}

// Publishes what follows from settings and loads. The caller holds the mutex and has called AdvanceWork.
void Publish(SharedGpu& gpu, const GpuModel& model, Nanoseconds now) {
  uint64_t memory = 0;
  for (const Load& load : gpu.loads) memory += load.pid != 0 ? load.memory_bytes : 0;
  gpu.memory_used.store(memory, std::memory_order_relaxed);
  AppendSegment(gpu, model, now, Settle(gpu, model));
  gpu.changes.fetch_add(1, std::memory_order_release);
  ::syscall(SYS_futex, &gpu.changes, FUTEX_WAKE, INT32_MAX, nullptr, nullptr, 0);
}

}  // namespace

ProcessIdentity ProcessIdentity::Current() {
  const auto pid = static_cast<int32_t>(::getpid());
  return {pid, ReadStat(pid).start};
}

bool ProcessIdentity::IsAlive() const {
  if (::kill(pid, 0) != 0 && errno == ESRCH) return false;
  const ProcessStat now = ReadStat(pid);
  return !now.is_zombie && (start == 0 || now.start == 0 || now.start == start);
}

void InitialiseGpu(SharedGpu& gpu, const GpuModel& model, Nanoseconds now) {
  pthread_mutexattr_t attributes;
  ::pthread_mutexattr_init(&attributes);
  ::pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  ::pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  ::pthread_mutex_init(&gpu.mutex, &attributes);
  ::pthread_mutexattr_destroy(&attributes);
  gpu.limit_mw.store(static_cast<uint32_t>(std::lround(model.default_limit.value() * 1000)));
  AppendSegment(gpu, model, now, Idle(model, false));
}

void Apply(SharedGpu& gpu, const GpuModel& model, Setting setting, Nanoseconds now) {
  const Lock lock(gpu);
  AdvanceWork(gpu, now);
  switch (setting.kind) {
    case Setting::Kind::kPowerLimit:
      gpu.limit_mw.store(static_cast<uint32_t>(setting.value));
      break;
    case Setting::Kind::kPersistence:
      gpu.persistence.store(static_cast<uint32_t>(setting.value));
      break;
    case Setting::Kind::kGraphicsLock:
      gpu.graphics_lock.store(setting.value);
      break;
    case Setting::Kind::kMemoryLock:
      gpu.memory_lock.store(setting.value);
      break;
  }
  Publish(gpu, model, now);
}

Result<size_t> AddLoad(SharedGpu& gpu, const GpuModel& model, const Load& load, Nanoseconds now) {
  const Lock lock(gpu);
  AdvanceWork(gpu, now);
  EndDeadLoads(gpu);
  uint64_t used = 0;
  for (const Load& each : gpu.loads) used += each.pid != 0 ? each.memory_bytes : 0;
  if (load.memory_bytes > model.memory_bytes - std::min(used, model.memory_bytes)) {
    return Fail(ErrorCode::kUnavailable, "out of device memory");
  }
  const auto slot = std::ranges::find(gpu.loads, 0, &Load::pid);
  if (slot == gpu.loads.end()) return Fail(ErrorCode::kUnavailable, "too many processes use the GPU");
  *slot = load;
  slot->updated = now;
  Publish(gpu, model, now);
  return static_cast<size_t>(slot - gpu.loads.begin());
}

void ChangeActivity(SharedGpu& gpu, const GpuModel& model, size_t slot, Activity activity, Nanoseconds now) {
  const Lock lock(gpu);
  AdvanceWork(gpu, now);
  gpu.loads[slot].compute = activity.compute;
  gpu.loads[slot].memory = activity.memory;
  Publish(gpu, model, now);
}

void RemoveLoad(SharedGpu& gpu, const GpuModel& model, size_t slot, Nanoseconds now) {
  const Lock lock(gpu);
  AdvanceWork(gpu, now);
  gpu.loads[slot] = Load{};
  Publish(gpu, model, now);
}

void AwaitWork(SharedGpu& gpu, const GpuModel& model, size_t slot, double share) {
  while (true) {
    const uint32_t seen = gpu.changes.load(std::memory_order_acquire);
    double seconds = 0;
    {
      const Lock lock(gpu);
      const Nanoseconds now = Now();
      AdvanceWork(gpu, now);
      const Load& load = gpu.loads[slot];
      if (load.done >= share) {
        // Others may use its time once all is done.
        if (load.done >= 1) Publish(gpu, model, now);
        return;
      }
      seconds = (share - load.done) / load.rate;
    }
    // One nanosecond more than needed, so that rounding does not wake us a moment early.
    const auto wait = static_cast<Nanoseconds>(std::min(seconds, 3600.0) * 1e9) + 1;
    const timespec timeout{.tv_sec = wait / 1'000'000'000, .tv_nsec = wait % 1'000'000'000};
    ::syscall(SYS_futex, &gpu.changes, FUTEX_WAIT, seen, &timeout, nullptr, 0);
  }
}

std::vector<Load> ListLoads(SharedGpu& gpu, const GpuModel& model, Nanoseconds now) {
  const Lock lock(gpu);
  const auto before = std::ranges::count(gpu.loads, 0, &Load::pid);
  AdvanceWork(gpu, now);
  EndDeadLoads(gpu);
  if (std::ranges::count(gpu.loads, 0, &Load::pid) != before) Publish(gpu, model, now);
  std::vector<Load> loads;
  std::ranges::copy_if(gpu.loads, std::back_inserter(loads), [](const Load& load) { return load.pid != 0; });
  return loads;
}

void CheckOwners(SharedGpu& gpu, const GpuModel& model, Nanoseconds now) {
  Nanoseconds next = gpu.next_check.load(std::memory_order_relaxed);
  if (now < next || !gpu.next_check.compare_exchange_strong(next, now + kCheckPeriod)) return;
  const Lock lock(gpu, std::try_to_lock);
  if (!lock.held()) return;
  const auto before = std::ranges::count(gpu.loads, 0, &Load::pid);
  if (static_cast<size_t>(before) == gpu.loads.size()) return;
  AdvanceWork(gpu, now);
  EndDeadLoads(gpu);
  if (std::ranges::count(gpu.loads, 0, &Load::pid) != before) Publish(gpu, model, now);
}

ClockRange LockedRange(const SharedGpu& gpu, const GpuModel& model) {
  const uint64_t lock = gpu.graphics_lock.load(std::memory_order_relaxed);
  if (lock == 0) return model.Clocks();
  return {Megahertz(static_cast<double>(lock & 0xFFFFFFFF)), Megahertz(static_cast<double>(lock >> 32))};
}

}  // namespace zeus::emulator
