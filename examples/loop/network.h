#pragma once

#include <cstdint>
#include <vector>

#include "digits.h"

namespace loop {

/// A perceptron with one hidden layer of rectified units, and a softmax over the classes.
class Network {
 public:
  /// With weights drawn at random; the same for the same seed.
  explicit Network(uint64_t seed);

  /// A step of gradient descent on the mean cross-entropy of this minibatch, which is returned as it was before.
  double Train(const Pictures& batch, float learning_rate);
  /// How many of the pictures it names correctly.
  size_t CountCorrect(const Pictures& pictures);

 private:
  void Forward(const Pictures& pictures);
  /// Turns scores_ into the loss's gradient by them, and returns the loss.
  double LossGradient(const Pictures& batch);

  // Row by row: from each input to all outputs.
  std::vector<float> hidden_weights_, hidden_bias_;
  std::vector<float> output_weights_, output_bias_;

  // Of the pictures that went through last; kept so that no step allocates.
  std::vector<float> hidden_, scores_;
  std::vector<float> hidden_gradient_, weights_gradient_;
};

}  // namespace loop
