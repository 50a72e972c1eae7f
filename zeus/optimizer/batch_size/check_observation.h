#pragma once

#include "zeus/optimizer/batch_size/batch_size_policy.h"

namespace zeus {

/// Position of the observation's batch size among the choices. kInvalidArgument for an unknown batch size, or a cost
/// that is negative or not a number; a policy checks this before it changes any belief.
Result<size_t> CheckObservation(const Observation& observation, const KnobSpace& space);

}  // namespace zeus
