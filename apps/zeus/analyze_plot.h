#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "zeus/base/units.h"

namespace zeus {

/// Power over time as a stand-alone SVG picture that reads well on light and dark pages. Takes samples one by one and
/// keeps a column of lowest, highest and mean power for each part of the time, so that a log of any length needs the
/// same memory and no peak is lost.
class PowerPlot {
 public:
  /// In the order of their times.
  void Add(Seconds time, Watts power);

  /// Precondition: there is a sample.
  [[nodiscard]] std::string ToSvg(const std::string& title, Watts average) const;

 private:
  struct Column {
    double lowest = 0;
    double highest = 0;
    double sum = 0;
    size_t samples = 0;

    void Join(const Column& other);
  };

  void HalveColumns();

  std::vector<Column> columns_;
  double begin_ = 0;
  double end_ = 0;
  double column_seconds_ = 0;
};

}  // namespace zeus
