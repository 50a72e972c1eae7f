#include "zeus/device/nvml/nvml_library.h"

#include <fmt/format.h>

#include <array>

namespace zeus::nvml {
namespace {

template <class Function>
Result<void> ResolveRequired(const DynamicLibrary& file, const char* symbol, Function*& function) {
  const Result<void*> address = file.Symbol(symbol);
  if (!address) {
    return Fail(ErrorCode::kInvalidData, fmt::format("{}, without which Zeus cannot use it", address.error().message));
  }
  function = reinterpret_cast<Function*>(*address);
  return {};
}

template <class Function>
void ResolveOptional(const DynamicLibrary& file, const char* symbol, Function*& function) {
  const Result<void*> address = file.Symbol(symbol);
  function = address ? reinterpret_cast<Function*>(*address) : nullptr;
}

ErrorCode ToErrorCode(Return result) {
  switch (result) {
    case kInvalidArgument:
      return ErrorCode::kInvalidArgument;
    case kNotSupported:
    case kFunctionNotFound:
    case kArgumentVersionMismatch:
      return ErrorCode::kFailedPrecondition;
    case kNoPermission:
      return ErrorCode::kPermissionDenied;
    case kNotFound:
      return ErrorCode::kNotFound;
    default:
      return ErrorCode::kUnavailable;
  }
}

std::string Text(Return (*read)(char*, unsigned)) {
  std::array<char, kVersionBytes> text{};
  if (read == nullptr || read(text.data(), static_cast<unsigned>(text.size())) != kSuccess) return "";
  text.back() = '\0';
  return text.data();
}

}  // namespace

Result<std::unique_ptr<Library>> Library::Open(const std::filesystem::path& name) {
  ZEUS_ASSIGN_OR_RETURN(DynamicLibrary file, name.has_parent_path() ? DynamicLibrary::Open(name)
                                                                    : DynamicLibrary::OpenByName(name.string()));
  std::unique_ptr<Library> library(new Library(std::move(file)));
  ZEUS_RETURN_IF_ERROR(library->Resolve());
  if (const Return result = library->functions_.init(); result != kSuccess) {
    return std::unexpected(library->ToError(result, name.string(), "nvmlInit_v2"));
  }
  library->initialised_ = true;
  library->driver_version_ = Text(library->functions_.driver_version);
  library->library_version_ = Text(library->functions_.library_version);
  return library;
}

Library::~Library() {
  if (initialised_) functions_.shutdown();
}

Result<void> Library::Resolve() {
#define ZEUS_NVML_RESOLVE(member, symbol, parameters) \
  ZEUS_RETURN_IF_ERROR(ResolveRequired(file_, #symbol, functions_.member));
  ZEUS_NVML_REQUIRED(ZEUS_NVML_RESOLVE)
#undef ZEUS_NVML_RESOLVE
#define ZEUS_NVML_RESOLVE(member, symbol, parameters) ResolveOptional(file_, #symbol, functions_.member);
  ZEUS_NVML_OPTIONAL(ZEUS_NVML_RESOLVE)
#undef ZEUS_NVML_RESOLVE
  ResolveOptional(file_, "nvmlErrorString", functions_.error_text);
  return {};
}

Error Library::ToError(Return result, std::string_view subject, std::string_view what) const {
  const char* const text = functions_.error_text != nullptr ? functions_.error_text(result) : nullptr;
  std::string message = fmt::format("{}: {}: {}", subject, what, text != nullptr ? text : "NVML error");
  if (text == nullptr) message += fmt::format(" {}", static_cast<int>(result));
  switch (result) {
    case kNoPermission:
      message = fmt::format("{}: {}: permission denied; run as root, or have a privileged daemon make the change",
                            subject, what);
      break;
    case kGpuIsLost:
      message += "; it fell off the bus or is gone: see the kernel's log, and restart the machine";
      break;
    case kResetRequired:
      message += "; it works again after a reset";
      break;
    case kDriverNotLoaded:
      message += "; load the nvidia kernel module";
      break;
    case kLibRmVersionMismatch:
      message += "; the driver was updated while loaded: restart the machine";
      break;
    default:
      break;
  }
  return {ToErrorCode(result), std::move(message), ErrorLibrary::kNvml, result};
}

}  // namespace zeus::nvml
