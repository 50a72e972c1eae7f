#pragma once

#include <filesystem>
#include <vector>

#include "picture.h"
#include "zeus/base/result.h"

namespace cifar {

/// Errors: kNotFound for a missing file; kInvalidData, naming what was expected, for one that is empty, ends within a
/// picture, or has a label that there is not.
zeus::Result<std::vector<Picture>> ReadCifar100(const std::filesystem::path& file);

}  // namespace cifar
