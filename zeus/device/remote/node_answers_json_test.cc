#include "zeus/device/remote/node_answers_json.h"

#include <gmock/gmock.h>

#include "tests/support/result_matchers.h"

namespace zeus::node {
namespace {

using testing::IsError;
using testing::IsOk;

constexpr const char* kEndpoint = "n1:4938";

TEST(NodeAnswers, AnOldDaemonIsToldFromADamagedAnswer) {
  for (const auto& [body, missing] :
       {std::pair(R"({"gpus": [], "cpus": [], "enabled_api_groups": []})", "auth_required"),
        std::pair(R"({"gpus": [{"id": 0, "name": "A"}], "cpus": [], "enabled_api_groups": [], "auth_required": false})",
                  "pci_address"),
        std::pair(R"({"gpus": [], "cpus": [{"id": 0}], "enabled_api_groups": [], "auth_required": false})",
                  "dram_available")}) {
    EXPECT_THAT(ParseDiscovery(body, kEndpoint),
                IsError(ErrorCode::kFailedPrecondition,
                        std::string("Zeusd at n1:4938 did not report '") + missing +
                            "' in /discover; the daemon is older than this version of Zeus. Upgrade zeusd."));
  }
  for (const char* const body : {"", "[]", "null", "{\"gpus\": {}", "<html>"}) {
    EXPECT_THAT(ParseDiscovery(body, kEndpoint), IsError(ErrorCode::kInvalidData, "Zeusd at n1:4938")) << body;
  }
  const char* const wrong_kinds = R"({"gpus": 7, "cpus": 1, "enabled_api_groups": 2, "auth_required": 3})";
  EXPECT_THAT(ParseDiscovery(wrong_kinds, kEndpoint), IsError(ErrorCode::kInvalidData, "/discover.gpus"));
}

TEST(NodeAnswers, NewerDaemonsMaySayMore) {
  EXPECT_THAT(ParseDiscovery(R"({"gpus": [{"id": 1, "name": "A", "pci_address": "p", "cumulative_energy_available":
      true, "more": 1}], "cpus": [], "enabled_api_groups": ["gpu-read", "x"], "auth_required": false, "y": null})",
                             kEndpoint),
              IsOk());
}

TEST(NodeAnswers, WhatIsNullIsAbsentAndNotZero) {
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto energies,
                            ParseCpuEnergy(R"({"0": {"cpu_energy_uj": 0, "dram_energy_uj": null}})", kEndpoint));
  EXPECT_EQ(energies.at(0).package, Joules(0));
  EXPECT_EQ(energies.at(0).dram, std::nullopt);
}

TEST(NodeAnswers, DamagedReadingsAreRefused) {
  EXPECT_THAT(ParseGpuEnergy(R"({"0": {}})", kEndpoint), IsError(ErrorCode::kInvalidData, "energy_mj"));
  EXPECT_THAT(ParseGpuEnergy(R"({"x": {"energy_mj": 1}})", kEndpoint), IsError(ErrorCode::kInvalidData, "keys"));
  EXPECT_THAT(ParseGpuEnergy(R"({"0": {"energy_mj": -1}})", kEndpoint), IsError(ErrorCode::kInvalidData, "from 0 on"));
  EXPECT_THAT(ParseGpuEnergy("[1]", kEndpoint), IsError(ErrorCode::kInvalidData, "an object"));
  EXPECT_THAT(ParseGpuPower(R"({"power_mw": {"0": 1}})", kEndpoint), IsError(ErrorCode::kInvalidData, "timestamp_ms"));
  EXPECT_THAT(ParsePersistenceMode(R"({"0": {"enabled": 1}})", kEndpoint), IsError(ErrorCode::kInvalidData, "enabled"));
}

TEST(NodeAnswers, AnErrorsWordsAreFoundInEachForm) {
  const auto words = [](const char* body) {
    return WordsOf({.status = 400, .body = body, .content_type = "", .headers = {}});
  };
  EXPECT_EQ(words(R"({"error": "no"})"), "no");
  EXPECT_EQ(words(R"({"errors": {"0": "a", "2": "b"}})"), "device 0: a; device 2: b");
  EXPECT_EQ(words("Query deserialize error: x"), "Query deserialize error: x");
  EXPECT_EQ(words(R"({"errors": {"0": 1}})"), R"({"errors": {"0": 1}})");
  EXPECT_EQ(words("[1]"), "[1]");
}

}  // namespace
}  // namespace zeus::node
