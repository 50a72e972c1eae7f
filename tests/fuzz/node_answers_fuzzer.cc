// What a node daemon answers, whatever was asked.
#include "tests/fuzz/require.h"
#include "zeus/device/remote/node_answers_json.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace zeus::node;
  using zeus::ErrorCode;
  using zeus::fuzz::Require;
  const std::string_view body = zeus::fuzz::ToText(data, size);
  const auto check = [](const auto& read) {
    if (!read) Require(read.error().code == ErrorCode::kInvalidData, "a bad answer is bad data", read.error().message);
    return read.has_value();
  };
  if (const auto found = ParseDiscovery(body, "node"); found) {
    for (const GpuEntry& gpu : found->gpus) Require(gpu.id >= 0, "a number");
  } else {
    const ErrorCode code = found.error().code;
    Require(code == ErrorCode::kInvalidData || code == ErrorCode::kFailedPrecondition, "bad data, or an old daemon",
            found.error().message);
  }
  if (const auto energies = ParseGpuEnergy(body, "node"); check(energies)) {
    for (const auto& [id, energy] : *energies) Require(energy >= zeus::Joules(0), "an energy");
  }
  if (const auto energies = ParseCpuEnergy(body, "node"); check(energies)) {
    for (const auto& [id, energy] : *energies)
      Require(energy.package >= zeus::Joules(0) || !energy.package, "an energy");
  }
  check(ParseIdentity(body, "node"));
  check(ParseLeaseId(body, "node"));
  check(ParseTime(body, "node"));
  check(ParseGpuPower(body, "node"));
  check(ParsePowerLimit(body, "node"));
  check(ParsePowerLimits(body, "node"));
  check(ParsePersistenceMode(body, "node"));
  check(ParseCpuPowers(body, "node"));
  WordsOf({.status = 400, .body = std::string(body), .content_type = {}, .headers = {}});
  return 0;
}
