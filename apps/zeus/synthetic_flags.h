#pragma once

#include <CLI/App.hpp>
#include <functional>
#include <string>
#include <vector>

#include "zeus/trace/synthetic_gpu.h"
#include "zeus/trace/synthetic_workload.h"

namespace zeus {

/// A made-up workload on a made-up GPU.
struct SyntheticSetup {
  SyntheticWorkload workload;
  SyntheticGpu gpu;
};

/// One flag for each physical parameter. What is not given comes from the presets.
class SyntheticFlags {
 public:
  /// Flags may be added once; this object must outlive the parsing.
  void AddTo(CLI::App& command);

  /// The presets with the flags applied. kInvalidArgument for an unknown preset or a list that is not one of numbers;
  /// the parameters themselves are checked where they are used.
  [[nodiscard]] Result<SyntheticSetup> Choose() const;

 private:
  void AddNames(CLI::App& command);
  void AddWorkload(CLI::App& command);
  void AddTraining(CLI::App& command);
  void AddGpu(CLI::App& command);

  /// A flag for one number; `part` and `member` say where it goes. Its help ends with every preset's value.
  template <class Part, class Value>
  void Add(CLI::App& command, const char* flag, const char* unit, const std::string& help, Part SyntheticSetup::* part,
           Value Part::* member);

  std::string preset_ = "vision";
  std::string gpu_preset_ = "synthetic-small";
  std::string gpu_, dataset_, network_, optimizer_;
  std::string batch_sizes_, target_metrics_;
  std::vector<std::function<void(SyntheticSetup*)>> setters_;
};

/// An error about a parameter ("run_noise: ...") as one about its flag ("--run-noise: ...").
Error NameFlag(Error error);

}  // namespace zeus
