#include "apps/zeus/run_progress.h"

#include <fmt/format.h>

#include <cstdio>

#include "apps/zeus/table.h"

namespace zeus {

RunProgress::RunProgress(const Console& console, int64_t recurrences, Beside beside)
    : console_(console), recurrences_(recurrences), beside_(beside) {}

RunProgress::~RunProgress() {
  if (drawn_) std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
}

void RunProgress::Begin(const TryRequest& request) {
  if (!console_.error_is_terminal) return;
  std::string line = fmt::format("zeus run: recurrence {} of {}, try {}: batch size {}", request.recurrence + 1,
                                 recurrences_, request.attempt + 1, request.batch_size);
  if (!request.power_limit) line += ", profiling power limits";
  if (beside_ == Beside::kOutput) {
    console_.Note(line);
    return;
  }
  if (energy_ > Joules(0)) line += fmt::format("; {} so far", JoulesText(energy_.value()));
  if (line.size() >= static_cast<size_t>(console_.width)) line.resize(static_cast<size_t>(console_.width) - 1);
  std::fputs(("\r\033[K" + line).c_str(), stderr);
  std::fflush(stderr);
  drawn_ = true;
}

void RunProgress::End(const RunEntry& entry) {
  energy_ += entry.tried.energy;
}

}  // namespace zeus
