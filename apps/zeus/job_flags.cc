#include "apps/zeus/job_flags.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <limits>

#include "apps/zeus/number_flags.h"
#include "zeus/base/parallel.h"
#include "zeus/plugin/load_policy_plugin.h"

namespace zeus {

void TraceFlags::AddTo(CLI::App& command) {
  command.add_option("--traces", folder, "Folder with summary_train.csv and summary_power_GPU.csv")
      ->envname("ZEUS_TRACES")
      ->type_name("DIR")
      ->capture_default_str();
}

void GpuFlag::AddTo(CLI::App& command) {
  command.add_option("--gpu", gpu, "GPU model, as in the power trace's file name (v100, a40, ...)")->type_name("NAME");
}

Result<std::string> GpuFlag::Choose(const TraceStore& store) const {
  if (!gpu.empty()) return gpu;
  if (store.gpus().size() == 1) return store.gpus().front();
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("--gpu: which one? The traces hold: {}", fmt::join(store.gpus(), ", ")));
}

void JobFlags::AddTo(CLI::App& command) {
  CLI::Option* const workload_option =
      command
          .add_option("--workload", workload,
                      "A job by name, with its defaults: cifar100, imagenet, squad, librispeech, movielens-1m,\n"
                      "sentiment140, or one of workloads.csv in the trace folder")
          ->type_name("NAME");
  CLI::Option* const dataset_option =
      command.add_option("--dataset", dataset, "A job of one's own: its data set")->type_name("NAME");
  dataset_option->excludes(workload_option);
  command.add_option("--network", network, "Its network")->type_name("NAME")->needs(dataset_option);
  command.add_option("--optimizer", optimizer, "Its optimizer")->type_name("NAME")->needs(dataset_option);
  command.add_option("--target-metric", target_metric, "The validation metric to reach")
      ->type_name("NUMBER")
      ->transform(NumberText());
  command.add_option("--max-epochs", max_epochs, "Epochs after which a run counts as failed")
      ->type_name("EPOCHS")
      ->transform(IntegerText());
  command.add_option("--b0", default_batch_size, "The default batch size, assumed to reach the target")
      ->type_name("SIZE")
      ->transform(IntegerText());
}

Result<JobIdentity> JobFlags::Choose(const TraceStore& store, const JoinedTrace& trace) const {
  JobIdentity job;
  if (!workload.empty()) {
    ZEUS_ASSIGN_OR_RETURN(job, store.Workload(workload, trace));
  } else if (dataset.empty()) {
    std::vector<std::string> names;
    for (const JobIdentity& known : store.WorkloadsOf(trace)) names.push_back(known.workload.dataset);
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("--workload: which one? The traces hold: {}. Or describe a job by --dataset, --network, "
                            "--optimizer, --target-metric, --max-epochs and --b0",
                            fmt::join(names, ", ")));
  } else {
    std::vector<std::string_view> missing;
    if (network.empty()) missing.emplace_back("--network");
    if (optimizer.empty()) missing.emplace_back("--optimizer");
    if (!target_metric) missing.emplace_back("--target-metric");
    if (!max_epochs) missing.emplace_back("--max-epochs");
    if (!default_batch_size) missing.emplace_back("--b0");
    if (!missing.empty()) {
      return Fail(ErrorCode::kInvalidArgument, fmt::format("--dataset also needs {}", fmt::join(missing, ", ")));
    }
    job.workload = {.dataset = dataset, .network = network, .optimizer = optimizer};
  }
  job.target_metric = target_metric.value_or(job.target_metric);
  job.max_epochs = max_epochs.value_or(job.max_epochs);
  job.default_batch_size = default_batch_size.value_or(job.default_batch_size);
  return job;
}

void PolicyFlags::AddTo(CLI::App& command) {
  command
      .add_option("--batch-policy", names.batch_size,
                  "Who chooses batch sizes: pruned-thompson, thompson, knowledge-gradient, "
                  "default, grid, oracle, or a plugin's name")
      ->type_name("NAME")
      ->capture_default_str();
  command.add_option("--power-policy", names.power_limit, "Who chooses power limits: jit, max")
      ->type_name("NAME")
      ->capture_default_str();
  command.add_option("--window", window, "How many of a batch size's latest results count, for drifting data; 0: all")
      ->type_name("N")
      ->transform(CountText())
      ->capture_default_str();
  AddPluginsTo(command);
}

void PolicyFlags::AddPluginsTo(CLI::App& command) {
  command.add_option("--plugin", plugins, "Shared object with a batch-size policy of one's own; may be repeated")
      ->type_name("FILE")
      ->allow_extra_args(false);
}

Result<PolicyFactory> PolicyFlags::LoadPlugins() const {
  PolicyFactory factory;
  for (const std::string& file : plugins) {
    ZEUS_ASSIGN_OR_RETURN(PolicyPlugin plugin, LoadPolicyPlugin(file));
    ZEUS_RETURN_IF_ERROR(
        factory.Register(plugin.name(), [plugin](const PolicyOptions& options) { return plugin.Make(options); }));
  }
  return factory;
}

void KnobFlags::AddTo(CLI::App& command) {
  command.add_option("--eta", eta, "Weight of energy against time, from 0 (time only) to 1 (energy only)")
      ->type_name("NUMBER")
      ->transform(NumberText())
      ->capture_default_str();
  command.add_option("--beta", beta, "A try may cost this many times the cheapest recurrence so far; inf: no limit")
      ->type_name("NUMBER")
      ->transform(NumberText())
      ->capture_default_str();
}

void ThreadFlag::AddTo(CLI::App& command) {
  command.add_option("--threads", threads, "Threads to use; 0: every core")
      ->type_name("N")
      ->transform(CountText(std::numeric_limits<unsigned>::max()))
      ->capture_default_str();
}

unsigned ThreadFlag::Choose() const {
  return threads == 0 ? DefaultThreadCount() : threads;
}

}  // namespace zeus
