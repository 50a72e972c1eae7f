#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "zeus/base/dynamic_library.h"
#include "zeus/base/result.h"
#include "zeus/device/nvml/nvml_functions.h"

namespace zeus::nvml {

/// NVML, opened at run time and initialised for as long as this lives. Thread-safe, as NVML is.
class Library {
 public:
  /// `name` without a slash is searched for where the loader looks; with one it is a file.
  /// kNotFound: there is no such library. kInvalidData: it is damaged, of another architecture, or lacks a function
  /// without which nothing works. kUnavailable: it is there, but not its driver.
  static Result<std::unique_ptr<Library>> Open(const std::filesystem::path& name = "libnvidia-ml.so.1");

  ~Library();
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  [[nodiscard]] const Functions& functions() const { return functions_; }
  /// Empty where the library does not tell.
  [[nodiscard]] const std::string& driver_version() const { return driver_version_; }
  [[nodiscard]] const std::string& library_version() const { return library_version_; }

  /// The error of a call that did not return kSuccess: "GPU 0: power: GPU is lost".
  [[nodiscard]] Error ToError(Return result, std::string_view subject, std::string_view what) const;

 private:
  explicit Library(DynamicLibrary file) : file_(std::move(file)) {}

  Result<void> Resolve();

  DynamicLibrary file_;
  Functions functions_;
  std::string driver_version_;
  std::string library_version_;
  bool initialised_ = false;
};

}  // namespace zeus::nvml
