#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "apps/zeus/console.h"
#include "zeus/control/leftovers.h"

namespace zeus {

/// What `zeus restore` found in a journal folder, for people: a table, and below it what needs a sentence.
std::string RestoreText(const std::filesystem::path& folder, const std::vector<Leftover>& leftovers,
                        const Console& console);

/// The same as JSON; settings are as the journal has them.
std::string RestoreJson(const std::filesystem::path& folder, LeftoverMode mode, const std::vector<Leftover>& leftovers);

/// An error that counts what could not be restored; nothing where all is well.
Result<void> CheckRestored(const std::vector<Leftover>& leftovers);

}  // namespace zeus
