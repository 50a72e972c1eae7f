// A saved simulation.
#include "tests/fuzz/require.h"
#include "zeus/simulator/joined_trace.h"
#include "zeus/simulator/single_job.h"

namespace {

using zeus::fuzz::Require;

constexpr std::string_view kTrain =
    "dataset,network,batch_size,optimizer,learning_rate,run,target_metric,target_epoch\n"
    "pictures,small,8,adam,0.1,1,0.5,2\n"
    "pictures,small,16,adam,0.1,1,0.5,3\n"
    "pictures,small,16,adam,0.1,2,0.5,5\n"
    "pictures,small,32,adam,0.1,1,0.5,nan\n"
    "pictures,small,32,adam,0.1,2,0.5,4\n";
constexpr std::string_view kPower =
    "dataset,network,batch_size,optimizer,power_limit,time_per_epoch,average_power\n"
    "pictures,small,8,adam,100,10,80\n"
    "pictures,small,8,adam,200,6,150\n"
    "pictures,small,16,adam,100,8,90\n"
    "pictures,small,16,adam,200,5,180\n"
    "pictures,small,32,adam,100,6,95\n"
    "pictures,small,32,adam,200,4,190\n";

zeus::JobTrace Trace() {
  zeus::Problems problems;
  zeus::TrainTrace train = zeus::ParseTrainTrace(kTrain, "train", &problems);
  const zeus::PowerTrace power = zeus::ParsePowerTrace(kPower, "power", &problems);
  return *zeus::JoinedTrace::Create(std::move(train), power)
              ->Select({.workload = {.dataset = "pictures", .network = "small", .optimizer = "adam"},
                        .target_metric = 0.5,
                        .max_epochs = 10,
                        .default_batch_size = 16,
                        .default_learning_rate = {},
                        .workdir = {}});
}

std::string Save(const zeus::SingleJobSimulation& simulation) {
  const zeus::Result<std::string> saved = simulation.Save();
  Require(saved.has_value(), "a simulation can be saved", saved ? "" : saved.error().message);
  return *saved;
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const zeus::JobTrace trace = Trace();
  zeus::SingleJobSimulation simulation = *zeus::SingleJobSimulation::Create(trace, zeus::SimulationOptions{});
  const std::string before = Save(simulation);
  if (!simulation.Load(zeus::fuzz::ToText(data, size))) {
    Require(Save(simulation) == before, "a failed load leaves the simulation as it was");
    return 0;
  }
  const std::string saved = Save(simulation);
  zeus::SingleJobSimulation twin = *zeus::SingleJobSimulation::Create(trace, zeus::SimulationOptions{});
  const zeus::Result<void> loaded = twin.Load(saved);
  Require(loaded.has_value(), "a saved simulation loads", loaded ? "" : loaded.error().message);
  Require(Save(twin) == saved, "a loaded simulation is what was saved", saved);
  if (simulation.recurrences_done() > 1000000) return 0;  // The count is only a label; do not let it overflow.
  const zeus::Result<void> ran = simulation.RunUntil(simulation.recurrences_done() + 3);
  Require(ran.has_value() == twin.RunUntil(twin.recurrences_done() + 3).has_value(), "twins live alike");
  Require(Save(simulation) == Save(twin), "twins live alike");
  Require(ran || ran.error().code != zeus::ErrorCode::kFailedPrecondition, "a loaded simulation goes on",
          ran ? "" : ran.error().message);
  return 0;
}
