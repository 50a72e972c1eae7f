#pragma once

#include <string>
#include <string_view>

#include "zeus/base/numpy_generator.h"
#include "zeus/base/result.h"

namespace zeus {

/// NumPy's `json.dumps(generator.bit_generator.state)`, which the published server stores, too: with 128-bit numbers.
std::string GeneratorStateToJson(const NumpyGeneratorState& state);

/// Reads it back; kInvalidData for anything else. Spaces do not matter, the order of fields does.
Result<NumpyGeneratorState> GeneratorStateFromJson(std::string_view json);

}  // namespace zeus
