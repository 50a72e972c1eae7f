#include "zeus/simulator/known_workloads.h"

#include <array>
#include <optional>

namespace zeus {
namespace {

JobIdentity Known(const char* dataset, const char* network, const char* optimizer, double target_metric,
                  int64_t max_epochs, int64_t default_batch_size, std::optional<double> default_learning_rate = {}) {
  return {.workload = {.dataset = dataset, .network = network, .optimizer = optimizer},
          .target_metric = target_metric,
          .max_epochs = max_epochs,
          .default_batch_size = default_batch_size,
          .default_learning_rate = default_learning_rate,
          .workdir = {}};
}

}  // namespace

std::span<const JobIdentity> KnownWorkloads() {
  static const std::array<JobIdentity, 6> kWorkloads = {
      Known("cifar100", "shufflenetv2", "adadelta", 0.6, 100, 1024, 0.1),
      Known("imagenet", "resnet50", "adadelta", 0.65, 100, 256),
      Known("squad", "bert_base_uncased", "adamw", 84.0, 6, 32),
      Known("librispeech", "deepspeech2", "adamw", 40.0, 16, 256),
      Known("movielens-1m", "ncf", "adam", 0.41, 100, 1024),
      Known("sentiment140", "bert_base_uncased", "adamw", 0.84, 10, 128, 4e-7),
  };
  return kWorkloads;
}

}  // namespace zeus
