#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "zeus/simulator/single_job.h"
#include "zeus/simulator/trace_store.h"

/// Flags that several commands share, each with one name and one meaning.
namespace zeus {

/// --traces: where the recorded runs lie.
struct TraceFlags {
  std::string folder = "traces";

  void AddTo(CLI::App& command);
};

/// --gpu: one GPU model of the traces; may be left out where there is only one.
struct GpuFlag {
  std::string gpu;

  void AddTo(CLI::App& command);
  [[nodiscard]] Result<std::string> Choose(const TraceStore& store) const;
};

/// --workload, or --dataset and what else makes a job.
struct JobFlags {
  std::string workload;
  std::string dataset;
  std::string network;
  std::string optimizer;
  std::optional<double> target_metric;
  std::optional<int64_t> max_epochs;
  std::optional<int64_t> default_batch_size;

  void AddTo(CLI::App& command);
  [[nodiscard]] Result<JobIdentity> Choose(const TraceStore& store, const JoinedTrace& trace) const;
};

/// --batch-policy, --power-policy, --plugin, --window: who decides.
struct PolicyFlags {
  PolicyNames names;
  std::vector<std::string> plugins;
  size_t window = 0;

  void AddTo(CLI::App& command);
  void AddPluginsTo(CLI::App& command);
  /// The built-in policies and those of the plugins.
  [[nodiscard]] Result<PolicyFactory> LoadPlugins() const;
};

/// --eta and --beta.
struct KnobFlags {
  double eta = 0.5;
  double beta = 2.0;

  void AddTo(CLI::App& command);
};

/// --threads; the default is every core.
struct ThreadFlag {
  unsigned threads = 0;

  void AddTo(CLI::App& command);
  [[nodiscard]] unsigned Choose() const;
};

}  // namespace zeus
