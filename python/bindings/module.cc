#include "python/bindings/module.h"

#include "zeus/base/version.h"

NB_MODULE(_core, module) {
  module.doc() = "The C++ library behind the package zeus. Its users import zeus; names here may change.";
  module.attr("version") = zeus::kVersion;
  zeus::python::BindErrors(module);
  zeus::python::BindAnalysis(module);
  zeus::python::BindJob(module);
  zeus::python::BindLauncher(module);
  zeus::python::BindPolicy(module);
  zeus::python::BindPowerLogs(module);
  zeus::python::BindSimulator(module);
  zeus::python::BindEmulation(module);
  zeus::python::BindPowerLimit(module);
  zeus::python::BindTraining(module);
  zeus::python::BindDevices(module);
  zeus::python::BindMonitors(module);
  zeus::python::BindSamplers(module);
  zeus::python::BindNodeDaemon(module);
}
