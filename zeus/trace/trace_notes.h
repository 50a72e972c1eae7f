#pragma once

#include "zeus/trace/loaded_traces.h"
#include "zeus/trace/problem.h"

namespace zeus {

/// What is odd in files that are each in order: rows that nothing will ever join, missing combinations, targets that
/// nobody reaches, jobs and groups that the traces do not hold. The traces stay usable; a person should know. Files
/// with problems are left out, since what is missing from them may be what could not be read.
Problems FindNotes(const TraceSet& set);

}  // namespace zeus
