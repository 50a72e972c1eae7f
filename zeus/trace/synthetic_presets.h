#pragma once

#include <span>
#include <string_view>

#include "zeus/base/result.h"
#include "zeus/trace/synthetic_workload.h"

namespace zeus {

/// Made-up kinds of jobs to start from. Nothing in them was measured; they differ in what matters for the choice of
/// batch size and power limit: how much of the time goes to computing, and where large batches stop to pay.
struct SyntheticPreset {
  std::string_view name;
  SyntheticWorkload workload;
};

std::span<const SyntheticPreset> SyntheticPresets();
/// "synthetic-small" and "synthetic-large".
std::span<const SyntheticGpu> SyntheticGpuPresets();

/// kInvalidArgument for an unknown name, with the list of names.
Result<SyntheticWorkload> FindSyntheticPreset(std::string_view name);
Result<SyntheticGpu> FindSyntheticGpuPreset(std::string_view name);

}  // namespace zeus
