#include "network.h"

#include <torch/torch.h>

#include <cstring>
#include <utility>

#include "picture.h"

namespace cifar {
namespace {

torch::nn::Sequential MakeLayers() {
  using torch::nn::Conv2d;
  using torch::nn::Conv2dOptions;
  // Two halvings by stride, one by pooling: 32 x 32 pixels become 4 x 4 of 32 channels.
  return torch::nn::Sequential(Conv2d(Conv2dOptions(3, 16, 3).stride(2).padding(1)), torch::nn::ReLU(),
                               Conv2d(Conv2dOptions(16, 32, 3).stride(2).padding(1)), torch::nn::ReLU(),
                               torch::nn::MaxPool2d(2), torch::nn::Flatten(),
                               torch::nn::Linear(32 * 4 * 4, static_cast<int64_t>(kClasses)));
}

/// Of all pictures: N x 3 x 32 x 32, from -1 to 1.
torch::Tensor ToTensor(const std::vector<const Picture*>& pictures) {
  const auto count = static_cast<int64_t>(pictures.size());
  torch::Tensor bytes = torch::empty({count, static_cast<int64_t>(kChannels), kSide, kSide}, torch::kUInt8);
  auto* target = bytes.data_ptr<uint8_t>();
  for (const Picture* const picture : pictures) {
    std::memcpy(target, picture->pixels.data(), picture->pixels.size());
    target += picture->pixels.size();
  }
  return bytes.to(torch::kFloat32).div_(127.5).sub_(1);
}

torch::Tensor Labels(const std::vector<const Picture*>& pictures) {
  std::vector<int64_t> labels;
  for (const Picture* const picture : pictures) labels.push_back(picture->label);
  return torch::tensor(labels, torch::kInt64);
}

}  // namespace

struct Network::Parts {
  torch::Device device;
  torch::nn::Sequential layers;
  torch::optim::SGD optimizer;
};

Network::Network(uint64_t seed, double learning_rate) {
  torch::manual_seed(seed);
  // The same sums in the same order on every machine.
  torch::set_num_threads(1);
  const torch::Device device(torch::cuda::is_available() ? torch::kCUDA : torch::kCPU);
  torch::nn::Sequential layers = MakeLayers();
  layers->to(device);
  torch::optim::SGD optimizer(layers->parameters(), torch::optim::SGDOptions(learning_rate).momentum(0.9));
  parts_.reset(new Parts{device, std::move(layers), std::move(optimizer)});
}

Network::~Network() = default;

double Network::Train(const std::vector<const Picture*>& batch) {
  parts_->optimizer.zero_grad();
  const torch::Tensor scores = parts_->layers->forward(ToTensor(batch).to(parts_->device));
  const torch::Tensor loss = torch::nn::functional::cross_entropy(scores, Labels(batch).to(parts_->device));
  loss.backward();
  parts_->optimizer.step();
  return loss.item<double>();
}

size_t Network::CountCorrect(const std::vector<const Picture*>& batch) {
  const torch::NoGradGuard no_gradients;
  const torch::Tensor scores = parts_->layers->forward(ToTensor(batch).to(parts_->device));
  return static_cast<size_t>(scores.argmax(1).eq(Labels(batch).to(parts_->device)).sum().item<int64_t>());
}

}  // namespace cifar
