#include "python/bindings/errors.h"

#include <nanobind/nanobind.h>

#include <array>

#include "python/bindings/module.h"

namespace nb = nanobind;

namespace zeus::python {
namespace {

struct PythonName {
  const char* module;
  const char* name;
};

PythonName GeneralName(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kInvalidData:
      return {"builtins", "ValueError"};
    case ErrorCode::kNotFound:
      return {"builtins", "FileNotFoundError"};
    case ErrorCode::kPermissionDenied:
      return {"builtins", "PermissionError"};
    case ErrorCode::kFailedPrecondition:
    case ErrorCode::kUnreachable:
    case ErrorCode::kUnavailable:
      break;
  }
  return {"builtins", "RuntimeError"};
}

constexpr const char* kGpuModule = "zeus.device.gpu.common";

// Of what NVML returned; published.
const char* NvmlName(int64_t code) {
  constexpr std::array<const char*, 21> kNames = {
      nullptr,
      "ZeusGPUInitError",
      "ZeusGPUInvalidArgError",
      "ZeusGPUNotSupportedError",
      "ZeusGPUNoPermissionError",
      "ZeusGPUAlreadyInitializedError",
      "ZeusGPUNotFoundError",
      "ZeusGPUInsufficientSizeError",
      "ZeusGPUInsufficientPowerError",
      "ZeusGPUDriverNotLoadedError",
      "ZeusGPUTimeoutError",
      "ZeusGPUIRQError",
      "ZeusGPULibraryNotFoundError",
      "ZeusGPUFunctionNotFoundError",
      "ZeusGPUCorruptedInfoROMError",
      "ZeusGPULostError",
      "ZeusGPUResetRequiredError",
      "ZeusGPUOperatingSystemError",
      "ZeusGPULibRMVersionMismatchError",
      nullptr,  // In use.
      "ZeusGPUMemoryError",
  };
  const bool known = code >= 0 && code < static_cast<int64_t>(kNames.size()) && kNames[static_cast<size_t>(code)];
  return known ? kNames[static_cast<size_t>(code)] : "ZeusGPUUnknownError";
}

// Of what AMD SMI returned; published.
const char* AmdSmiName(int64_t status) {
  switch (status) {
    case 1:   // INVAL
    case 53:  // ARG_PTR_NULL
      return "ZeusGPUInvalidArgError";
    case 2:  // NOT_SUPPORTED
    case 48:
    case 49:
      return "ZeusGPUNotSupportedError";
    case 8:  // TIMEOUT
    case 50:
      return "ZeusGPUTimeoutError";
    case 10:  // NO_PERM
      return "ZeusGPUNoPermissionError";
    case 15:  // OUT_OF_RESOURCES
      return "ZeusGPUMemoryError";
    case 18:  // INIT_ERROR
    case 32:  // NOT_INIT
      return "ZeusGPUInitError";
    case 31:  // NOT_FOUND
      return "ZeusGPUNotFoundError";
    case 34:  // DRIVER_NOT_LOADED
    case 45:
    case 46:
    case 47:
    case 51:  // NO_DRV
      return "ZeusGPUDriverNotLoadedError";
    case 41:  // INSUFFICIENT_SIZE
      return "ZeusGPUInsufficientSizeError";
    case 52:  // FILE_NOT_FOUND
      return "ZeusGPULibraryNotFoundError";
    default:
      return nullptr;  // What the caller can do about it says more.
  }
}

PythonName GpuName(const Error& error) {
  if (error.library == ErrorLibrary::kNvml) return {kGpuModule, NvmlName(error.library_code)};
  if (error.library == ErrorLibrary::kAmdSmi) {
    if (const char* const name = AmdSmiName(error.library_code)) return {kGpuModule, name};
  }
  switch (error.code) {
    case ErrorCode::kInvalidArgument:
      return {kGpuModule, "ZeusGPUInvalidArgError"};
    case ErrorCode::kNotFound:
      return {kGpuModule, "ZeusGPUNotFoundError"};
    case ErrorCode::kPermissionDenied:
      return {kGpuModule, "ZeusGPUNoPermissionError"};
    case ErrorCode::kFailedPrecondition:
      return {kGpuModule, "ZeusGPUNotSupportedError"};
    case ErrorCode::kInvalidData:
    case ErrorCode::kUnreachable:
    case ErrorCode::kUnavailable:
      break;
  }
  return {kGpuModule, "ZeusGPUUnknownError"};
}

PythonName CpuName(ErrorCode code) {
  if (code == ErrorCode::kPermissionDenied) return {"zeus.device.cpu.common", "ZeusCPUNoPermissionError"};
  if (code == ErrorCode::kNotFound) return {"zeus.device.cpu.common", "ZeusCPUNotFoundError"};
  return {"zeus.device.cpu.rapl", "ZeusRAPLFileInitError"};
}

PythonName NameOf(const Error& error, ErrorFamily family) {
  switch (family) {
    case ErrorFamily::kGeneral:
      break;
    case ErrorFamily::kGpu:
      return GpuName(error);
    case ErrorFamily::kGpuStart:
      return {kGpuModule, "ZeusGPUInitError"};
    case ErrorFamily::kGpuBorrow:
      if (error.code == ErrorCode::kFailedPrecondition) return {"zeus.device.exception", "ZeusBaseGPUError"};
      return GpuName(error);
    case ErrorFamily::kCpu:
      return CpuName(error.code);
    case ErrorFamily::kCpuStart:
      if (error.code == ErrorCode::kNotFound) return {"zeus.device.cpu.common", "ZeusCPUInitError"};
      return CpuName(error.code);
    case ErrorFamily::kNode:
      if (error.code == ErrorCode::kInvalidArgument) return GeneralName(error.code);
      return {"zeus.utils.zeusd",
              error.code == ErrorCode::kPermissionDenied ? "ZeusdCapabilityError" : "ZeusdConnectionError"};
  }
  return GeneralName(error.code);
}

void Raise(const ErrorException& exception) {
  const PythonName name = NameOf(exception.error(), exception.family());
  const nb::object type = nb::module_::import_(name.module).attr(name.name);
  PyErr_SetObject(type.ptr(), nb::str(exception.what()).ptr());
}

void Translate(const std::exception_ptr& pointer, void* /*payload*/) {
  try {
    std::rethrow_exception(pointer);
  } catch (const ErrorException& exception) {
    Raise(exception);
  }
}

}  // namespace

void BindErrors(nb::module_& /*module*/) {
  nb::register_exception_translator(Translate);
}

}  // namespace zeus::python
