#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "zeus/base/result.h"
#include "zeus/device/amdsmi/amdsmi_functions.h"
#include "zeus/device/amdsmi/amdsmi_search.h"
#include "zeus/device/amdsmi/amdsmi_status.h"

namespace zeus {

/// AMD SMI, initialised from Open to the destructor. Thread-safe: calls into a version before 26.2 are made one at a
/// time, because those are not safe themselves. One object per process and shared object: AMD's shut-down takes the
/// handles of all users with it.
class AmdSmiLibrary {
 public:
  /// kNotFound lists what was tried and why each was refused. An installed library that cannot start, as without the
  /// kernel module, is an error of its own (kUnavailable, kPermissionDenied) that names the library.
  static Result<std::unique_ptr<AmdSmiLibrary>> Open(const AmdSmiSearch& search);

  AmdSmiLibrary(const AmdSmiLibrary&) = delete;
  AmdSmiLibrary& operator=(const AmdSmiLibrary&) = delete;
  ~AmdSmiLibrary();

  [[nodiscard]] amdsmi::Abi abi() const { return abi_; }
  /// "24.7.1", "25.4.2", "26.0.2".
  [[nodiscard]] const std::string& version() const { return version_; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] const amdsmi::Functions& functions() const { return functions_; }

  /// The GPUs' handles in AMD SMI's own order, which is that of the PCI bus.
  [[nodiscard]] Result<std::vector<amdsmi::ProcessorHandle>> ListProcessors() const;

  /// Calls a function that is present.
  template <class... Parameters, class... Arguments>
  amdsmi::Status RawCall(const amdsmi::Function<Parameters...>& function, Arguments... arguments) const {
    const std::unique_lock<std::mutex> turn = TakeTurn();
    return function.address(arguments...);
  }

  /// Calls a function about the GPU called `gpu` in messages; kFailedPrecondition where the library has no such one.
  template <class... Parameters, class... Arguments>
  Result<void> Call(std::string_view gpu, const amdsmi::Function<Parameters...>& function,
                    Arguments... arguments) const {
    if (!function.present()) return std::unexpected(Missing(gpu, function.name));
    const amdsmi::Status status = RawCall(function, arguments...);
    if (status == amdsmi::kSuccess) return {};
    return std::unexpected(amdsmi::StatusError(function.name, gpu, status, abi_));
  }

  /// "libamd_smi.so.26 of AMD SMI 26.0.2 has no amdsmi_..."
  [[nodiscard]] std::string WhyMissing(const char* function) const;

 private:
  AmdSmiLibrary(amdsmi::Abi abi, std::filesystem::path path, const amdsmi::Functions& functions)
      : abi_(abi), path_(std::move(path)), functions_(functions) {}

  static Result<std::unique_ptr<AmdSmiLibrary>> Load(const amdsmi::Candidate& candidate);
  Result<void> Start();
  Result<void> CheckVersion();
  [[nodiscard]] std::unique_lock<std::mutex> TakeTurn() const;
  [[nodiscard]] Error Missing(std::string_view gpu, const char* function) const;

  // Constant once Open has returned.
  const amdsmi::Abi abi_;
  const std::filesystem::path path_;
  const amdsmi::Functions functions_;
  std::string version_;
  bool started_ = false;
  bool one_at_a_time_ = true;
};

}  // namespace zeus
