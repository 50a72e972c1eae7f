#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "apps/zeus/console.h"
#include "apps/zeus/exec_meter.h"
#include "zeus/base/interval.h"
#include "zeus/base/result.h"

namespace zeus {

/// All that `zeus exec` has found out.
struct ExecReport {
  std::vector<std::string> command;
  std::vector<ExecDevice> devices;
  std::vector<ExecRun> runs;           ///< At least one.
  std::optional<ExecRun> idle;         ///< Before the command, when asked for.
  std::optional<uint64_t> iterations;  ///< How many the command does in a run.
  std::vector<std::string> notes;
};

/// Energy of one device over the runs, or why one of them has none.
Result<Interval> EnergyOver(const ExecReport& report, size_t device);
/// Energy of all GPUs together; an error when a part is missing, or when there is no GPU.
Result<Interval> GpuEnergyOver(const ExecReport& report);

struct ExecBudget {
  std::optional<Joules> energy;                ///< Of all GPUs in a run; the mean when there are several runs.
  std::optional<Joules> energy_per_iteration;  ///< Needs iterations.
};

enum class BudgetState { kKept, kPassed, kUnknown };

struct BudgetVerdict {
  BudgetState state = BudgetState::kKept;
  std::string message;  ///< What was passed and by how much, or what is missing.
};

BudgetVerdict CheckBudget(const ExecReport& report, const ExecBudget& budget);

std::string ExecText(const ExecReport& report, const Console& console);
std::string ExecJson(const ExecReport& report);
/// A line for each run and device.
std::string ExecCsv(const ExecReport& report);

}  // namespace zeus
