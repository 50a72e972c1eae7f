#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "zeus/base/result.h"

namespace zeus {

/// A folder with one train trace and one power trace a GPU model.
class TraceFolder {
 public:
  /// kNotFound when the folder or its train trace is missing or it holds no power trace.
  static Result<TraceFolder> Open(const std::filesystem::path& folder);

  [[nodiscard]] const std::filesystem::path& path() const { return folder_; }
  /// GPU models by the names in the files' names ("v100"), sorted.
  [[nodiscard]] const std::vector<std::string>& gpus() const { return gpus_; }

  [[nodiscard]] std::filesystem::path TrainTracePath() const;
  /// kInvalidArgument for a GPU whose power trace is not here; the message lists those that are.
  [[nodiscard]] Result<std::filesystem::path> PowerTracePath(std::string_view gpu) const;

 private:
  TraceFolder(std::filesystem::path folder, std::vector<std::string> gpus)
      : folder_(std::move(folder)), gpus_(std::move(gpus)) {}

  std::filesystem::path folder_;
  std::vector<std::string> gpus_;
};

}  // namespace zeus
