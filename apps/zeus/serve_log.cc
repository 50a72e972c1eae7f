#include "apps/zeus/serve_log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "zeus/base/json_fields.h"

namespace zeus {
namespace {

size_t RankOf(std::string_view level) {
  return static_cast<size_t>(std::ranges::find(kLogLevels, level) - kLogLevels.begin());
}

Json LineOf(std::string_view level, std::string_view message) {
  using namespace std::chrono;
  const auto now = system_clock::now();
  const auto milliseconds_past = duration_cast<milliseconds>(now.time_since_epoch()).count() % 1000;
  return {{"time",
           fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(system_clock::to_time_t(now)), milliseconds_past)},
          {"level", level},
          {"message", message}};
}

void Write(const Json& line) {
  const std::string text = line.dump(-1, ' ', true, Json::error_handler_t::replace) + "\n";
  std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace

ServeLog::ServeLog(std::string_view level) : most_(RankOf(level)) {}

bool ServeLog::Tells(std::string_view level) const {
  return RankOf(level) <= most_;
}

void ServeLog::Tell(std::string_view level, std::string_view message) const {
  if (Tells(level)) Write(LineOf(level, message));
}

void ServeLog::Tell(const http::AccessRecord& record) const {
  const std::string_view level = record.status >= 500 ? "warning" : "debug";
  if (!Tells(level)) return;
  Json line = LineOf(level, "request");
  line["method"] = record.method;
  line["target"] = record.target;
  line["status"] = record.status;
  line["time_us"] = record.time.count();
  Write(line);
}

}  // namespace zeus
