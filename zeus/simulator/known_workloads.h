#pragma once

#include <span>

#include "zeus/job/job.h"

namespace zeus {

/// The six jobs of the paper's evaluation, each named by its data set. Source: Zeus (NSDI'23), table 1.
std::span<const JobIdentity> KnownWorkloads();

}  // namespace zeus
