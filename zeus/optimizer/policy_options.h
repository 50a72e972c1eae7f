#pragma once

#include <cstddef>
#include <cstdint>

namespace zeus {

/// Whether several runs of a job may be under way at once, so that results come back in another order than they were
/// proposed in.
enum class Concurrency { kOff, kOn };

/// What a policy may be told when it is made.
struct PolicyOptions {
  uint64_t seed = 1;  ///< Of the policy's own random stream; each job gets a fresh one with this seed.
  size_t window = 0;  ///< How many of an arm's latest rewards count (data drift); 0: all.
  Concurrency concurrency = Concurrency::kOff;
  double beta = 2;  ///< The early-stopping factor, for policies that weigh what a try may cost.
};

}  // namespace zeus
