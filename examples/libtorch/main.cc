// A LibTorch training loop, and Zeus inside it.

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <random>
#include <string>

#include "arguments.h"
#include "cifar100.h"
#include "network.h"
#include "zeus/control/restore_on_signals.h"
#include "zeus/training/emulated_step.h"
#include "zeus/training/local_gpus.h"
#include "zeus/training/training_session.h"

namespace cifar {
namespace {

// Where the GPU is an emulated one: how fast it is at its highest clock. It then takes as long on any host that is
// faster.
constexpr zeus::Seconds kStep{2e-3};
constexpr zeus::Seconds kTrainPicture{6e-4};
constexpr zeus::Seconds kEvaluatePicture{2e-4};

std::optional<std::string> Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

zeus::Result<std::unique_ptr<zeus::LocalGpus>> OpenGpus() {
  zeus::LocalGpusOptions options;
  options.inventory.visibility = {.cuda_visible_devices = Variable("CUDA_VISIBLE_DEVICES"),
                                  .cuda_device_order = Variable("CUDA_DEVICE_ORDER"),
                                  .hip_visible_devices = Variable("HIP_VISIBLE_DEVICES")};
  options.journal_folder = zeus::DefaultJournalFolder(::geteuid(), Variable("XDG_RUNTIME_DIR"));
  options.wall_clock = std::chrono::system_clock::now;
  return zeus::LocalGpus::Open(options);
}

/// The pictures of one batch after the other.
class Batches {
 public:
  Batches(const std::vector<Picture>& pictures, int64_t batch_size) : batch_size_(static_cast<size_t>(batch_size)) {
    for (const Picture& picture : pictures) order_.push_back(&picture);
  }

  void Shuffle(std::mt19937_64& random) { std::ranges::shuffle(order_, random); }
  [[nodiscard]] size_t count() const { return (order_.size() + batch_size_ - 1) / batch_size_; }
  [[nodiscard]] size_t pictures() const { return order_.size(); }
  [[nodiscard]] std::vector<const Picture*> Get(size_t batch) const {
    const auto first = order_.begin() + static_cast<std::ptrdiff_t>(batch * batch_size_);
    return {first, first + std::min(static_cast<std::ptrdiff_t>(batch_size_), order_.end() - first)};
  }

 private:
  const size_t batch_size_;
  std::vector<const Picture*> order_;
};

/// A step of so many pictures, as `gpu` computes it where it is an emulated one.
zeus::Result<zeus::EmulatedStep> BeginStep(int gpu, size_t pictures, zeus::Seconds each) {
  return zeus::EmulatedStep::Begin({.gpu = gpu, .time = kStep + static_cast<double>(pictures) * each});
}

/// The mean loss.
zeus::Result<double> Train(Network& network, const Batches& batches, zeus::TrainingSession& session, int gpu) {
  ZEUS_RETURN_IF_ERROR(session.BeginTraining(static_cast<int64_t>(batches.count())));
  double loss = 0;
  for (size_t i = 0; i < batches.count(); ++i) {
    ZEUS_RETURN_IF_ERROR(session.OnBatch());
    const std::vector<const Picture*> batch = batches.Get(i);
    ZEUS_ASSIGN_OR_RETURN(const auto step, BeginStep(gpu, batch.size(), kTrainPicture));
    loss += network.Train(batch);
  }
  ZEUS_RETURN_IF_ERROR(session.EndTraining());
  return loss / static_cast<double>(batches.count());
}

/// The share of pictures named correctly.
zeus::Result<double> Evaluate(Network& network, const Batches& batches, zeus::TrainingSession& session, int gpu) {
  ZEUS_RETURN_IF_ERROR(session.BeginEvaluation(static_cast<int64_t>(batches.count())));
  size_t correct = 0;
  for (size_t i = 0; i < batches.count(); ++i) {
    const std::vector<const Picture*> batch = batches.Get(i);
    ZEUS_ASSIGN_OR_RETURN(const auto step, BeginStep(gpu, batch.size(), kEvaluatePicture));
    correct += network.CountCorrect(batch);
  }
  ZEUS_RETURN_IF_ERROR(session.EndEvaluation());
  return static_cast<double>(correct) / static_cast<double>(batches.pictures());
}

void PrintEnd(zeus::NextEpoch end, const zeus::TrainingSession& session) {
  const char* why = "was reached";
  if (end == zeus::NextEpoch::kMaxEpochs) why = "was not reached";
  if (end == zeus::NextEpoch::kCostThreshold) why = "is given up: another epoch would cost too much";
  const zeus::RunResult result = session.result();
  std::printf("the target %s: %lld epochs, %.2f s, %.1f J\n", why, static_cast<long long>(result.num_epochs),
              result.time.value(), result.energy.value());
}

zeus::Result<void> Run(const Arguments& arguments) {
  // First of all, so that an interrupt puts back the power limit whenever it comes.
  ZEUS_ASSIGN_OR_RETURN(const auto restore, zeus::RestoreOnSignals::Install());
  ZEUS_ASSIGN_OR_RETURN(const zeus::SessionOptions options, zeus::SessionOptions::FromEnvironment(Variable));
  ZEUS_ASSIGN_OR_RETURN(const std::vector<Picture> training, ReadCifar100(arguments.data / "train.bin"));
  ZEUS_ASSIGN_OR_RETURN(const std::vector<Picture> validation, ReadCifar100(arguments.data / "test.bin"));
  ZEUS_ASSIGN_OR_RETURN(const auto gpus, OpenGpus());
  for (const std::string& note : gpus->notes()) std::fprintf(stderr, "train_cifar100: %s\n", note.c_str());
  ZEUS_ASSIGN_OR_RETURN(const auto session, zeus::TrainingSession::Create(
                                                {.batch_size = arguments.batch_size, .max_epochs = arguments.epochs},
                                                options, {.gpus = gpus.get(), .logged_gpus = gpus->gpus()}));

  Batches training_batches(training, arguments.batch_size);
  const Batches validation_batches(validation, arguments.batch_size);
  Network network(arguments.seed, arguments.learning_rate);
  std::mt19937_64 random(arguments.seed);

  const int gpu = gpus->gpus().front()->info().index;
  while (true) {
    ZEUS_ASSIGN_OR_RETURN(const zeus::NextEpoch next, session->BeginEpoch());
    if (next != zeus::NextEpoch::kTrain) {
      PrintEnd(next, *session);
      return {};
    }
    training_batches.Shuffle(random);
    ZEUS_ASSIGN_OR_RETURN(const double loss, Train(network, training_batches, *session, gpu));
    ZEUS_ASSIGN_OR_RETURN(const double accuracy, Evaluate(network, validation_batches, *session, gpu));
    ZEUS_RETURN_IF_ERROR(session->ReportMetric(accuracy, zeus::MetricDirection::kHigherIsBetter));
    std::printf("epoch %lld: loss %.4f, accuracy %.4f\n", static_cast<long long>(session->epochs()), loss, accuracy);
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace cifar

// 0 when the run came to an end, also one without the target; 2 for wrong usage, which includes the environment;
// else 1.
int main(int count, char** values) {
  const zeus::Result<cifar::Arguments> arguments = cifar::ParseArguments(count, values);
  if (arguments && arguments->help) {
    std::fputs(cifar::kUsage, stdout);
    return 0;
  }
  zeus::Result<void> done;
  try {
    done = arguments ? cifar::Run(*arguments) : std::unexpected(arguments.error());
  } catch (const std::exception& error) {  // LibTorch's.
    done = zeus::Fail(zeus::ErrorCode::kUnavailable, error.what());
  }
  if (done) return 0;
  std::fprintf(stderr, "train_cifar100: %s\n", done.error().message.c_str());
  return done.error().code == zeus::ErrorCode::kInvalidArgument ? 2 : 1;
}
