#include "python/bindings/device.h"

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cmath>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "python/bindings/module.h"
#include "zeus/control/live_borrowings.h"
#include "zeus/device/powercap/list_cpus.h"
#include "zeus/device/privileges.h"
#include "zeus/device/remote/remote_cpu.h"
#include "zeus/device/remote/remote_gpu.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace zeus::python {
namespace {

constexpr double kMilli = 1e3;
using WithoutGil = nb::call_guard<nb::gil_scoped_release>;

template <class Quantity>
int64_t ToMilli(Quantity quantity) {
  return std::llround(quantity.value() * kMilli);
}

std::vector<GpuHandle> VisibleGpus() {
  const DeviceInventory& inventory = Machine::OfThisProcess().inventory();
  // Whoever asked for the daemon must not change settings without it.
  if (inventory.node() && !inventory.node()->why_no_gpus.empty()) {
    throw ErrorException({ErrorCode::kUnavailable, inventory.node()->why_no_gpus}, ErrorFamily::kGpuStart);
  }
  const std::vector<Gpu*> visible = Take(inventory.VisibleGpus(), ErrorFamily::kGpuStart);
  bool any_library = inventory.node() && !inventory.AllGpus().empty();
  std::string why;
  for (const Backend& backend : inventory.backends()) {
    if (backend.name == "powercap" || backend.name == "zeusd") continue;
    any_library = any_library || backend.available();
    if (!backend.available()) why += (why.empty() ? "" : "; ") + backend.why_not;
  }
  if (!any_library)
    throw ErrorException({ErrorCode::kUnavailable, "there is no GPU library: " + why}, ErrorFamily::kGpuStart);
  // A GPU that is there but cannot be opened must not silently shift the others' numbers.
  if (visible.empty() && inventory.AllGpus().empty() && !inventory.problems().empty()) {
    throw ErrorException({ErrorCode::kUnavailable, inventory.problems().front()}, ErrorFamily::kGpuStart);
  }
  std::vector<GpuHandle> handles;
  for (Gpu* const gpu : visible) handles.emplace_back(*gpu);
  return handles;
}

std::vector<CpuHandle> AllCpus() {
  const DeviceInventory& inventory = Machine::OfThisProcess().inventory();
  if (inventory.node() && !inventory.node()->why_no_cpus.empty()) {
    throw ErrorException({ErrorCode::kNotFound, inventory.node()->why_no_cpus}, ErrorFamily::kCpuStart);
  }
  std::vector<CpuHandle> handles;
  for (Cpu* const cpu : inventory.Cpus()) handles.emplace_back(*cpu);
  if (!handles.empty()) return handles;
  // Which error it was, the inventory does not say.
  const CpuList list = Take(ListCpus(), ErrorFamily::kCpuStart);
  if (!list.problems.empty()) throw ErrorException(list.problems.front(), ErrorFamily::kCpuStart);
  throw ErrorException({ErrorCode::kNotFound, "powercap: no processor package is listed"}, ErrorFamily::kCpuStart);
}

BorrowedGpu& Borrowed(const GpuHandle& handle) {
  Gpu& gpu = handle.get();
  return *Take(Machine::OfThisProcess().Borrow(gpu), ErrorFamily::kGpuBorrow);
}

/// What is so already needs neither privilege nor journal, unless another part of this process may change it back.
bool NeedsNothing(const GpuHandle& handle, bool is_so) {
  return is_so && !LiveBorrowings::OfThisProcess().Holds(handle.get().info().uuid);
}

ClockDomain DomainOf(bool memory) {
  return memory ? ClockDomain::kMemory : ClockDomain::kGraphics;
}

int64_t PowerOf(const GpuHandle& handle, PowerSensor sensor) {
  return ToMilli(Take(handle.get().ReadPower(sensor), ErrorFamily::kGpu).power);
}

std::pair<int64_t, int64_t> PowerLimitConstraints(const GpuHandle& handle) {
  const PowerLimitRange range = Take(handle.get().settings().ReadPowerLimitRange(), ErrorFamily::kGpu);
  return {ToMilli(range.minimum), ToMilli(range.maximum)};
}

bool IsThroughNode(const GpuHandle& handle) {
  return dynamic_cast<const RemoteGpu*>(&handle.get()) != nullptr;
}

/// Makes a setting, after those before it; `block` is false for who does not wait. Only through the daemon does that
/// make a difference: this process's own libraries answer at once.
void Make(const GpuHandle& handle, bool block, std::function<void()> setting) {
  SettingsQueue& queue = Machine::OfThisProcess().queue();
  if (!block && IsThroughNode(handle)) {
    queue.Post([setting = std::move(setting)]() -> Result<void> {
      try {
        setting();
      } catch (const ErrorException& error) {
        return std::unexpected(error.error());
      }
      return {};
    });
    return;
  }
  queue.Finish();
  setting();
}

void SetPowerLimit(const GpuHandle& handle, int64_t milliwatts, bool block) {
  Make(handle, block, [handle, milliwatts] {
    GpuSettings& settings = handle.get().settings();
    if (NeedsNothing(handle, ToMilli(Take(settings.ReadPowerLimit(), ErrorFamily::kGpu)) == milliwatts)) return;
    Take(Borrowed(handle).SetPowerLimit(Watts(static_cast<double>(milliwatts) / kMilli)), ErrorFamily::kGpu);
  });
}

void SetPersistenceMode(const GpuHandle& handle, bool enabled, bool block) {
  Make(handle, block, [handle, mode = enabled ? PersistenceMode::kOn : PersistenceMode::kOff] {
    GpuSettings& settings = handle.get().settings();
    if (NeedsNothing(handle, Take(settings.ReadPersistenceMode(), ErrorFamily::kGpu) == mode)) return;
    Take(Borrowed(handle).SetPersistenceMode(mode), ErrorFamily::kGpu);
  });
}

std::vector<int64_t> SupportedClocks(const GpuHandle& handle, bool memory, std::optional<int64_t> memory_clock) {
  std::optional<Megahertz> at;
  if (memory_clock) at = Megahertz(static_cast<double>(*memory_clock));
  std::vector<int64_t> clocks;
  for (const Megahertz clock :
       Take(handle.get().settings().ReadSupportedClocks(DomainOf(memory), at), ErrorFamily::kGpu)) {
    clocks.push_back(std::llround(clock.value()));
  }
  return clocks;
}

void LockClocks(const GpuHandle& handle, bool memory, int64_t minimum, int64_t maximum, bool block) {
  const ClockRange range{Megahertz(static_cast<double>(minimum)), Megahertz(static_cast<double>(maximum))};
  Make(handle, block,
       [handle, memory, range] { Take(Borrowed(handle).LockClocks(DomainOf(memory), range), ErrorFamily::kGpu); });
}

void ResetClocks(const GpuHandle& handle, bool memory, bool block) {
  Make(handle, block, [handle, memory] { Take(Borrowed(handle).ResetClocks(DomainOf(memory)), ErrorFamily::kGpu); });
}

void BindGpu(nb::module_& module) {
  nb::class_<GpuHandle>(module, "Gpu", "One GPU. Whole milliwatts, millijoules, megahertz and degrees Celsius.")
      .def_prop_ro("name", [](const GpuHandle& self) { return self.get().info().name; })
      .def_prop_ro("uuid", [](const GpuHandle& self) { return self.get().info().uuid; })
      .def_prop_ro("pci_address", [](const GpuHandle& self) { return self.get().info().pci_address; })
      .def_prop_ro("vendor_index", [](const GpuHandle& self) { return self.get().info().index; })
      .def_prop_ro("is_nvidia", [](const GpuHandle& self) { return self.get().info().vendor == GpuVendor::kNvidia; })
      .def_prop_ro("is_through_node", IsThroughNode, "Whether the node daemon changes its settings.")
      .def_prop_ro("has_energy_counter",
                   [](const GpuHandle& self) { return self.get().capabilities().Has(Capability::kEnergyCounter); })
      .def_prop_ro("has_instant_power",
                   [](const GpuHandle& self) { return self.get().capabilities().Has(Capability::kInstantPower); })
      .def_prop_ro("has_average_power",
                   [](const GpuHandle& self) { return self.get().capabilities().Has(Capability::kAveragePower); })
      .def_prop_ro("has_memory_power",
                   [](const GpuHandle& self) { return self.get().capabilities().Has(Capability::kMemoryPower); })
      .def("power_limit_constraints", PowerLimitConstraints, WithoutGil())
      .def(
          "power_limit",
          [](const GpuHandle& self) {
            return ToMilli(Take(self.get().settings().ReadPowerLimit(), ErrorFamily::kGpu));
          },
          WithoutGil())
      .def(
          "default_power_limit",
          [](const GpuHandle& self) {
            return ToMilli(Take(self.get().settings().ReadPowerLimitRange(), ErrorFamily::kGpu).factory_default);
          },
          WithoutGil())
      .def("set_power_limit", SetPowerLimit, "milliwatts"_a, "block"_a = true, WithoutGil())
      .def(
          "persistence_mode",
          [](const GpuHandle& self) {
            return Take(self.get().settings().ReadPersistenceMode(), ErrorFamily::kGpu) == PersistenceMode::kOn;
          },
          WithoutGil())
      .def("set_persistence_mode", SetPersistenceMode, "enabled"_a, "block"_a = true, WithoutGil())
      .def("supported_clocks", SupportedClocks, "memory"_a, "memory_clock"_a = nb::none(), WithoutGil())
      .def("lock_clocks", LockClocks, "memory"_a, "minimum"_a, "maximum"_a, "block"_a = true, WithoutGil())
      .def("reset_clocks", ResetClocks, "memory"_a, "block"_a = true, WithoutGil())
      .def(
          "instant_power", [](const GpuHandle& self) { return PowerOf(self, PowerSensor::kInstant); }, WithoutGil())
      .def(
          "average_power", [](const GpuHandle& self) { return PowerOf(self, PowerSensor::kAverage); }, WithoutGil())
      .def(
          "memory_power", [](const GpuHandle& self) { return PowerOf(self, PowerSensor::kMemoryAverage); },
          WithoutGil())
      .def(
          "energy",
          [](const GpuHandle& self) { return ToMilli(Take(self.get().ReadEnergy(), ErrorFamily::kGpu).energy); },
          WithoutGil())
      .def(
          "temperature",
          [](const GpuHandle& self) {
            return std::llround(Take(self.get().ReadTemperature(), ErrorFamily::kGpu).value());
          },
          WithoutGil());
}

void BindCpu(nb::module_& module) {
  nb::class_<CpuHandle>(module, "Cpu", "One processor package.")
      .def_prop_ro("package", [](const CpuHandle& self) { return self.get().info().index; })
      .def_prop_ro("name", [](const CpuHandle& self) { return self.get().info().name; })
      .def_prop_ro(
          "is_through_node",
          [](const CpuHandle& self) { return dynamic_cast<const RemoteCpu*>(&self.get()) != nullptr; },
          "Whether the node daemon reads it.")
      .def_prop_ro("has_dram", [](const CpuHandle& self) { return self.get().has_dram(); })
      .def(
          "energy",
          [](const CpuHandle& self) -> std::pair<double, std::optional<double>> {
            const CpuEnergySample sample = Take(self.get().ReadEnergy(), ErrorFamily::kCpu);
            std::optional<double> dram;
            if (sample.dram) dram = sample.dram->value() * kMilli;
            return {sample.package.value() * kMilli, dram};
          },
          "Energy of the package and of its memory since some moment, mJ.", WithoutGil());
}

}  // namespace

void BindDevices(nb::module_& module) {
  BindGpu(module);
  BindCpu(module);
  module.def("visible_gpus", VisibleGpus, WithoutGil(), "The GPUs that CUDA_VISIBLE_DEVICES and its like leave.");
  module.def("cpus", AllCpus, WithoutGil(), "The processor packages whose energy can be read.");
  module.def(
      "device_problems", [] { return Machine::OfThisProcess().inventory().problems(); }, WithoutGil(),
      "What users should know about the devices, a sentence each.");
  module.def(
      "has_sys_admin",
      [] {
        const Result<Privileges> privileges = ReadPrivileges();
        return privileges && privileges->sys_admin;
      },
      "Whether this process has CAP_SYS_ADMIN.");
}

}  // namespace zeus::python
