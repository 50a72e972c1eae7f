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

PythonName GpuName(ErrorCode code) {
  constexpr const char* kModule = "zeus.device.gpu.common";
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return {kModule, "ZeusGPUInvalidArgError"};
    case ErrorCode::kNotFound:
      return {kModule, "ZeusGPUNotFoundError"};
    case ErrorCode::kPermissionDenied:
      return {kModule, "ZeusGPUNoPermissionError"};
    case ErrorCode::kFailedPrecondition:
      return {kModule, "ZeusGPUNotSupportedError"};
    case ErrorCode::kInvalidData:
    case ErrorCode::kUnreachable:
    case ErrorCode::kUnavailable:
      break;
  }
  return {kModule, "ZeusGPUUnknownError"};
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
      return GpuName(error.code);
    case ErrorFamily::kGpuStart:
      return {"zeus.device.gpu.common", "ZeusGPUInitError"};
    case ErrorFamily::kGpuBorrow:
      if (error.code == ErrorCode::kFailedPrecondition) return {"zeus.device.exception", "ZeusBaseGPUError"};
      return GpuName(error.code);
    case ErrorFamily::kCpu:
      return CpuName(error.code);
    case ErrorFamily::kCpuStart:
      if (error.code == ErrorCode::kNotFound) return {"zeus.device.cpu.common", "ZeusCPUInitError"};
      return CpuName(error.code);
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
