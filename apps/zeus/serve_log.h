#pragma once

#include <array>
#include <string_view>

#include "services/http/server.h"

namespace zeus {

inline constexpr std::array<std::string_view, 4> kLogLevels = {"error", "warning", "info", "debug"};

/// What a server tells, a line of JSON each: {"time": ISO 8601 in UTC, "level": ..., "message": ...}, and of requests
/// also "method", "target", "status" and "time_us". On standard error; what nobody takes there is dropped, and counted
/// in the next line that is taken. To be used from any thread.
class ServeLog {
 public:
  /// `level` is one of kLogLevels: that and what is worse is told.
  explicit ServeLog(std::string_view level);

  /// With `fields` beside it.
  void Tell(std::string_view level, std::string_view message, const http::NamedTexts& fields = {}) const;
  /// Each request is told as debug; one that failed on our side as warning.
  void Tell(const http::AccessRecord& record) const;

 private:
  [[nodiscard]] bool Tells(std::string_view level) const;

  size_t most_;
};

}  // namespace zeus
