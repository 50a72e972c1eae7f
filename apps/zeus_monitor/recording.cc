#include "apps/zeus_monitor/recording.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "apps/zeus/monitor_signals.h"
#include "zeus/base/clock.h"
#include "zeus/base/line_file.h"
#include "zeus/trace/power_log.h"

namespace zeus {
namespace {

using std::chrono::nanoseconds;

// How long lines may wait for others to be written with: at a million polls a second, a write each would cost more than
// the polls.
constexpr auto kLongestWait = std::chrono::milliseconds(100);
constexpr size_t kMostWaiting = size_t{1} << 16;

nanoseconds ToNanoseconds(Seconds time) {
  return std::chrono::duration_cast<nanoseconds>(std::chrono::duration<double>(time.value()));
}

}  // namespace

Result<Recording> RecordPower(Gpu& gpu, PowerSensor sensor, const RecordingOptions& options,
                              const std::function<void(std::string_view)>& note) {
  ZEUS_ASSIGN_OR_RETURN(LineFile file, LineFile::Create(options.log));
  std::string lines(PowerLogHeader());
  ZEUS_RETURN_IF_ERROR(file.Append(lines));
  lines.clear();

  const WallTime wall_begin = std::chrono::time_point_cast<nanoseconds>(std::chrono::system_clock::now());
  const Time begin = std::chrono::steady_clock::now();
  const Time end = options.duration ? begin + ToNanoseconds(*options.duration) : Time::max();
  const nanoseconds period = ToNanoseconds(options.period);
  Recording recording;
  Time written = begin;
  Time deadline = begin;
  while (!SignalBefore(std::min(deadline, end)) && std::chrono::steady_clock::now() < end) {
    const Result<PowerSample> sample = gpu.ReadPower(sensor);
    if (sample) {
      if (recording.last_error) note(fmt::format("GPU {} answers again", gpu.info().index));
      recording.last_error.reset();
      ++recording.samples;
      AppendPowerLogLine({.time = wall_begin + (sample->time - begin), .power = sample->power}, &lines);
    } else {
      if (!recording.last_error) note(sample.error().message + "; the log has a gap from here on");
      recording.last_error = sample.error();
      ++recording.failures;
    }
    const Time now = std::chrono::steady_clock::now();
    if (period > nanoseconds(0)) deadline += ((now - deadline) / period + 1) * period;
    if (lines.size() >= kMostWaiting || std::max(deadline, now) - written >= kLongestWait) {
      ZEUS_RETURN_IF_ERROR(file.Append(lines));
      lines.clear();
      written = now;
    }
  }
  ZEUS_RETURN_IF_ERROR(file.Append(lines));
  return recording;
}

}  // namespace zeus
