// EmulatedStep, for zeus.emulation and the data loaders.
#include <nanobind/nanobind.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <optional>
#include <utility>

#include "python/bindings/errors.h"
#include "python/bindings/module.h"
#include "python/bindings/training_gpus.h"
#include "zeus/training/emulated_step.h"

namespace nb = nanobind;

namespace zeus::python {
namespace {

/// Work of an emulated GPU that begins and ends when it is told to.
class Steps {
 public:
  explicit Steps(int gpu) : gpu_(gpu) {}

  /// A step under way ends first.
  void Begin(std::optional<double> time, double host_share, double memory_share, double compute_activity,
             double memory_activity) {
    End();
    step_.emplace(Take(EmulatedStep::Begin({.gpu = gpu_,
                                            .compute_activity = compute_activity,
                                            .memory_share = memory_share,
                                            .memory_activity = memory_activity,
                                            .host_share = host_share,
                                            .time = time ? std::optional(Seconds(*time)) : std::nullopt})));
  }
  void End() {
    if (!step_) return;
    const nb::gil_scoped_release released;
    step_.reset();
  }

 private:
  const int gpu_;
  std::optional<EmulatedStep> step_;
};

/// NVML's index of the GPU at this position of the visible ones.
int NvmlIndex(const Environment& environment, size_t position) {
  const nb::gil_scoped_release released;
  const std::unique_ptr<DeviceInventory> inventory = DeviceInventory::Open(InventoryOf(environment));
  const std::vector<Gpu*> visible = Take(inventory->VisibleGpus());
  if (position >= visible.size()) {
    throw ErrorException({ErrorCode::kInvalidArgument, "emulated GPU " + std::to_string(position) +
                                                           ": this process sees " + std::to_string(visible.size())},
                         ErrorFamily::kGeneral);
  }
  return visible[position]->info().index;
}

}  // namespace

void BindEmulation(nb::module_& module) {
  module.def("gpus_are_emulated", &EmulatedStep::Available, "Whether NVML is the emulator's in this process.");
  module.def("nvml_index", &NvmlIndex, nb::arg("environment"), nb::arg("position"));
  nb::class_<Steps>(module, "EmulatedSteps", "Steps of work of one emulated GPU, one after the other.")
      .def(nb::init<int>(), nb::arg("gpu"), "By NVML's index.")
      .def("begin", &Steps::Begin, nb::arg("time").none(), nb::arg("host_share"), nb::arg("memory_share"),
           nb::arg("compute_activity"), nb::arg("memory_activity"))
      .def("end", &Steps::End, "Returns when the GPU has done its work.");
}

}  // namespace zeus::python
