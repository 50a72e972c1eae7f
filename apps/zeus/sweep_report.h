#pragma once

#include <string>
#include <vector>

#include "apps/zeus/console.h"
#include "zeus/simulator/sweep.h"

namespace zeus {

/// A table for people: what each policy's learning cost, and what it saves.
std::string SweepText(const std::vector<SweepCase>& cases, const std::vector<SweepRow>& rows, const Console& console);

/// One line, or one object, a case; docs/formats.md describes both.
std::string SweepCsv(const std::vector<SweepCase>& cases, const std::vector<SweepRow>& rows);
std::string SweepJson(const std::vector<SweepCase>& cases, const std::vector<SweepRow>& rows);

}  // namespace zeus
