#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace cifar {

struct Picture;

/// A small convolutional network and its optimizer. Nothing of LibTorch shows, so that one file alone needs its
/// headers. LibTorch's exceptions pass through.
class Network {
 public:
  Network(uint64_t seed, double learning_rate);
  ~Network();

  /// A step of SGD with momentum on a minibatch; its mean cross-entropy before the step.
  double Train(const std::vector<const Picture*>& batch);
  /// How many of the pictures it names correctly.
  size_t CountCorrect(const std::vector<const Picture*>& batch);

 private:
  struct Parts;

  std::unique_ptr<Parts> parts_;
};

}  // namespace cifar
