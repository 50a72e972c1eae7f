#include "zeus/training/local_gpus.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>
#include <tuple>
#include <utility>

#include "zeus/control/borrowed_gpu.h"
#include "zeus/monitor/device_queue.h"
#include "zeus/monitor/energy_monitor.h"

namespace zeus {
namespace {

std::unexpected<Error> FailNoGpu(const DeviceInventory& inventory) {
  std::vector<std::string> why;
  for (const Backend& backend : inventory.backends()) {
    if (backend.name != "powercap" && !backend.available()) why.push_back(backend.why_not);
  }
  why.insert(why.end(), inventory.problems().begin(), inventory.problems().end());
  return Fail(ErrorCode::kUnavailable, fmt::format("there is no GPU to train on: {}", fmt::join(why, "; ")));
}

/// The GPUs at these positions of `visible`, or all of them.
Result<std::vector<Gpu*>> At(const std::vector<size_t>& positions, std::vector<Gpu*> visible) {
  if (positions.empty()) return visible;
  std::vector<Gpu*> chosen;
  for (const size_t position : positions) {
    if (position >= visible.size()) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("GPU {} to train on: this process sees {}", position,
                              visible.size() == 1 ? "1 GPU, number 0" : fmt::format("{} GPUs", visible.size())));
    }
    if (std::ranges::find(chosen, visible[position]) != chosen.end()) {
      return Fail(ErrorCode::kInvalidArgument, fmt::format("GPU {} to train on: named twice", position));
    }
    chosen.push_back(visible[position]);
  }
  return chosen;
}

/// Waits for who holds it: a run before this one may be about to end.
Result<std::unique_ptr<BorrowedGpu>> Borrow(Gpu& gpu, const SettingsJournal& journal, Seconds longest_wait) {
  constexpr auto kBetween = std::chrono::milliseconds(20);
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(longest_wait.value());
  while (true) {
    Result<std::unique_ptr<BorrowedGpu>> borrowed = BorrowedGpu::Borrow(gpu, journal);
    const bool held = !borrowed && borrowed.error().code == ErrorCode::kFailedPrecondition;
    if (!held || std::chrono::steady_clock::now() >= end) return borrowed;
    std::this_thread::sleep_for(kBetween);
  }
}

/// The range of all; an error names the first that differs.
Result<PowerLimitRange> CommonRange(const std::vector<Gpu*>& gpus) {
  std::optional<PowerLimitRange> common;
  for (Gpu* const gpu : gpus) {
    ZEUS_ASSIGN_OR_RETURN(const PowerLimitRange range, gpu->settings().ReadPowerLimitRange());
    if (!common) common = range;
    if (range.minimum == common->minimum && range.maximum == common->maximum) continue;
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{} allows power limits of {} to {} W and {} of {} to {} W: GPUs that train together must "
                            "allow the same; choose some that do with CUDA_VISIBLE_DEVICES or HIP_VISIBLE_DEVICES",
                            GpuLabel(gpus.front()->info()), common->minimum.value(), common->maximum.value(),
                            GpuLabel(gpu->info()), range.minimum.value(), range.maximum.value()));
  }
  return *common;
}

Result<void> SwitchOnPersistenceMode(const Gpu& gpu, BorrowedGpu& borrowed) {
  const GpuCapabilities& can = gpu.capabilities();
  if (!can.Has(Capability::kPersistenceMode) || !can.Has(Capability::kSetPersistenceMode)) return {};
  return borrowed.SetPersistenceMode(PersistenceMode::kOn);
}

/// Sets another limit and at once what was there. Nothing else tells whether a container, a driver or a card lets this
/// process do so, and in the middle of an epoch is a bad time to learn that it does not.
Result<void> TryPowerLimit(Gpu& gpu, BorrowedGpu& borrowed, const PowerLimitRange& range) {
  ZEUS_ASSIGN_OR_RETURN(const Watts before, gpu.settings().ReadPowerLimit());
  constexpr Watts kStep{2};  // More than cards round.
  const Watts other = before - kStep >= range.minimum ? before - kStep : before + kStep;
  if (other > range.maximum) return {};
  ZEUS_RETURN_IF_ERROR(borrowed.SetPowerLimit(other));
  return borrowed.RestorePowerLimit();
}

}  // namespace

// What outlives what stands first.
struct LocalGpus::Parts {
  std::unique_ptr<DeviceInventory> inventory;
  std::vector<Gpu*> gpus;
  std::vector<std::unique_ptr<BorrowedGpu>> borrowed;  // In the order of gpus.
  PowerLimitRange range;
  std::unique_ptr<EnergyMonitor> monitor;
  std::vector<std::string> notes;
  std::optional<Watts> limit;  // Of all of them; absent until one was set, and after one that failed.
};

LocalGpus::LocalGpus(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

LocalGpus::~LocalGpus() = default;

Result<std::unique_ptr<LocalGpus>> LocalGpus::Open(const LocalGpusOptions& options) {
  auto parts = std::make_unique<Parts>();
  parts->inventory = DeviceInventory::Open(options.inventory);
  ZEUS_ASSIGN_OR_RETURN(parts->gpus, parts->inventory->VisibleGpus());
  if (parts->gpus.empty()) return FailNoGpu(*parts->inventory);
  ZEUS_ASSIGN_OR_RETURN(parts->gpus, At(options.positions, std::move(parts->gpus)));
  ZEUS_ASSIGN_OR_RETURN(parts->range, CommonRange(parts->gpus));
  ZEUS_ASSIGN_OR_RETURN(const SettingsJournal journal,
                        SettingsJournal::Open(options.journal_folder, options.wall_clock));
  for (Gpu* const gpu : parts->gpus) {
    ZEUS_ASSIGN_OR_RETURN(std::unique_ptr<BorrowedGpu> borrowed, Borrow(*gpu, journal, options.longest_wait));
    parts->notes.insert(parts->notes.end(), borrowed->notes().begin(), borrowed->notes().end());
    parts->borrowed.push_back(std::move(borrowed));
  }
  for (size_t i = 0; i < parts->gpus.size(); ++i) {
    Gpu& gpu = *parts->gpus[i];
    ZEUS_RETURN_IF_ERROR(SwitchOnPersistenceMode(gpu, *parts->borrowed[i]));
    ZEUS_RETURN_IF_ERROR(TryPowerLimit(gpu, *parts->borrowed[i], parts->range));
  }
  ZEUS_ASSIGN_OR_RETURN(parts->monitor, EnergyMonitor::Create(parts->gpus, {},
                                                              {.wait_for_devices = DeviceQueue::Waiter(),
                                                               .short_windows = ShortWindows::kEstimate,
                                                               .sampling_period = {},
                                                               .clock = options.inventory.clock,
                                                               .wall_clock = options.wall_clock}));
  return std::unique_ptr<LocalGpus>(new LocalGpus(std::move(parts)));
}

size_t LocalGpus::count() const {
  return parts_->gpus.size();
}

const PowerLimitRange& LocalGpus::power_limits() const {
  return parts_->range;
}

Result<void> LocalGpus::SetPowerLimit(Watts limit) {
  const auto counts = [](const auto& borrowed) { return borrowed->power_limit_counts(); };
  if (parts_->limit == limit && std::ranges::all_of(parts_->borrowed, counts)) return {};
  const std::optional<Watts> before = std::exchange(parts_->limit, std::nullopt);
  for (size_t i = 0; i < parts_->borrowed.size(); ++i) {
    Result<void> set = parts_->borrowed[i]->SetPowerLimit(limit);
    if (set) continue;
    // All or none, as far as it can be; what cannot be put back is put back when this goes away.
    for (size_t done = 0; done < i; ++done) {
      BorrowedGpu& borrowed = *parts_->borrowed[done];
      std::ignore = before ? borrowed.SetPowerLimit(*before) : borrowed.RestorePowerLimit();
    }
    return set;
  }
  parts_->limit = limit;
  return {};
}

Result<void> LocalGpus::BeginWindow(std::string_view name) {
  return parts_->monitor->BeginWindow(name);
}

Result<TrainingFigures> LocalGpus::EndWindow(std::string_view name) {
  ZEUS_ASSIGN_OR_RETURN(const Measurement measurement, parts_->monitor->EndWindow(name));
  if (const std::vector<std::string> missing = measurement.Missing(); !missing.empty()) {
    return Fail(ErrorCode::kUnavailable,
                fmt::format("window \"{}\" is incomplete: {}", name, fmt::join(missing, "; ")));
  }
  return TrainingFigures{.energy = measurement.TotalEnergy(), .time = measurement.duration};
}

Result<void> LocalGpus::CancelWindow(std::string_view name) {
  return parts_->monitor->CancelWindow(name);
}

const std::vector<Gpu*>& LocalGpus::gpus() const {
  return parts_->gpus;
}

const std::vector<std::string>& LocalGpus::notes() const {
  return parts_->notes;
}

}  // namespace zeus
