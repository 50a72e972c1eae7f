#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "zeus/base/result.h"
#include "zeus/base/unique_fd.h"

namespace zeus::powercap {

/// Reads a sysfs file that holds one number, or the error: it names the file, what was expected and what was found.
Result<uint64_t> ReadNumberFile(const std::filesystem::path& file);

/// The first line of a small sysfs file.
Result<std::string> ReadLineFile(const std::filesystem::path& file);

/// A counter in sysfs that is read again and again: opened once, and again only where it has vanished since, as when
/// the kernel module was loaded anew. Not thread-safe.
class CounterFile {
 public:
  /// Errors as those of Read: a counter that cannot be read now is not opened.
  static Result<CounterFile> Open(std::filesystem::path file);

  /// kPermissionDenied says what to do; kUnavailable for a file that has vanished; kInvalidData for one that holds
  /// anything but a number.
  Result<uint64_t> Read();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  explicit CounterFile(std::filesystem::path path) : path_(std::move(path)) {}

  Result<void> Reopen();

  std::filesystem::path path_;
  UniqueFd fd_;
};

}  // namespace zeus::powercap
