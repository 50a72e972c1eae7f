#pragma once

namespace zeus::knowledge_gradient {

/// What is believed of a logarithm.
struct LogBelief {
  double mean = 0;
  double variance = 0;
};

}  // namespace zeus::knowledge_gradient
