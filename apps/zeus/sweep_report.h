#pragma once

#include <span>
#include <string>
#include <vector>

#include "apps/zeus/console.h"
#include "zeus/simulator/sweep.h"
#include "zeus/simulator/sweep_comparison.h"

namespace zeus {

/// A table for people: what each policy's learning cost, and what it saves.
std::string SweepText(const std::vector<SweepCase>& cases, const std::vector<SweepRow>& rows, const Console& console);

/// One line, or one object, a case; docs/formats.md describes both.
std::string SweepCsv(const std::vector<SweepCase>& cases, const std::vector<SweepRow>& rows);
std::string SweepJson(const std::vector<SweepCase>& cases, const std::vector<SweepRow>& rows,
                      std::span<const PolicyComparison> comparisons = {});

/// A table: what each policy's regret comes to against another's.
std::string ComparisonText(const std::vector<SweepCase>& cases, std::span<const PolicyComparison> comparisons,
                           const Console& console);

}  // namespace zeus
