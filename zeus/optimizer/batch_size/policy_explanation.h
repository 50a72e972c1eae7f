#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "zeus/base/units.h"

namespace zeus {

/// What is believed of a number: its mean, and where it lies with a probability of nine in ten.
struct BelievedNumber {
  double mean = 0;
  double low = 0;
  double high = 0;
};

/// What one more run at a batch size is worth to a policy that weighs that.
struct TrialWorth {
  Joules gain;   ///< What it is expected to save in each later recurrence.
  Joules price;  ///< What it is expected to cost beyond the best known batch size.
  Joules score;  ///< The gain of all recurrences to come, less the price; above 0 it is worth it.
  Joules rank;   ///< Of what is worth it, the highest goes first.
};

/// What a policy believes of one batch size.
struct BatchSizeBelief {
  int64_t batch_size = 0;
  int64_t runs = 0;
  std::optional<int64_t> reached;  ///< How many of them reached the target; absent where a policy forgets that.
  std::optional<BelievedNumber> epoch_cost;  ///< J; low and high are equal where it is known.
  std::optional<BelievedNumber> epochs;      ///< To the target.
  std::optional<BelievedNumber> cost;        ///< Of a recurrence, J.
  std::optional<double> best_probability;    ///< That no other batch size costs less.
  std::optional<TrialWorth> trial;
  std::string verdict;  ///< Why it is tried or not, in a few words.
};

/// What a policy believes of a job now, and what it is about to do.
struct PolicyExplanation {
  std::vector<BatchSizeBelief> sizes;  ///< In ascending order.
  int64_t next_batch_size = 0;
  std::string reason;  ///< Why that one.
};

}  // namespace zeus
