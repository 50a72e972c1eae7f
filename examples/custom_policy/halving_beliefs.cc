// What the policy has learned, as JSON. A policy whose jobs never outlive the process may answer SaveBeliefs and
// LoadBeliefs with zeus::Fail(zeus::ErrorCode::kFailedPrecondition, "...") and leave all of this out.

#define JSON_DIAGNOSTICS 1  // Errors name the place in the document.
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "halving_policy.h"

namespace custom_policy {
namespace {

using Json = nlohmann::ordered_json;
using Player = HalvingPolicy::Player;
using Tournament = HalvingPolicy::Tournament;

constexpr const char* kFormat = "custom-policy-halving";
constexpr int64_t kVersion = 1;

// Thrown only between LoadBeliefs and its helpers, like the exceptions of the JSON library.
struct BadBeliefs {
  std::string message;
};

void Check(bool condition, const std::string& message) {
  if (!condition) throw BadBeliefs{message};
}

int64_t Integer(const Json& json, const char* field) {
  const Json& value = json.at(field);
  Check(value.is_number_integer(), std::string(field) + ": expected a whole number");
  return value.get<int64_t>();
}

double Cost(const Json& value, const std::string& field) {
  Check(value.is_number() && value.get<double>() >= 0, field + ": expected a number of 0 or more");
  return value.get<double>();
}

Json ToJson(const zeus::JobIdentity& job) {
  Json json;
  json["dataset"] = job.workload.dataset;
  json["network"] = job.workload.network;
  json["optimizer"] = job.workload.optimizer;
  json["target_metric"] = job.target_metric;
  json["max_epochs"] = job.max_epochs;
  json["default_batch_size"] = job.default_batch_size;
  json["default_learning_rate"] = job.default_learning_rate ? Json(*job.default_learning_rate) : Json();
  json["workdir"] = job.workdir;
  return json;
}

zeus::JobIdentity JobFromJson(const Json& json) {
  zeus::JobIdentity job;
  job.workload = {.dataset = json.at("dataset").get<std::string>(),
                  .network = json.at("network").get<std::string>(),
                  .optimizer = json.at("optimizer").get<std::string>()};
  job.target_metric = json.at("target_metric").get<double>();
  job.max_epochs = Integer(json, "max_epochs");
  job.default_batch_size = Integer(json, "default_batch_size");
  const Json& learning_rate = json.at("default_learning_rate");
  if (!learning_rate.is_null()) job.default_learning_rate = learning_rate.get<double>();
  job.workdir = json.at("workdir").get<std::string>();
  return job;
}

Json ToJson(const zeus::KnobSpace& space) {
  Json json = Json::array();
  for (const zeus::BatchSizeChoice& choice : space.choices()) {
    Json limits = Json::array();
    for (const zeus::Watts limit : choice.power_limits) limits.push_back(limit.value());
    json.push_back(Json{{"batch_size", choice.batch_size}, {"power_limits_W", std::move(limits)}});
  }
  return json;
}

zeus::KnobSpace KnobsFromJson(const Json& json) {
  Check(json.is_array(), "knobs: expected an array");
  std::vector<zeus::BatchSizeChoice> choices;
  for (const Json& element : json) {
    zeus::BatchSizeChoice choice{.batch_size = Integer(element, "batch_size"), .power_limits = {}};
    for (const double limit : element.at("power_limits_W").get<std::vector<double>>()) {
      choice.power_limits.emplace_back(limit);
    }
    choices.push_back(std::move(choice));
  }
  zeus::Result<zeus::KnobSpace> space = zeus::KnobSpace::Create(std::move(choices));
  Check(space.has_value(), "knobs: " + (space ? "" : space.error().message));
  return *std::move(space);
}

Json ToJson(const Tournament& tournament) {
  Json players = Json::array();
  for (const Player& player : tournament.players) {
    players.push_back(
        Json{{"batch_size", player.batch_size}, {"tries", player.tries}, {"total_cost_J", player.total_cost}});
  }
  Json json;
  json["round"] = tournament.round;
  json["players"] = std::move(players);
  json["winning_cost_J"] = tournament.winning_cost ? Json(*tournament.winning_cost) : Json();
  json["latest_costs_J"] = tournament.latest_costs;
  return json;
}

Tournament TournamentFromJson(const Json& json, const zeus::KnobSpace& space, size_t patience) {
  Tournament tournament;
  tournament.round = Integer(json, "round");
  Check(tournament.round >= 0 && tournament.round < 60, "round: expected 0 to 59");
  const Json& players = json.at("players");
  Check(players.is_array(), "players: expected an array");
  std::set<int64_t> seen;
  for (const Json& element : players) {
    const Player player{.batch_size = Integer(element, "batch_size"),
                        .tries = Integer(element, "tries"),
                        .total_cost = Cost(element.at("total_cost_J"), "total_cost_J")};
    Check(space.Find(player.batch_size).has_value(), "batch_size: expected a feasible one");
    Check(seen.insert(player.batch_size).second, "batch_size: the same player twice");
    Check(player.tries >= 0 && player.tries < std::numeric_limits<int64_t>::max(), "tries: expected 0 or more");
    tournament.players.push_back(player);
  }
  const Json& winning_cost = json.at("winning_cost_J");
  if (!winning_cost.is_null()) tournament.winning_cost = Cost(winning_cost, "winning_cost_J");
  const bool won = tournament.players.size() == 1 && !tournament.NextPlayer();
  Check(tournament.winning_cost.has_value() == won, "winning_cost_J: expected one when only the winner is left");
  const Json& latest_costs = json.at("latest_costs_J");
  Check(latest_costs.is_array() && latest_costs.size() <= patience, "latest_costs_J: expected an array, not too long");
  for (const Json& cost : latest_costs) tournament.latest_costs.push_back(Cost(cost, "latest_costs_J"));
  return tournament;
}

}  // namespace

zeus::Result<std::string> HalvingPolicy::SaveBeliefs() const {
  Json document;
  document["format"] = kFormat;
  document["version"] = kVersion;
  document["policy"] = name();
  document["options"] = Json{{"patience", Patience()}};
  document["jobs"] = Json::array();
  for (const auto& entry : jobs_.entries()) {
    document["jobs"].push_back(
        Json{{"job", ToJson(entry.identity)}, {"knobs", ToJson(entry.space)}, {"state", ToJson(entry.state)}});
  }
  return document.dump(2) + "\n";
}

zeus::Result<void> HalvingPolicy::LoadBeliefs(std::string_view json) {
  const auto fail = [](const std::string& message) {
    return zeus::Fail(zeus::ErrorCode::kInvalidData, "beliefs of the policy halving: " + message);
  };
  try {
    const Json document = Json::parse(json);
    Check(document.at("format") == kFormat, std::string("format: expected ") + kFormat);
    Check(document.at("version") == kVersion, "version: expected " + std::to_string(kVersion));
    Check(document.at("policy") == name(), "policy: expected " + std::string(name()));
    Check(document.at("options") == Json{{"patience", Patience()}},
          "options: saved with a window other than this policy's");
    Check(document.at("jobs").is_array(), "jobs: expected an array");
    zeus::JobTable<Tournament> jobs;
    for (const Json& element : document.at("jobs")) {
      zeus::JobIdentity identity = JobFromJson(element.at("job"));
      zeus::KnobSpace space = KnobsFromJson(element.at("knobs"));
      const zeus::Result<void> feasible = zeus::CheckDefaultIsFeasible(identity, space);
      Check(feasible.has_value(), "default_batch_size: " + (feasible ? "" : feasible.error().message));
      Tournament state = TournamentFromJson(element.at("state"), space, Patience());
      jobs.Add({.identity = std::move(identity), .space = std::move(space), .state = std::move(state)});
    }
    jobs_ = std::move(jobs);
  } catch (const BadBeliefs& bad) {
    return fail(bad.message);
  } catch (const Json::exception& error) {
    return fail(error.what());
  }
  return {};
}

}  // namespace custom_policy
