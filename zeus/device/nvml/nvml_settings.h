#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "zeus/device/gpu_settings.h"
#include "zeus/device/nvml/nvml_library.h"

namespace zeus::nvml {

/// The settings of one GPU through NVML. `library` must outlive it.
class NvmlSettings final : public GpuSettings {
 public:
  /// `subject` names the GPU in errors.
  NvmlSettings(const Library& library, Device device, std::string subject)
      : library_(library), device_(device), subject_(std::move(subject)) {}

  [[nodiscard]] Result<PowerLimitRange> ReadPowerLimitRange() override;
  [[nodiscard]] Result<Watts> ReadPowerLimit() override;
  Result<void> SetPowerLimit(Watts limit) override;
  [[nodiscard]] Result<PersistenceMode> ReadPersistenceMode() override;
  Result<void> SetPersistenceMode(PersistenceMode mode) override;
  [[nodiscard]] Result<std::vector<Megahertz>> ReadSupportedClocks(ClockDomain domain,
                                                                   std::optional<Megahertz> memory_clock) override;
  Result<void> LockClocks(ClockDomain domain, ClockRange range) override;
  Result<void> ResetClocks(std::optional<ClockDomain> domain) override;

 private:
  /// Calls a function that may be null, and turns what it returns into ours.
  template <class Function, class... Arguments>
  Result<void> Call(const char* what, Function* function, Arguments... arguments) const;
  template <class Function, class... Arguments>
  Result<std::vector<Megahertz>> ReadClockList(const char* what, Function* function, Arguments... arguments) const;

  const Library& library_;
  const Device device_;
  const std::string subject_;
};

}  // namespace zeus::nvml
