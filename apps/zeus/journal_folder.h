#pragma once

#include <filesystem>

namespace zeus {

/// Where this user's programs note the settings that they borrow.
std::filesystem::path JournalFolder();

}  // namespace zeus
