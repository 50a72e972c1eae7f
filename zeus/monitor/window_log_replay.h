#pragma once

#include <filesystem>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "zeus/base/result.h"
#include "zeus/monitor/measurement.h"
#include "zeus/trace/window_log.h"

namespace zeus {

/// Whether a window that is closed must be the one that the log has next.
enum class NameMatch { kRequired, kIgnored };

/// Answers windows from a log instead of from devices: each window that is closed is the log's next row. For trying out
/// again, without its devices, what was decided on measurements. Thread-safe.
class WindowLogReplay {
 public:
  /// Reads the whole log, of this package or of the published one. Problems are errors with file and line.
  static Result<WindowLogReplay> Open(const std::filesystem::path& path, NameMatch match = NameMatch::kRequired);
  /// The same of a text; `source` names it in errors.
  static Result<WindowLogReplay> FromText(std::string_view text, const std::string& source,
                                          NameMatch match = NameMatch::kRequired);

  WindowLogReplay(WindowLogReplay&& other) noexcept;
  WindowLogReplay& operator=(WindowLogReplay&&) = delete;

  /// kInvalidArgument naming a window that is open already.
  Result<void> BeginWindow(std::string_view name);
  /// kNotFound naming a window that is not open; kFailedPrecondition when the log has no more rows, or another window
  /// next. Its times on the monotonic clock are counted from its own begin. Figures are kMeasured unless the log says
  /// otherwise.
  Result<Measurement> EndWindow(std::string_view name);
  /// Forgets the window; the log's row stays for the next.
  Result<void> CancelWindow(std::string_view name);

  [[nodiscard]] const WindowLogColumns& columns() const { return log_.columns; }
  [[nodiscard]] size_t rows_left() const;

 private:
  WindowLogReplay(WindowLog log, std::string source, NameMatch match);

  // Constant after construction.
  const WindowLog log_;
  const std::string source_;
  const NameMatch match_;

  mutable std::mutex mutex_;
  size_t next_ = 0;                          // Guarded by mutex_.
  std::set<std::string, std::less<>> open_;  // Guarded by mutex_.
};

}  // namespace zeus
