#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include "python/bindings/errors.h"
#include "python/bindings/module.h"
#include "zeus/trace/power_log_analysis.h"

namespace nb = nanobind;

namespace zeus::python {
namespace {

std::optional<Seconds> ToSeconds(std::optional<double> seconds) {
  return seconds ? std::optional(Seconds(*seconds)) : std::nullopt;
}

}  // namespace

void BindAnalysis(nb::module_& module) {
  module.def(
      "analyze_power_log",
      [](const std::string& path, std::optional<double> start, std::optional<double> end) {
        Result<PowerLogSummary> summary;
        {
          const nb::gil_scoped_release released;
          summary = AnalyzePowerLog(path, {.start = ToSeconds(start), .end = ToSeconds(end)});
        }
        const PowerLogSummary figures = Take(std::move(summary));
        return nb::make_tuple(figures.energy.value(), figures.average.value());
      },
      nb::sig("def analyze_power_log(path: str, start: float | None, end: float | None) -> tuple[float, float]"),
      nb::arg("path"), nb::arg("start").none(), nb::arg("end").none(),
      "Energy in joules and average power in watts of a power log between two times.");
}

}  // namespace zeus::python
