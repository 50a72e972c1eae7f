#pragma once

#include <nanobind/nanobind.h>

namespace zeus::python {

// Each adds its part of the library to the module zeus._core. One .cc for each, named after it.
void BindEmulation(nanobind::module_& module);
void BindErrors(nanobind::module_& module);
void BindAnalysis(nanobind::module_& module);
void BindJob(nanobind::module_& module);
void BindLauncher(nanobind::module_& module);
void BindPolicy(nanobind::module_& module);
void BindPowerLogs(nanobind::module_& module);
void BindSimulator(nanobind::module_& module);
void BindPowerLimit(nanobind::module_& module);
void BindTraining(nanobind::module_& module);
void BindDevices(nanobind::module_& module);
void BindMonitors(nanobind::module_& module);
void BindNodeDaemon(nanobind::module_& module);
void BindSamplers(nanobind::module_& module);

}  // namespace zeus::python
