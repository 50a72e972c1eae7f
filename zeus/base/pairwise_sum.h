#pragma once

#include <cstddef>
#include <span>

namespace zeus {

/// NumPy's sum of doubles, bit for bit: eight interleaved partial sums per block of 128, blocks added as a tree.
/// Its error grows with log n instead of n. `term` maps a value to what is added.
template <class Term>
double PairwiseSum(std::span<const double> values, Term term) {
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
  return PairwiseSum(values.first(half), term) + PairwiseSum(values.subspan(half), term);
}

inline double PairwiseSum(std::span<const double> values) {
  return PairwiseSum(values, [](double value) { return value; });
}

}  // namespace zeus
