#pragma once

#include <string>

#include "apps/zeus/console.h"
#include "capriccio/slicer.h"

namespace zeus {

/// A table of the slices for people, and what there was to read.
std::string SlicingText(const capriccio::Slicing& slicing, const Console& console);

/// The same as docs/formats.md says.
std::string SlicingJson(const capriccio::Slicing& slicing, const capriccio::SlicingJob& job);

}  // namespace zeus
