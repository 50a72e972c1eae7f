// Power logs, for zeus.profile.torch.
#include "zeus/training/power_logs.h"

#include <nanobind/nanobind.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <tuple>
#include <utility>

#include "python/bindings/errors.h"
#include "python/bindings/module.h"
#include "python/bindings/training_gpus.h"

namespace nb = nanobind;
using nb::literals::operator""_a;

namespace zeus::python {
namespace {

/// A power log of each visible GPU, until it is closed. After fork(2) the logs are the parent's.
class Logs {
 public:
  Logs(const Environment& environment, const std::vector<std::string>& paths, double period)
      : owner_(::getpid()), parts_(std::make_unique<Parts>()) {
    const nb::gil_scoped_release released;
    parts_->inventory = DeviceInventory::Open(InventoryOf(environment));
    std::vector<Gpu*> gpus = Take(parts_->inventory->VisibleGpus());
    gpus.resize(std::min(gpus.size(), paths.size()));
    parts_->logs = Take(LogPowerOnThread(gpus, [&](size_t gpu) { return paths[gpu]; }, Seconds(period)));
  }

  ~Logs() { std::ignore = Close(); }
  Logs(const Logs&) = delete;
  Logs& operator=(const Logs&) = delete;

  void CloseOrRaise() { Take(Close()); }

 private:
  // What outlives what stands first.
  struct Parts {
    std::unique_ptr<DeviceInventory> inventory;
    std::unique_ptr<PowerLogs> logs;
  };

  Result<void> Close() {
    if (owner_ != ::getpid()) std::ignore = parts_.release();
    const std::unique_ptr<Parts> parts = std::move(parts_);
    if (!parts || !parts->logs) return {};
    const nb::gil_scoped_release released;
    return parts->logs->Finish();
  }

  const pid_t owner_;
  std::unique_ptr<Parts> parts_;
};

size_t CountVisible(const Environment& environment) {
  const nb::gil_scoped_release released;
  return Take(DeviceInventory::Open(InventoryOf(environment))->VisibleGpus()).size();
}

}  // namespace

void BindPowerLogs(nb::module_& module) {
  module.def("count_visible_gpus", &CountVisible, "environment"_a);
  nb::class_<Logs>(module, "PowerLogs", "A power log of each of the first visible GPUs, until it is closed.")
      .def(nb::init<const Environment&, const std::vector<std::string>&, double>(), "environment"_a, "paths"_a,
           "period"_a, "A sample every period (s), by a thread of C++.")
      .def("close", &Logs::CloseOrRaise);
}

}  // namespace zeus::python
