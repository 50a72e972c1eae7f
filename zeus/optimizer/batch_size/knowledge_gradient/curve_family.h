#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace zeus::knowledge_gradient {

/// Curves that epochs to the target may follow over the batch size b: ln(1 + u/R + (L/u)^p) with u = b/b0. Batches
/// beyond a critical size R buy fewer and fewer epochs (McCandlish et al. 2018, Shallue et al. 2018), and ones that are
/// too small, below L, blow up. All are convex in ln(b), so that costs have one valley.
class CurveFamily {
 public:
  CurveFamily(std::span<const int64_t> batch_sizes, int64_t default_batch_size);

  /// How many curves there are.
  [[nodiscard]] size_t size() const { return curves_.size(); }
  /// Of all curves, at the batch size in that position.
  [[nodiscard]] std::span<const double> At(size_t batch_size) const {
    return std::span(values_).subspan(batch_size * size(), size());
  }
  [[nodiscard]] bool rises_at_small_batches(size_t curve) const { return curves_[curve].smallest > 0; }
  [[nodiscard]] bool has_critical_size(size_t curve) const;
  /// Whether that is far below b0: then larger batches buy hardly any epochs.
  [[nodiscard]] bool has_small_critical_size(size_t curve) const;
  /// By how much a curve's value changes where its critical size becomes `factor` times as large.
  [[nodiscard]] double ChangeWithCriticalSize(size_t curve, size_t batch_size, double factor) const;

 private:
  struct Curve {
    double critical = 0;  ///< R
    double smallest = 0;  ///< L
    int power = 1;        ///< p
  };

  std::vector<Curve> curves_;
  std::vector<double> relative_;  ///< u of each batch size.
  std::vector<double> values_;    ///< Curves within batch sizes.
};

}  // namespace zeus::knowledge_gradient
