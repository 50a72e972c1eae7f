#include "apps/zeus/progress_bar.h"

#include <fmt/format.h>

#include <algorithm>

#include "apps/zeus/table.h"

namespace zeus {
namespace {

constexpr auto kRedraw = std::chrono::milliseconds(100);

}  // namespace

ProgressBar::ProgressBar(const Console& console, std::string title, size_t total)
    : console_(console), title_(std::move(title)), total_(std::max<size_t>(total, 1)), start_(Clock::now()) {}

ProgressBar::~ProgressBar() {
  if (drawn_ == Clock::time_point()) return;
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
}

void ProgressBar::Advance() {
  const size_t done = ++done_;
  if (!console_.error_is_terminal) return;
  const std::unique_lock lock(drawing_, std::try_to_lock);
  if (lock && Clock::now() - drawn_ >= kRedraw) Draw(done);
}

void ProgressBar::Draw(size_t done) {
  drawn_ = Clock::now();
  const double elapsed = std::chrono::duration<double>(drawn_ - start_).count();
  const double fraction = static_cast<double>(done) / static_cast<double>(total_);
  const int width = std::clamp(console_.width - static_cast<int>(title_.size()) - 40, 10, 40);
  const int filled = static_cast<int>(fraction * width);
  const std::string line = fmt::format("\r\033[K{} [{:#<{}}{:.<{}}] {}/{}  {} left", title_, "", filled, "",
                                       width - filled, done, total_, SecondsText(elapsed / fraction - elapsed));
  std::fputs(line.c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace zeus
