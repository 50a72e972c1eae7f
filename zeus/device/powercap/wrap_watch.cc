#include "zeus/device/powercap/wrap_watch.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace zeus {
namespace {

/// Bounds that keep the clock's arithmetic in range, and a mistaken pause of 0 from taking a core.
std::chrono::steady_clock::duration ToDuration(Seconds pause) {
  constexpr double kShortest = 1e-3;
  constexpr double kLongest = 24 * 3600;
  const double seconds = pause.value() > kShortest ? std::min(pause.value(), kLongest) : kShortest;
  return std::chrono::duration_cast<std::chrono::steady_clock::duration>(std::chrono::duration<double>(seconds));
}

void Watch(const std::stop_token& stop, const std::vector<Cpu*>& cpus, std::chrono::steady_clock::duration pause,
           const WrapWatch::ErrorHandler& on_error) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  auto deadline = std::chrono::steady_clock::now();
  while (!stop.stop_requested()) {
    for (Cpu* const cpu : cpus) {
      const Result<CpuEnergySample> sample = cpu->ReadEnergy();
      if (!sample && on_error) on_error(*cpu, sample.error());
    }
    // After a machine's sleep there is one reading, not one for each that was missed.
    deadline = std::max(deadline + pause, std::chrono::steady_clock::now());
    stopped.wait_until(lock, stop, deadline, [] { return false; });
  }
}

}  // namespace

WrapWatch::WrapWatch(std::vector<Cpu*> cpus, Seconds pause, ErrorHandler on_error)
    : thread_([cpus = std::move(cpus), pause = ToDuration(pause),
               on_error = std::move(on_error)](const std::stop_token& stop) { Watch(stop, cpus, pause, on_error); }) {}

}  // namespace zeus
