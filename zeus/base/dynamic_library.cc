#include "zeus/base/dynamic_library.h"

#include <dlfcn.h>
#include <fmt/format.h>

namespace zeus {

Result<DynamicLibrary> DynamicLibrary::Open(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return Fail(ErrorCode::kNotFound, fmt::format("{}: there is no such file", path.string()));
  }
  // An absolute path, or the loader would search its own directories for a bare name.
  const auto absolute = std::filesystem::absolute(path, error);
  void* handle = ::dlopen(absolute.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    return Fail(ErrorCode::kInvalidData, fmt::format("{}: cannot be loaded: {}", path.string(), ::dlerror()));
  }
  return DynamicLibrary(handle, path.string());
}

Result<DynamicLibrary> DynamicLibrary::OpenByName(const std::string& name) {
  void* handle = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle != nullptr) return DynamicLibrary(handle, name);
  const std::string reason = ::dlerror();
  // The loader tells a missing file and an unusable one apart by its words alone.
  const bool missing = reason.find("No such file") != std::string::npos && reason.starts_with(name);
  if (missing)
    return Fail(ErrorCode::kNotFound, fmt::format("{}: the loader finds no such library of this architecture", name));
  return Fail(ErrorCode::kInvalidData, fmt::format("{}: cannot be loaded: {}", name, reason));
}

Result<void*> DynamicLibrary::Symbol(const char* name) const {
  ::dlerror();
  void* address = ::dlsym(handle_, name);
  if (address == nullptr) return Fail(ErrorCode::kNotFound, fmt::format("{}: has no symbol {}", path_, name));
  return address;
}

}  // namespace zeus
