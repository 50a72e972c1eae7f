#include "zeus/monitor/window_log_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace zeus {

WindowLogColumns ColumnsOf(const EnergyMonitor& monitor, WindowLogDetail detail) {
  WindowLogColumns columns{.gpus = {}, .cpus = {}, .drams = {}, .detail = detail};
  for (size_t i = 0; i < monitor.gpus().size(); ++i) columns.gpus.push_back(static_cast<int>(i));
  for (size_t i = 0; i < monitor.cpus().size(); ++i) {
    columns.cpus.push_back(static_cast<int>(i));
    if (monitor.cpus()[i]->has_dram()) columns.drams.push_back(static_cast<int>(i));
  }
  return columns;
}

Result<WindowLogFile> WindowLogFile::Create(const std::filesystem::path& path, WindowLogColumns columns) {
  std::error_code error;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  constexpr mode_t kMode = 0666;
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, kMode));
  if (!fd.valid()) {
    const int number = errno;
    const ErrorCode code = number == EACCES || number == EPERM || number == EROFS ? ErrorCode::kPermissionDenied
                           : number == ENOENT || number == ENOTDIR                ? ErrorCode::kNotFound
                                                                                  : ErrorCode::kUnavailable;
    return Fail(code, fmt::format("{}: cannot be written: {}", path.string(), std::strerror(number)));
  }
  WindowLogFile file(path, std::move(fd), std::move(columns));
  ZEUS_RETURN_IF_ERROR(file.Write(WindowLogHeader(file.columns_)));
  return file;
}

WindowLogFile::WindowLogFile(std::filesystem::path path, UniqueFd fd, WindowLogColumns columns)
    : path_(std::move(path)), columns_(std::move(columns)), fd_(std::move(fd)) {}

WindowLogFile::WindowLogFile(WindowLogFile&& other) noexcept
    : path_(other.path_), columns_(other.columns_), fd_(std::move(other.fd_)), size_(other.size_) {}

Result<void> WindowLogFile::Append(std::string_view name, const Measurement& measurement) {
  const WindowRow row = ToWindowRow(std::string(name), measurement);
  const auto check = [&](const char* what, size_t found, size_t expected) -> Result<void> {
    if (found == expected) return {};
    return Fail(ErrorCode::kInvalidArgument, fmt::format("{}: the log has {} columns of {} energy, the measurement {}",
                                                         path_.string(), expected, what, found));
  };
  ZEUS_RETURN_IF_ERROR(check("GPU", row.gpu_energy.size(), columns_.gpus.size()));
  ZEUS_RETURN_IF_ERROR(check("CPU", row.cpu_energy.size(), columns_.cpus.size()));
  ZEUS_RETURN_IF_ERROR(check("DRAM", row.dram_energy.size(), columns_.drams.size()));
  return Write(WindowLogLine(columns_, row));
}

Result<void> WindowLogFile::Write(std::string_view text) {
  const std::scoped_lock lock(mutex_);
  size_t written = 0;
  while (written < text.size()) {
    const ssize_t count = ::write(fd_.get(), text.data() + written, text.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      const int number = count == 0 ? EIO : errno;
      // What there was room for goes away again: no half rows. Where it cannot be cut (a pipe), the reader says so.
      if (written > 0) static_cast<void>(!::ftruncate(fd_.get(), static_cast<off_t>(size_)));
      return Fail(ErrorCode::kUnavailable,
                  fmt::format("{}: cannot be written: {}", path_.string(), std::strerror(number)));
    }
    written += static_cast<size_t>(count);
  }
  size_ += written;
  return {};
}

}  // namespace zeus
