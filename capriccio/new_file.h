#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "zeus/base/result.h"
#include "zeus/base/unique_fd.h"

namespace zeus::capriccio {

/// A file that is written piece by piece under a temporary name, and appears under its own when it is whole: readers
/// see the old content or the new, and a kill leaves the temporary file at most, which the next one of that name
/// replaces. Not thread-safe.
class NewFile {
 public:
  /// Both lie on one file system. kUnavailable while another process writes the same temporary file.
  static Result<NewFile> Create(std::filesystem::path temporary, std::filesystem::path path);
  NewFile(NewFile&&) noexcept = default;
  NewFile& operator=(NewFile&&) = delete;
  /// Removes the temporary file unless it was put in place.
  ~NewFile();

  Result<void> Append(std::string_view bytes);

  /// Flushes to the disk and puts the file in place; nothing is appended afterwards.
  Result<void> Commit();

 private:
  NewFile(std::filesystem::path temporary, std::filesystem::path path, UniqueFd fd)
      : temporary_(std::move(temporary)), path_(std::move(path)), fd_(std::move(fd)) {}

  Result<void> WriteBuffer();

  std::filesystem::path temporary_;
  std::filesystem::path path_;
  UniqueFd fd_;  // Invalid once put in place, or moved from.
  std::string buffer_;
};

/// The whole of `bytes`, however many writes that takes; `path` names the file in errors.
Result<void> WriteBytes(int fd, std::string_view bytes, const std::filesystem::path& path);

/// The error that errno tells of, as "PATH: cannot ACTION: ...".
std::unexpected<Error> FailWithErrno(const std::filesystem::path& path, std::string_view action);

}  // namespace zeus::capriccio
