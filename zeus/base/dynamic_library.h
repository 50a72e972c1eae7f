#pragma once

#include <filesystem>
#include <string>

#include "zeus/base/result.h"

namespace zeus {

/// A shared object opened at run time. It stays loaded for the life of the process: code handed out from it (a virtual
/// table, a function) may outlive any owner that could be named here.
class DynamicLibrary {
 public:
  /// kNotFound when there is no such file, kInvalidData when the loader refuses it (its reason is in the message).
  static Result<DynamicLibrary> Open(const std::filesystem::path& path);

  /// A library by its bare name, searched for where the loader looks: kNotFound when it is nowhere there, kInvalidData
  /// when what was found cannot be loaded.
  static Result<DynamicLibrary> OpenByName(const std::string& name);

  /// The address of an exported symbol; kNotFound names the symbol and the file.
  [[nodiscard]] Result<void*> Symbol(const char* name) const;

 private:
  DynamicLibrary(void* handle, std::string path) : handle_(handle), path_(std::move(path)) {}

  void* handle_;
  std::string path_;
};

}  // namespace zeus
