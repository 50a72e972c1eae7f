#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>

#include "apps/zeus/console.h"

namespace zeus {

/// A line on standard error that fills up: only on a terminal, redrawn at most ten times a second, gone when done.
/// Advance may be called from several threads at once.
class ProgressBar {
 public:
  ProgressBar(const Console& console, std::string title, size_t total);
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  ~ProgressBar();

  void Advance();

 private:
  using Clock = std::chrono::steady_clock;

  void Draw(size_t done);

  const Console console_;
  const std::string title_;
  const size_t total_;
  const Clock::time_point start_;

  std::atomic<size_t> done_ = 0;

  std::mutex drawing_;
  Clock::time_point drawn_;  // Guarded by drawing_; the epoch until first drawn.
};

}  // namespace zeus
