#include "zeus/trace/synthetic_presets.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace zeus {
namespace {

// Fine-tuning a large language network: heavy samples, a few epochs, small batches.
SyntheticWorkload Language() {
  SyntheticWorkload job;
  job.workload = {.dataset = "synthetic-text", .network = "synthetic-transformer", .optimizer = "adamw"};
  job.dataset_size = 80'000;
  job.batch_sizes = {4, 8, 16, 32, 64, 128, 256};
  job.default_batch_size = 64;
  job.default_learning_rate = 5e-5;
  job.compute_per_sample = Seconds(0.012);
  job.memory_per_sample = Seconds(0.002);
  job.overhead_per_iteration = Seconds(0.030);
  job.target_metrics = {80, 82, 84};
  job.epochs = 3.6;
  job.max_epochs = 12;
  job.critical_batch_size = 96;
  job.noisy_batch_size = 6;
  job.run_noise = 0.08;
  job.largest_converging = 128;
  return job;
}

// Ranking with embedding tables: tiny samples that wait for memory, huge batches.
SyntheticWorkload Recommendation() {
  SyntheticWorkload job;
  job.workload = {.dataset = "synthetic-clicks", .network = "synthetic-ranker", .optimizer = "adam"};
  job.dataset_size = 4'000'000;
  job.batch_sizes = {128, 256, 512, 1024, 2048, 4096, 8192, 16384};
  job.default_batch_size = 1024;
  job.default_learning_rate = 0.001;
  job.compute_per_sample = Seconds(0.000003);
  job.memory_per_sample = Seconds(0.000003);
  job.overhead_per_iteration = Seconds(0.0015);
  job.target_metrics = {0.30, 0.35, 0.40};
  job.epochs = 12;
  job.max_epochs = 60;
  job.critical_batch_size = 6000;
  job.noisy_batch_size = 200;
  job.run_noise = 0.1;
  job.smallest_converging = 256;
  job.largest_converging = 16384;
  job.failure_probability = 0.05;
  return job;
}

SyntheticGpu LargeGpu() {
  return {.name = "synthetic-large",
          .idle_power = Watts(120),
          .memory_power = Watts(230),
          .full_power = Watts(560),
          .power_exponent = 3,
          .min_limit = Watts(150),
          .max_limit = Watts(400),
          .limit_step = Watts(50),
          .speed = 2.5};
}

}  // namespace

std::span<const SyntheticPreset> SyntheticPresets() {
  static const std::array<SyntheticPreset, 3> kPresets = {
      SyntheticPreset{.name = "vision", .workload = SyntheticWorkload()},
      SyntheticPreset{.name = "language", .workload = Language()},
      SyntheticPreset{.name = "recommendation", .workload = Recommendation()},
  };
  return kPresets;
}

std::span<const SyntheticGpu> SyntheticGpuPresets() {
  static const std::array<SyntheticGpu, 2> kPresets = {SyntheticGpu(), LargeGpu()};
  return kPresets;
}

Result<SyntheticWorkload> FindSyntheticPreset(std::string_view name) {
  const auto all = SyntheticPresets();
  if (const auto found = std::ranges::find(all, name, &SyntheticPreset::name); found != all.end()) {
    return found->workload;
  }
  std::vector<std::string_view> names;
  for (const SyntheticPreset& preset : all) names.push_back(preset.name);
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("preset: expected one of {}, found \"{}\"", fmt::join(names, ", "), name));
}

Result<SyntheticGpu> FindSyntheticGpuPreset(std::string_view name) {
  const auto all = SyntheticGpuPresets();
  if (const auto found = std::ranges::find(all, name, &SyntheticGpu::name); found != all.end()) return *found;
  std::vector<std::string_view> names;
  for (const SyntheticGpu& gpu : all) names.push_back(gpu.name);
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("gpu_preset: expected one of {}, found \"{}\"", fmt::join(names, ", "), name));
}

}  // namespace zeus
