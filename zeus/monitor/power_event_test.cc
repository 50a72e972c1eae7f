#include "zeus/monitor/power_event.h"

#include <gmock/gmock.h>

#include <chrono>

#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using testing::IsError;
using testing::IsOk;

constexpr WallTime kTime{std::chrono::milliseconds(1'700'000'000'123)};

TEST(PowerEventTest, OfAGpu) {
  const auto event =
      ParsePowerEvent(StreamedKind::kGpu, R"({"timestamp_ms":1700000000123,"gpu_id":3,"power_mw":75500,"more":1})");
  ASSERT_THAT(event, IsOk());
  EXPECT_EQ(event->time, kTime);
  EXPECT_EQ(event->id, 3);
  EXPECT_EQ(event->power, Watts(75.5));
  EXPECT_EQ(event->dram, std::nullopt);
}

TEST(PowerEventTest, OfAProcessor) {
  const auto event = ParsePowerEvent(StreamedKind::kCpu,
                                     R"({"timestamp_ms":1700000000123,"cpu_id":0,"cpu_mw":85000,"dram_mw":12000})");
  ASSERT_THAT(event, IsOk());
  EXPECT_EQ(event->power, Watts(85));
  EXPECT_EQ(event->dram, Watts(12));
  const auto without =
      ParsePowerEvent(StreamedKind::kCpu, R"({"timestamp_ms":1700000000123,"cpu_id":0,"cpu_mw":85000,"dram_mw":null})");
  ASSERT_THAT(without, IsOk());
  EXPECT_EQ(without->dram, std::nullopt);
}

TEST(PowerEventTest, WhatIsNone) {
  for (const auto& [data, words] : {std::pair("not JSON", "not valid JSON"),
                                    {"[]", "expected an object"},
                                    {R"({"timestamp_ms":1,"cpu_id":0,"cpu_mw":1})", "gpu_id"},
                                    {R"({"timestamp_ms":1,"gpu_id":"0","power_mw":1})", "event.gpu_id: expected"},
                                    {R"({"timestamp_ms":1,"gpu_id":0,"power_mw":null})", "power_mw"},
                                    {R"({"timestamp_ms":1,"gpu_id":0,"power_mw":-1})", "expected a power"},
                                    {R"({"timestamp_ms":1,"gpu_id":0,"power_mw":"nan"})", "expected a power"},
                                    {R"({"timestamp_ms":-1,"gpu_id":0,"power_mw":1})", "no time of now"},
                                    {R"({"timestamp_ms":5000000000000,"gpu_id":0,"power_mw":1})", "no time of now"},
                                    {R"({"gpu_id":0,"power_mw":1})", "timestamp_ms"}}) {
    EXPECT_THAT(ParsePowerEvent(StreamedKind::kGpu, data), IsError(ErrorCode::kInvalidData, words)) << data;
  }
}

}  // namespace
}  // namespace zeus
