#include "apps/zeus/synthetic_flags.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <memory>
#include <optional>
#include <type_traits>

#include "apps/zeus/list_flags.h"
#include "apps/zeus/number_flags.h"
#include "zeus/base/number_text.h"
#include "zeus/trace/synthetic_presets.h"

namespace zeus {
namespace {

constexpr const char* kWorkloadGroup = "Workload [defaults of vision; language; recommendation]";
constexpr const char* kTrainingGroup = "Training [defaults of vision; language; recommendation]";
constexpr const char* kGpuGroup = "GPU [defaults of synthetic-small; synthetic-large]";

double Plain(double value) {
  return value;
}
int64_t Plain(int64_t value) {
  return value;
}
template <class Unit>
double Plain(Quantity<Unit> value) {
  return value.value();
}

// The value that each preset has, in the order of the presets.
template <class Get>
std::string Defaults(bool of_gpu, Get get) {
  std::vector<std::string> texts;
  if (of_gpu) {
    for (const SyntheticGpu& gpu : SyntheticGpuPresets()) {
      texts.push_back(get(SyntheticSetup{.workload = {}, .gpu = gpu}));
    }
  } else {
    for (const SyntheticPreset& preset : SyntheticPresets()) {
      texts.push_back(get(SyntheticSetup{.workload = preset.workload, .gpu = {}}));
    }
  }
  return fmt::format(" [{}]", fmt::join(texts, "; "));
}

Result<std::vector<int64_t>> WholeNumberList(std::string_view flag, std::string_view list) {
  ZEUS_ASSIGN_OR_RETURN(const std::vector<std::string> parts, SplitList(flag, list));
  std::vector<int64_t> numbers;
  for (const std::string& part : parts) {
    const std::optional<int64_t> number = ParseInteger(part);
    if (!number) {
      return Fail(ErrorCode::kInvalidArgument, fmt::format("{}: expected a whole number, found \"{}\"", flag, part));
    }
    numbers.push_back(*number);
  }
  return numbers;
}

}  // namespace

template <class Part, class Value>
void SyntheticFlags::Add(CLI::App& command, const char* flag, const char* unit, const std::string& help,
                         Part SyntheticSetup::* part, Value Part::* member) {
  using Number = decltype(Plain(Value()));
  constexpr bool kOfGpu = std::is_same_v<Part, SyntheticGpu>;
  const auto given = std::make_shared<std::optional<Number>>();
  const std::string defaults = Defaults(kOfGpu, [&](const SyntheticSetup& setup) {
    return ShortestTextWhole(static_cast<double>(Plain(setup.*part.*member)));
  });
  command.add_option(flag, *given, help + defaults)->type_name(unit)->transform(TextOf<Number>());
  setters_.push_back([given, part, member](SyntheticSetup* setup) {
    if (*given) setup->*part.*member = Value(**given);
  });
}

void SyntheticFlags::AddTo(CLI::App& command) {
  AddNames(command);
  AddWorkload(command);
  AddTraining(command);
  AddGpu(command);
}

void SyntheticFlags::AddNames(CLI::App& command) {
  command.add_option("--preset", preset_, "Workload to start from: vision, language, recommendation")
      ->type_name("NAME")
      ->capture_default_str();
  command.add_option("--gpu-preset", gpu_preset_, "GPU to start from: synthetic-small, synthetic-large")
      ->type_name("NAME")
      ->capture_default_str();
  command.add_option("--gpu", gpu_, "What to call the GPU [as the GPU preset]")->type_name("NAME");
  command.add_option("--dataset", dataset_, "What to call the data set [as in the preset]")->type_name("NAME");
  command.add_option("--network", network_, "What to call the network [as in the preset]")->type_name("NAME");
  command
      .add_option("--optimizer", optimizer_,
                  "sgd, adam, adamw or adadelta: how the learning rate follows the batch size [as in the preset]")
      ->type_name("NAME");
}

void SyntheticFlags::AddWorkload(CLI::App& command) {
  constexpr auto kPart = &SyntheticSetup::workload;
  command.option_defaults()->group(kWorkloadGroup);
  Add(command, "--dataset-size", "SAMPLES", "Samples per epoch", kPart, &SyntheticWorkload::dataset_size);
  command
      .add_option("--batch-sizes", batch_sizes_,
                  "Batch sizes, ascending" + Defaults(false,
                                                      [](const SyntheticSetup& setup) {
                                                        const std::vector<int64_t>& sizes = setup.workload.batch_sizes;
                                                        return fmt::format("{}..{}", sizes.front(), sizes.back());
                                                      }))
      ->type_name("A,B,...");
  Add(command, "--b0", "SIZE", "The default batch size, one of --batch-sizes", kPart,
      &SyntheticWorkload::default_batch_size);
  Add(command, "--default-learning-rate", "NUMBER", "Learning rate at --b0", kPart,
      &SyntheticWorkload::default_learning_rate);
  Add(command, "--compute-per-sample", "SECONDS", "Computing, at the highest clock of a GPU of speed 1", kPart,
      &SyntheticWorkload::compute_per_sample);
  Add(command, "--memory-per-sample", "SECONDS", "Waiting for memory, on a GPU of speed 1", kPart,
      &SyntheticWorkload::memory_per_sample);
  Add(command, "--overhead-per-iteration", "SECONDS", "Waiting for the host, whatever the GPU", kPart,
      &SyntheticWorkload::overhead_per_iteration);
}

void SyntheticFlags::AddTraining(CLI::App& command) {
  constexpr auto kPart = &SyntheticSetup::workload;
  command.option_defaults()->group(kTrainingGroup);
  command
      .add_option("--target-metrics", target_metrics_,
                  "Validation metrics, from the easiest to the hardest" +
                      Defaults(false,
                               [](const SyntheticSetup& setup) {
                                 return fmt::format("{}", fmt::join(setup.workload.target_metrics, ","));
                               }))
      ->type_name("A,B,...");
  Add(command, "--epochs", "EPOCHS", "To the last target at the best batch size", kPart, &SyntheticWorkload::epochs);
  Add(command, "--target-exponent", "NUMBER", "Target i of n takes (i/n)^this of the last one's epochs", kPart,
      &SyntheticWorkload::target_exponent);
  Add(command, "--max-epochs", "EPOCHS", "What takes longer is never reached", kPart, &SyntheticWorkload::max_epochs);
  Add(command, "--critical-batch-size", "SIZE", "Epochs grow by 1 + batch size / this", kPart,
      &SyntheticWorkload::critical_batch_size);
  Add(command, "--noisy-batch-size", "SIZE", "And by 1 + this / batch size; 0: small batches cost none", kPart,
      &SyntheticWorkload::noisy_batch_size);
  Add(command, "--run-noise", "SIGMA", "Of the lognormal factor on each run's epochs", kPart,
      &SyntheticWorkload::run_noise);
  Add(command, "--smallest-converging", "SIZE", "Smaller batch sizes miss the last target", kPart,
      &SyntheticWorkload::smallest_converging);
  Add(command, "--largest-converging", "SIZE", "Larger batch sizes miss it, too", kPart,
      &SyntheticWorkload::largest_converging);
  Add(command, "--failure-probability", "NUMBER", "Of any other run to miss it, 0 to 1", kPart,
      &SyntheticWorkload::failure_probability);
  Add(command, "--runs", "N", "Runs at each batch size", kPart, &SyntheticWorkload::runs);
}

void SyntheticFlags::AddGpu(CLI::App& command) {
  constexpr auto kPart = &SyntheticSetup::gpu;
  command.option_defaults()->group(kGpuGroup);
  Add(command, "--idle-power", "WATTS", "Whatever the clock is: leakage, memory refresh, fans", kPart,
      &SyntheticGpu::idle_power);
  Add(command, "--memory-power", "WATTS", "While waiting for memory", kPart, &SyntheticGpu::memory_power);
  Add(command, "--full-power", "WATTS", "While computing at the highest clock", kPart, &SyntheticGpu::full_power);
  Add(command, "--power-exponent", "NUMBER", "Of the power above idle over the clock; above 1", kPart,
      &SyntheticGpu::power_exponent);
  Add(command, "--min-limit", "WATTS", "Lowest power limit; above --idle-power", kPart, &SyntheticGpu::min_limit);
  Add(command, "--max-limit", "WATTS", "Highest power limit", kPart, &SyntheticGpu::max_limit);
  Add(command, "--limit-step", "WATTS", "From one limit to the next", kPart, &SyntheticGpu::limit_step);
  Add(command, "--speed", "NUMBER", "Divides the time of computing and of memory", kPart, &SyntheticGpu::speed);
  command.option_defaults()->group("Options");
}

Result<SyntheticSetup> SyntheticFlags::Choose() const {
  SyntheticSetup setup;
  ZEUS_ASSIGN_OR_RETURN(setup.workload, FindSyntheticPreset(preset_));
  ZEUS_ASSIGN_OR_RETURN(setup.gpu, FindSyntheticGpuPreset(gpu_preset_));
  const auto rename = [](const std::string& given, std::string* name) {
    if (!given.empty()) *name = given;
  };
  rename(gpu_, &setup.gpu.name);
  rename(dataset_, &setup.workload.workload.dataset);
  rename(network_, &setup.workload.workload.network);
  rename(optimizer_, &setup.workload.workload.optimizer);
  if (!batch_sizes_.empty()) {
    ZEUS_ASSIGN_OR_RETURN(setup.workload.batch_sizes, WholeNumberList("--batch-sizes", batch_sizes_));
  }
  if (!target_metrics_.empty()) {
    ZEUS_ASSIGN_OR_RETURN(setup.workload.target_metrics, NumberList("--target-metrics", target_metrics_));
  }
  for (const auto& set : setters_) set(&setup);
  return setup;
}

Error NameFlag(Error error) {
  const size_t colon = error.message.find(':');
  std::string name = error.message.substr(0, colon);
  const bool field = std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
  if (colon == std::string::npos || !field) return error;
  std::ranges::replace(name, '_', '-');
  if (name == "default-batch-size") name = "b0";
  error.message = "--" + name + error.message.substr(colon);
  return error;
}

}  // namespace zeus
