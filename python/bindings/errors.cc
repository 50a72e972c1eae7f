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

void Raise(const ErrorException& exception) {
  const PythonName name = GeneralName(exception.error().code);
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
