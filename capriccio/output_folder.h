#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "capriccio/new_file.h"
#include "zeus/base/result.h"
#include "zeus/base/unique_fd.h"

namespace zeus::capriccio {

/// A folder of slices, locked while this lives, with a folder of temporary files in it that goes with this.
class OutputFolder {
 public:
  /// Makes the folder, and removes what a killed process left of its temporary files.
  static Result<OutputFolder> Open(std::filesystem::path path);
  OutputFolder(OutputFolder&&) noexcept = default;
  OutputFolder& operator=(OutputFolder&&) = delete;
  ~OutputFolder();

  [[nodiscard]] std::filesystem::path temporary() const { return path_ / "capriccio.tmp"; }

  /// Files named N_train.json or N_val.json.
  [[nodiscard]] Result<std::vector<std::filesystem::path>> Slices() const;
  Result<void> RemoveSlices() const;

  [[nodiscard]] Result<NewFile> Create(const std::string& name) const;

 private:
  OutputFolder(std::filesystem::path path, UniqueFd lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  std::filesystem::path path_;
  UniqueFd lock_;  // Of the folder itself; invalid when moved from.
};

}  // namespace zeus::capriccio
