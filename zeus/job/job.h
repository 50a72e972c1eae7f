#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "zeus/base/result.h"

namespace zeus {

/// What is trained: the part of a job that traces know.
struct Workload {
  std::string dataset;
  std::string network;
  std::string optimizer;

  auto operator<=>(const Workload&) const = default;
};

/// "dataset/network/optimizer", for messages.
std::string ToText(const Workload& workload);

/// What makes two submissions runs of the same recurring job.
struct JobIdentity {
  Workload workload;
  double target_metric = 0;
  int64_t max_epochs = 0;
  int64_t default_batch_size = 0;               ///< b0: the user's own choice, assumed to reach the target.
  std::optional<double> default_learning_rate;  ///< Belongs to b0; absent when the command does not take one.
  std::string workdir;

  auto operator<=>(const JobIdentity&) const = default;
};

/// A recurring training job.
struct Job {
  JobIdentity identity;
  std::vector<std::string> command;  ///< A template, see command_template.h; not part of the identity.
};

/// max_epochs and b0 are positive, the target is a number.
Result<void> Validate(const JobIdentity& identity);

}  // namespace zeus
