#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

namespace zeus {

namespace internal {

// Eight interleaved partial sums per block of 128, blocks added as a tree.
template <class Term>
double PairwiseTreeSum(std::span<const double> values, Term term) {
  const size_t n = values.size();
  if (n < 8) {
    double sum = 0;
    for (const double value : values) sum += term(value);
    return sum;
  }
  if (n <= 128) {
    double partial[8];
    for (size_t lane = 0; lane < 8; ++lane) partial[lane] = term(values[lane]);
    size_t i = 8;
    for (; i < n - n % 8; i += 8) {
      for (size_t lane = 0; lane < 8; ++lane) partial[lane] += term(values[i + lane]);
    }
    double sum = ((partial[0] + partial[1]) + (partial[2] + partial[3])) +
                 ((partial[4] + partial[5]) + (partial[6] + partial[7]));
    for (; i < n; ++i) sum += term(values[i]);
    return sum;
  }
  size_t half = n / 2;
  half -= half % 8;
  return PairwiseTreeSum(values.first(half), term) + PairwiseTreeSum(values.subspan(half), term);
}

}  // namespace internal

/// NumPy's sum of doubles, bit for bit: a tree over each 8192 values, NumPy's buffer, and the trees added in order.
/// Its error grows with log n instead of n within a tree. `term` maps a value to what is added.
template <class Term>
double PairwiseSum(std::span<const double> values, Term term) {
  constexpr size_t kBuffer = 8192;
  double sum = internal::PairwiseTreeSum(values.first(std::min(kBuffer, values.size())), term);
  for (size_t i = kBuffer; i < values.size(); i += kBuffer) {
    sum += internal::PairwiseTreeSum(values.subspan(i, std::min(kBuffer, values.size() - i)), term);
  }
  return sum;
}

inline double PairwiseSum(std::span<const double> values) {
  return PairwiseSum(values, [](double value) { return value; });
}

}  // namespace zeus
