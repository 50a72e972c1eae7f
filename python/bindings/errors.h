#pragma once

#include <exception>
#include <utility>

#include "zeus/base/result.h"

namespace zeus::python {

/// Which family of published exceptions an error becomes; the error's code says which of the family.
enum class ErrorFamily {
  kGeneral,    ///< ValueError, FileNotFoundError, PermissionError, RuntimeError.
  kGpu,        ///< zeus.device.gpu: ZeusGPUNoPermissionError and its siblings.
  kGpuStart,   ///< ZeusGPUInitError, whatever the code.
  kGpuBorrow,  ///< ZeusBaseGPUError for a GPU that somebody else has borrowed; else as kGpu.
  kCpu,        ///< zeus.device.cpu: ZeusCPUNoPermissionError and its siblings.
  kCpuStart,   ///< The same, and ZeusCPUInitError where there is nothing to read.
  kNode,       ///< zeus.utils.zeusd: ValueError, ZeusdCapabilityError, and else ZeusdConnectionError.
};

/// An Error on its way through nanobind, which turns it into a Python exception.
class ErrorException final : public std::exception {
 public:
  ErrorException(Error error, ErrorFamily family) : error_(std::move(error)), family_(family) {}

  [[nodiscard]] const char* what() const noexcept override { return error_.message.c_str(); }
  [[nodiscard]] const Error& error() const { return error_; }
  [[nodiscard]] ErrorFamily family() const { return family_; }

 private:
  Error error_;
  ErrorFamily family_;
};

/// The value, or its error thrown: where Python begins, our errors become exceptions.
template <class T>
T Take(Result<T> result, ErrorFamily family = ErrorFamily::kGeneral) {
  if (!result) throw ErrorException(std::move(result).error(), family);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

}  // namespace zeus::python
