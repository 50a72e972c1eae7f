#pragma once

#include <filesystem>

#include "zeus/base/result.h"

namespace zeus {

/// Whether a file is a whole ELF shared object for this machine, from its headers alone. kNotFound when there is none,
/// kInvalidData otherwise, with what is wrong in words. The loader maps a file that was cut off and dies of it later,
/// and its own messages are for its authors; so ask here first.
Result<void> CheckSharedObject(const std::filesystem::path& path);

}  // namespace zeus
