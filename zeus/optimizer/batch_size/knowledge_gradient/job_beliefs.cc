#include "zeus/optimizer/batch_size/knowledge_gradient/job_beliefs.h"

#include <algorithm>
#include <cmath>

namespace zeus::knowledge_gradient {
namespace {

// A size that is so many standard deviations dearer than the incumbent is not weighed. With 4 no decision of the stress
// tests differs, nor of a sweep over all recorded targets.
constexpr double kDoubt = 2.5;
constexpr double kFailsByChance = 0.2;  // A size that can reach the target fails so often.
constexpr int64_t kMonitoredFrom = 3;   // Runs that reached at a size, before its further ones can tell of a drift.
constexpr double kRoundingDeviation = 0.29;  // Of a number that is rounded to whole ones.

}  // namespace

JobBeliefs::JobBeliefs(std::span<const int64_t> batch_sizes, int64_t default_batch_size, int64_t max_epochs,
                       double beta, const Settings& settings)
    : settings_(settings),
      beta_(beta),
      max_epochs_(static_cast<double>(max_epochs)),
      default_size_(static_cast<size_t>(std::ranges::find(batch_sizes, default_batch_size) - batch_sizes.begin())),
      epochs_(batch_sizes, default_batch_size, settings),
      costs_(batch_sizes, default_batch_size, settings.cost_drift),
      detector_(settings.shift_slack, settings.shift_limit),
      own_costs_(batch_sizes.size()),
      size_failures_(batch_sizes.size()) {
  for (const int64_t each : batch_sizes) octaves_.push_back(std::log2(static_cast<double>(each)));
}

double JobBeliefs::profile_overhead() const {
  if (only_costs_) return 0;
  return overheads_ == 0 ? settings_.profile_overhead : overhead_sum_ / static_cast<double>(overheads_);
}

void JobBeliefs::LearnEpochCost(const Run& run) {
  if (only_costs_) return;
  if (run.epoch_cost) {
    if (!costs_.known(run.size) && run.epochs && *run.epochs > 0) {
      overhead_sum_ += std::max(0.0, run.cost / *run.epoch_cost - *run.epochs);
      ++overheads_;
    }
    costs_.Set(run.size, *run.epoch_cost);
    return;
  }
  if (!run.epochs || *run.epochs <= 0) return;
  OwnCost& own = own_costs_[run.size];
  // The first run at a size profiles its power limits.
  own.epochs += *run.epochs + (own.epochs == 0 ? settings_.profile_overhead : 0);
  own.cost += run.cost;
  costs_.Set(run.size, own.cost / own.epochs);
}

double JobBeliefs::EpochsOf(const Run& run) const {
  if (only_costs_) return run.cost;
  return run.epochs ? *run.epochs : run.cost / *costs_.cost(run.size);
}

bool JobBeliefs::IsShift(size_t size, double log_epochs) {
  if (epochs_.reached(size) < kMonitoredFrom) return false;
  const LogBelief predicted = epochs_.Predict(size);
  const double rounding = only_costs_ ? 0 : kRoundingDeviation * std::exp(-predicted.mean);
  const double deviation = std::sqrt(predicted.variance + epochs_.noise_variance(size) + rounding * rounding);
  return detector_.Add((log_epochs - predicted.mean) / deviation);
}

void JobBeliefs::StartAnew() {
  const size_t kept = std::min(recent_.size(), detector_.runs());
  recent_.erase(recent_.begin(), recent_.end() - static_cast<std::ptrdiff_t>(kept));
  double shift = 0;
  for (const LogEpochs& each : recent_) shift += (each.value - each.expected) / static_cast<double>(recent_.size());
  epochs_.ForgetRuns(shift);
  detector_.Reset();
  recurrences_ = 0;
  reached_since_shift_ = 0;
  ++shifts_;
  for (const LogEpochs& each : recent_) {
    epochs_.Add(each.size, each.value, each.reached);
    reached_since_shift_ += each.reached ? 1 : 0;
  }
  recent_.clear();
}

void JobBeliefs::LearnEpochs(const Run& run) {
  if (run.ended_by_profile) return;
  const double epochs = EpochsOf(run);
  if (epochs <= 0) return;
  if (!run.reached) {
    const std::optional<TrialContext> context = Context();
    // What the incumbent costs is known better than when the cap was set: nearer to that than to the usual cap.
    const bool sooner = context && epochs < max_epochs_ && run.cap < std::sqrt(context->cap * context->incumbent_cost);
    epochs_.AddStopped(run.size, epochs, !sooner);
    return;
  }
  const double log_epochs = std::log(epochs);
  const bool monitored = epochs_.reached(run.size) >= kMonitoredFrom;
  const double expected = epochs_.Predict(run.size).mean;
  const bool shift = IsShift(run.size, log_epochs);
  if (shift) {
    recent_.push_back({.size = run.size, .value = log_epochs, .expected = expected, .reached = true});
    StartAnew();
    return;
  }
  if (monitored) {
    recent_.push_back({.size = run.size, .value = log_epochs, .expected = expected, .reached = true});
    if (recent_.size() > ShiftDetector::kMostRuns) recent_.erase(recent_.begin());
  }
  epochs_.Add(run.size, log_epochs, true);
  ++reached_since_shift_;
}

void JobBeliefs::Observe(const Run& run) {
  if (runs_.empty() && !run.epochs && !run.epoch_cost) {
    only_costs_ = true;
    epochs_.TakeCosts();
    for (size_t i = 0; i < epochs_.sizes(); ++i) costs_.Set(i, 1);
  }
  runs_.push_back(run);
  LearnEpochCost(run);
  LearnEpochs(run);
  if (run.reached) {
    ++recurrences_;
    failed_tries_ = 0;
    std::ranges::fill(size_failures_, 0);
    return;
  }
  ++failed_tries_;
  ++size_failures_[run.size];
}

TrialValuer JobBeliefs::Valuer() const {
  return {epochs_, costs_, settings_, only_costs_ ? RunLength::kAnyNumber : RunLength::kWholeEpochs};
}

size_t JobBeliefs::Incumbent() const {
  if (!any_reached()) return default_size_;
  const TrialValuer valuer = Valuer();
  size_t best = default_size_;
  double least = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < epochs_.sizes(); ++i) {
    if (epochs_.reached(i) == 0) continue;
    const double cost = valuer.ExpectedCost(i);
    if (cost >= least) continue;
    least = cost;
    best = i;
  }
  return best;
}

double JobBeliefs::WallChance(size_t size, size_t incumbent) const {
  if (size == incumbent) return 0;
  const bool up = size > incumbent;
  const auto next = [up](size_t i) { return up ? i + 1 : i - 1; };
  const size_t end = up ? epochs_.sizes() : static_cast<size_t>(-1);
  const auto distance = [&](size_t a, size_t b) { return std::abs(octaves_[a] - octaves_[b]); };
  // A wall stands beyond the furthest size that reached; each failure from there on tells of it.
  size_t good = incumbent;
  for (size_t i = incumbent; i != end; i = next(i)) {
    if (epochs_.reached(i) > 0) good = i;
  }
  const bool before = up ? size <= good : size >= good;
  if (before) return 0;
  double failed = 0;
  double chance = 0;
  for (size_t wall = next(good); wall != end; wall = next(wall)) {
    failed += static_cast<double>(epochs_.stopped_late(wall));
    const double certain = failed == 0 ? 0 : 1 / (1 + std::pow(kFailsByChance, failed));
    const bool beyond = up ? size >= wall : size <= wall;
    chance = std::max(chance, beyond ? certain : certain * distance(size, good) / distance(wall, good));
  }
  return chance;
}

// Where runs are noisy, what there is to know takes many of them: the sooner they come, the longer it is of use.
double JobBeliefs::RecurrencesLeft(double growth) const {
  const auto seen = static_cast<double>(recurrences_);
  const double usual = std::min(settings_.horizon + growth * seen, settings_.most_horizon);
  if (seen < settings_.noisy_from) return usual;
  const double until = settings_.noisy_until * static_cast<double>(epochs_.sizes());
  return std::max(usual, epochs_.Noisiness() * settings_.noisy_horizon * (until - seen));
}

std::optional<TrialContext> JobBeliefs::Context() const {
  if (!any_reached()) return std::nullopt;
  TrialContext context{.incumbent = Incumbent()};
  context.incumbent_cost = Valuer().ExpectedCost(context.incumbent);
  // Of what half of its runs exceed: the mean moves with what is not known of it.
  context.cap = beta_ * std::exp(Valuer().LogCost(context.incumbent).mean);
  context.max_epochs = only_costs_ ? std::numeric_limits<double>::infinity() : max_epochs_;
  context.recurrences_seen = static_cast<double>(recurrences_);
  context.recurrences_left = RecurrencesLeft(settings_.horizon_growth);
  context.recurrences_left_for_first = RecurrencesLeft(settings_.first_growth);
  context.profile_overhead = profile_overhead();
  return context;
}

Decision JobBeliefs::UseIncumbent(const std::optional<TrialContext>& context) const {
  Decision decision{.size = default_size_, .why = Decision::Why::kFirst};
  if (!context) return decision;
  decision.size = context->incumbent;
  decision.why = Decision::Why::kIncumbent;
  // To stop runs that are long by chance alone would cost more than it saves.
  const double noise = std::sqrt(epochs_.noise_variance(decision.size));
  const double usual = context->incumbent_cost * std::exp(settings_.usual * noise - 0.5 * noise * noise);
  decision.cap = std::max(context->cap, usual) * std::exp2(static_cast<double>(size_failures_[decision.size]));
  return decision;
}

Decision JobBeliefs::DecideConcurrent() const {
  return UseIncumbent(Context());
}

template <class ValueOf>
Decision JobBeliefs::BestTrial(Decision decision, Decision::Why why, const ValueOf& value) const {
  const size_t incumbent = decision.size;
  double best = -std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < epochs_.sizes(); ++i) {
    if (i == incumbent) continue;
    const std::optional<TrialValue> trial = value(i);
    if (!trial || trial->score <= 0 || trial->rank <= best) continue;
    best = trial->rank;
    decision.size = i;
    decision.why = why;
    decision.cap = trial->cap;
  }
  return decision;
}

Decision JobBeliefs::Decide() const {
  std::optional<TrialContext> known = Context();
  Decision decision = UseIncumbent(known);
  if (!known) return decision;
  if (failed_tries_ > 0) {
    decision.why = Decision::Why::kRetry;
    return decision;
  }
  // What a trial teaches while a drift is unsettled would be weighed against what no longer holds.
  if (detector_.Suspects(settings_.suspicion)) return decision;
  TrialContext& context = *known;
  const TrialValuer valuer = Valuer();
  decision = BestTrial(decision, Decision::Why::kTrial, [&](size_t i) -> std::optional<TrialValue> {
    const LogBelief cost = valuer.LogCost(i);
    if (cost.mean - kDoubt * std::sqrt(cost.variance) > std::log(context.incumbent_cost)) return std::nullopt;
    context.wall_chance = WallChance(i, context.incumbent);
    return valuer.Value(i, context);
  });
  if (decision.why != Decision::Why::kTrial) {
    return BestTrial(decision, Decision::Why::kFewerEpochs, [&](size_t i) {
      context.wall_chance = WallChance(i, context.incumbent);
      return valuer.ValueOfFewerEpochs(i, context);
    });
  }
  if (!costs_.known(decision.size)) {
    context.wall_chance = WallChance(decision.size, context.incumbent);
    decision.epoch_cost_limit = valuer.EpochCostLimit(decision.size, context);
  }
  return decision;
}

}  // namespace zeus::knowledge_gradient
