#include "zeus/device/amdsmi/energy_validation.h"

#include <fmt/format.h>

namespace zeus::amdsmi {

EnergyVerdict JudgeEnergyCounter(const EnergyEvidence& evidence) {
  constexpr Joules kNothing(1e-6);
  const Joules expected = evidence.power * kValidationTime;
  const bool is_chiplet = evidence.name.find("MI250") != std::string_view::npos;
  EnergyVerdict verdict;
  if (expected < kNothing) {
    if (is_chiplet && evidence.index % 2 == 1) {
      verdict.why_no_power = fmt::format(
          "this is the second chiplet of an MI250: GPU {} reports the power and energy of both", evidence.index - 1);
      verdict.why_no_energy = verdict.why_no_power;
    } else {
      verdict.why_no_energy = "the power sensor shows 0 W, so that the energy counter cannot be checked against it";
    }
    return verdict;
  }
  if (is_chiplet && evidence.index % 2 == 0) {
    verdict.note = fmt::format(
        "GPU {} is the first chiplet of an MI250: its power and energy are those of both chiplets", evidence.index);
  }
  const double ratio = evidence.counted / expected;
  if (!(ratio > 0.1 && ratio < 10)) {
    verdict.why_no_energy = fmt::format(
        "the energy counter cannot be trusted: it counted {:.6g} J in {} s, and the power sensor makes that {:.6g} J",
        evidence.counted.value(), kValidationTime.value(), expected.value());
  }
  return verdict;
}

}  // namespace zeus::amdsmi
