#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "zeus/base/result.h"
#include "zeus/base/unique_fd.h"

namespace zeus {

/// A file that holds whole lines only, whatever ends the process and however full the disk is. Lines are written at the
/// file's end and never kept back: Append returns when the system has them. Not thread-safe.
class LineFile {
 public:
  /// Empties the file, or makes it.
  static Result<LineFile> Create(const std::filesystem::path& path);

  /// Adds whole lines. On an error, which says what the system said, those of them that did not fit are not in the
  /// file, nor is a part of a line.
  Result<void> Append(std::string_view lines);

 private:
  LineFile(std::filesystem::path path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}

  std::filesystem::path path_;
  UniqueFd fd_;
  uint64_t size_ = 0;
};

}  // namespace zeus
