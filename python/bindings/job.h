#pragma once

#include <nanobind/nanobind.h>

#include "zeus/base/units.h"
#include "zeus/job/job.h"

namespace zeus::python {

/// The identity of a `zeus.job.Job`. TypeError that names the attribute which is missing or of the wrong type. A job
/// without a default batch size gets 0, which only JobPolicies accept. The GIL is held.
JobIdentity ToJobIdentity(nanobind::handle job);

/// As above with a default batch size, which simulations and runs need; ValueError without one.
JobIdentity ToJobIdentityWithDefault(nanobind::handle job);

/// A `zeus.job.Job` of this identity, without a command. The GIL is held.
nanobind::object ToPythonJob(const JobIdentity& identity);

/// Watts as Python knows them: int where they are whole.
nanobind::object ToPythonWatts(Watts watts);

}  // namespace zeus::python
