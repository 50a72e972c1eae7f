#pragma once

#include "apps/zeus/command.h"

/// Texts of `zeus jobs`, from the batch-size server's JSON: docs/http-api.md.
namespace zeus {

/// A row a job. kInvalidData for JSON that is not the server's.
Result<std::string> JobsText(const std::string& jobs, const Console& console);

/// A row a batch size, and what was saved.
Result<std::string> JobText(const std::string& job, const Console& console);

}  // namespace zeus
