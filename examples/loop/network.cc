#include "network.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <span>

namespace loop {
namespace {

constexpr size_t kHidden = 96;

// He et al., "Delving Deep into Rectifiers", 2015: as wide as keeps the signal's variance.
std::vector<float> RandomWeights(size_t inputs, size_t outputs, std::mt19937_64& random) {
  std::normal_distribution<float> normal(0.0F, std::sqrt(2.0F / static_cast<float>(inputs)));
  std::vector<float> weights(inputs * outputs);
  for (float& weight : weights) weight = normal(random);
  return weights;
}

/// outputs = inputs x weights + bias, a row for each picture.
void Multiply(std::span<const float> inputs, std::span<const float> weights, std::span<const float> bias,
              std::vector<float>& outputs) {
  const size_t width = bias.size();
  const size_t depth = weights.size() / width;
  const size_t rows = inputs.size() / depth;
  outputs.resize(rows * width);
  for (size_t row = 0; row < rows; ++row) {
    float* const output = &outputs[row * width];
    std::ranges::copy(bias, output);
    for (size_t k = 0; k < depth; ++k) {
      const float input = inputs[row * depth + k];
      const float* const weight = &weights[k * width];
      for (size_t c = 0; c < width; ++c) output[c] += input * weight[c];
    }
  }
}

/// gradient = inputs, transposed, x output_gradient: by the weights between the two.
void MultiplyTransposed(std::span<const float> inputs, std::span<const float> output_gradient, size_t rows,
                        std::vector<float>& gradient) {
  const size_t depth = inputs.size() / rows;
  const size_t width = output_gradient.size() / rows;
  gradient.assign(depth * width, 0);
  for (size_t row = 0; row < rows; ++row) {
    const float* const output = &output_gradient[row * width];
    for (size_t k = 0; k < depth; ++k) {
      const float input = inputs[row * depth + k];
      float* const sum = &gradient[k * width];
      for (size_t c = 0; c < width; ++c) sum[c] += input * output[c];
    }
  }
}

void Descend(std::span<float> weights, std::span<const float> gradient, float step) {
  for (size_t i = 0; i < weights.size(); ++i) weights[i] -= step * gradient[i];
}

/// The bias's gradient is the sum over the rows.
void DescendBias(std::span<float> bias, std::span<const float> output_gradient, float step) {
  for (size_t i = 0; i < output_gradient.size(); ++i) bias[i % bias.size()] -= step * output_gradient[i];
}

}  // namespace

Network::Network(uint64_t seed) : hidden_bias_(kHidden, 0), output_bias_(kClasses, 0) {
  std::mt19937_64 random(seed);
  hidden_weights_ = RandomWeights(kPixels, kHidden, random);
  output_weights_ = RandomWeights(kHidden, kClasses, random);
}

void Network::Forward(const Pictures& pictures) {
  Multiply(pictures.pixels, hidden_weights_, hidden_bias_, hidden_);
  for (float& unit : hidden_) unit = std::max(unit, 0.0F);
  Multiply(hidden_, output_weights_, output_bias_, scores_);
}

double Network::LossGradient(const Pictures& batch) {
  double loss = 0;
  for (size_t row = 0; row < batch.size(); ++row) {
    const std::span<float> scores(&scores_[row * kClasses], kClasses);
    const float highest = *std::ranges::max_element(scores);
    float sum = 0;
    for (float& score : scores) sum += score = std::exp(score - highest);
    for (float& score : scores) score /= sum;
    loss -= std::log(std::max(scores[batch.labels[row]], 1e-30F));
    scores[batch.labels[row]] -= 1;
  }
  return loss / static_cast<double>(batch.size());
}

double Network::Train(const Pictures& batch, float learning_rate) {
  Forward(batch);
  const double loss = LossGradient(batch);
  const float step = learning_rate / static_cast<float>(batch.size());

  hidden_gradient_.assign(hidden_.size(), 0);
  for (size_t row = 0; row < batch.size(); ++row) {
    for (size_t h = 0; h < kHidden; ++h) {
      if (hidden_[row * kHidden + h] <= 0) continue;
      float sum = 0;
      for (size_t c = 0; c < kClasses; ++c) sum += output_weights_[h * kClasses + c] * scores_[row * kClasses + c];
      hidden_gradient_[row * kHidden + h] = sum;
    }
  }
  MultiplyTransposed(hidden_, scores_, batch.size(), weights_gradient_);
  Descend(output_weights_, weights_gradient_, step);
  DescendBias(output_bias_, scores_, step);
  MultiplyTransposed(batch.pixels, hidden_gradient_, batch.size(), weights_gradient_);
  Descend(hidden_weights_, weights_gradient_, step);
  DescendBias(hidden_bias_, hidden_gradient_, step);
  return loss;
}

size_t Network::CountCorrect(const Pictures& pictures) {
  Forward(pictures);
  size_t correct = 0;
  for (size_t row = 0; row < pictures.size(); ++row) {
    const std::span<const float> scores(&scores_[row * kClasses], kClasses);
    const auto best = std::ranges::max_element(scores) - scores.begin();
    if (static_cast<size_t>(best) == pictures.labels[row]) ++correct;
  }
  return correct;
}

}  // namespace loop
