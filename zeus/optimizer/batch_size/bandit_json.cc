#include "zeus/optimizer/batch_size/bandit_json.h"

namespace zeus {

Json RewardsToJson(int64_t batch_size, const ArmRewards& rewards) {
  const ArmRewards::State& state = rewards.state();
  Json json;
  json["batch_size"] = batch_size;
  json["count"] = state.count;
  json["rewards_J"] = NumbersToJson(state.rewards);
  if (state.rewards.size() < state.count) {
    json["sum_J"] = NumberToJson(state.sum);
    json["mean_J"] = NumberToJson(state.mean);
    json["squares_J2"] = NumberToJson(state.squares);
  }
  return json;
}

namespace {

Result<GaussianThompsonSampling::Arm> ArmFromJson(const JsonPlace& place, size_t window) {
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace batch_size_field, place.Field("batch_size"));
  ZEUS_ASSIGN_OR_RETURN(const int64_t batch_size, batch_size_field.Integer());
  ArmRewards::State state;
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace count_field, place.Field("count"));
  ZEUS_ASSIGN_OR_RETURN(const int64_t count, count_field.Integer());
  if (count < 0) return count_field.Expected("a count of 0 or more");
  state.count = static_cast<size_t>(count);
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace rewards_field, place.Field("rewards_J"));
  ZEUS_ASSIGN_OR_RETURN(state.rewards, rewards_field.Numbers());
  const auto number = [&](std::string_view name) -> Result<double> {
    ZEUS_ASSIGN_OR_RETURN(const JsonPlace field, place.Field(name));
    return field.Number();
  };
  if (state.rewards.size() < state.count) {
    ZEUS_ASSIGN_OR_RETURN(state.sum, number("sum_J"));
    ZEUS_ASSIGN_OR_RETURN(state.mean, number("mean_J"));
    ZEUS_ASSIGN_OR_RETURN(state.squares, number("squares_J2"));
  }
  Result<ArmRewards> rewards = ArmRewards::FromState(window, std::move(state));
  if (!rewards) return Fail(ErrorCode::kInvalidData, place.path() + ": " + rewards.error().message);
  return GaussianThompsonSampling::Arm{batch_size, *std::move(rewards)};
}

}  // namespace

Result<std::vector<GaussianThompsonSampling::Arm>> ArmsFromJson(const JsonPlace& place, size_t window) {
  ZEUS_ASSIGN_OR_RETURN(const std::vector<JsonPlace> elements, place.Elements());
  std::vector<GaussianThompsonSampling::Arm> arms;
  for (const JsonPlace& element : elements) {
    ZEUS_ASSIGN_OR_RETURN(GaussianThompsonSampling::Arm arm, ArmFromJson(element, window));
    if (!arms.empty() && arms.back().batch_size >= arm.batch_size) return element.Expected("ascending batch sizes");
    arms.push_back(std::move(arm));
  }
  return arms;
}

Json BanditToJson(const GaussianThompsonSampling& bandit) {
  Json json;
  json["generator"] = ToJson(bandit.generator());
  Json arms = Json::array();
  for (size_t i = 0; i < bandit.arms().size(); ++i) {
    Json arm = RewardsToJson(bandit.arms()[i].batch_size, bandit.arms()[i].rewards);
    arm["mean"] = NumberToJson(bandit.beliefs()[i].mean);
    arm["precision"] = NumberToJson(bandit.beliefs()[i].precision);
    arms.push_back(std::move(arm));
  }
  json["arms"] = std::move(arms);
  return json;
}

Result<GaussianThompsonSampling> BanditFromJson(const JsonPlace& place, size_t window, const BanditOptions& options) {
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace generator_field, place.Field("generator"));
  ZEUS_ASSIGN_OR_RETURN(const NumpyGenerator generator, NumpyGeneratorFromJson(generator_field));
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace arms_field, place.Field("arms"));
  ZEUS_ASSIGN_OR_RETURN(std::vector<GaussianThompsonSampling::Arm> arms, ArmsFromJson(arms_field, window));
  if (arms.empty()) return arms_field.Expected("at least one arm");
  return GaussianThompsonSampling(std::move(arms), options, generator);
}

}  // namespace zeus
