#include "apps/zeus/serve_log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <cstdint>
#include <mutex>
#include <string>

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

std::string TextOf(const Json& line) {
  return line.dump(-1, ' ', true, Json::error_handler_t::replace) + "\n";
}

// So short that a pipe takes it as a whole or not at all (pipe(7)).
std::string ShortTextOf(Json line) {
  std::string text = TextOf(line);
  constexpr size_t kMostOfEach = 256;
  if (text.size() <= PIPE_BUF) return text;
  for (auto& value : line) {
    if (value.is_string()) value = value.get<std::string>().substr(0, kMostOfEach);
  }
  return TextOf(line);
}

// Where nobody reads what we tell, it is dropped: a server must not wait for the reader of its log.
void Write(const Json& line) {
  static std::mutex mutex;
  static uint64_t dropped = 0;
  const std::scoped_lock lock(mutex);
  pollfd waited{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
  if (::poll(&waited, 1, 0) != 1 || (waited.revents & POLLOUT) == 0) {
    ++dropped;
    return;
  }
  std::string text = ShortTextOf(line);
  if (dropped > 0) {
    const std::string told = TextOf(LineOf("warning", fmt::format("{} lines were dropped: nobody read them", dropped)));
    if (told.size() + text.size() <= PIPE_BUF) {
      text = told + text;
      dropped = 0;
    }
  }
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

ServeLog::ServeLog(std::string_view level) : most_(RankOf(level)) {}

bool ServeLog::Tells(std::string_view level) const {
  return RankOf(level) <= most_;
}

void ServeLog::Tell(std::string_view level, std::string_view message, const http::NamedTexts& fields) const {
  if (!Tells(level)) return;
  Json line = LineOf(level, message);
  for (const auto& [name, value] : fields) line[name] = value;
  Write(line);
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
