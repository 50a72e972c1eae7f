#pragma once

#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>

#include "zeus/base/result.h"
#include "zeus/base/unique_fd.h"
#include "zeus/monitor/energy_monitor.h"
#include "zeus/monitor/measurement.h"
#include "zeus/trace/window_log.h"

namespace zeus {

/// The columns for what a monitor measures: GPUs and CPUs numbered as it numbers them.
WindowLogColumns ColumnsOf(const EnergyMonitor& monitor, WindowLogDetail detail = WindowLogDetail::kEnergies);

/// A window log being written. Each row goes to the file in one piece when it is appended, so that whoever reads the
/// file sees whole rows. Thread-safe.
class WindowLogFile {
 public:
  /// Replaces what was there, makes missing folders, and writes the header.
  static Result<WindowLogFile> Create(const std::filesystem::path& path, WindowLogColumns columns);

  WindowLogFile(WindowLogFile&& other) noexcept;
  WindowLogFile& operator=(WindowLogFile&&) = delete;

  /// A missing part is an empty field. kInvalidArgument when the measurement has other devices than the columns;
  /// kUnavailable naming the file when it cannot be written, such as on a full disk: then the row is not in it.
  Result<void> Append(std::string_view name, const Measurement& measurement);

 private:
  WindowLogFile(std::filesystem::path path, UniqueFd fd, WindowLogColumns columns);

  Result<void> Write(std::string_view text);

  const std::filesystem::path path_;
  const WindowLogColumns columns_;
  std::mutex mutex_;
  UniqueFd fd_;        // Guarded by mutex_.
  uint64_t size_ = 0;  // Guarded by mutex_.
};

}  // namespace zeus
