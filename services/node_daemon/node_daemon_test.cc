#include "services/node_daemon/node_daemon.h"

#include <gmock/gmock.h>

#include <future>

#include "services/http/target.h"
#include "zeus/device/fake/fake_gpu.h"

namespace zeus {
namespace {

class NodeDaemonTest : public ::testing::Test {
 protected:
  NodeDaemonTest()
      : daemon_({&gpu_}, {}, {.groups = {kAllApiGroups.begin(), kAllApiGroups.end()}}), router_(daemon_.Routes()) {}

  http::Response Ask(const std::string& method, std::string_view target) {
    auto parsed = *http::ParseTarget(target);
    std::promise<http::Response> answer;
    router_.Dispatch({.method = method,
                      .segments = parsed.segments,
                      .query = parsed.query,
                      .parameters = {},
                      .headers = {},
                      .body = ""},
                     http::Responder([&](http::Response response) { answer.set_value(std::move(response)); }));
    return answer.get_future().get();
  }

  FakeGpu gpu_{{}};
  NodeDaemon daemon_;
  http::Router router_;
};

TEST_F(NodeDaemonTest, ErrorsOfDevicesBecomeStatuses) {
  const char* const target = "/gpu/set_gpu_locked_clocks?gpu_ids=0&min_clock_mhz=500&max_clock_mhz=1000&block=true";
  EXPECT_EQ(Ask("POST", target).status, 200);
  for (const auto& [error, status, text] :
       {std::tuple(Error{ErrorCode::kPermissionDenied, "m", ErrorLibrary::kNvml, 4}, 403, "NVML error: m"),
        std::tuple(Error{ErrorCode::kFailedPrecondition, "m", ErrorLibrary::kNvml, 3}, 400, "NVML error: m"),
        std::tuple(Error{ErrorCode::kUnavailable, "m", ErrorLibrary::kNvml, 15}, 500, "NVML error: m"),
        std::tuple(Error{ErrorCode::kPermissionDenied, "m", ErrorLibrary::kAmdSmi, 10}, 403, "AMDSMI error 10: m"),
        std::tuple(Error{ErrorCode::kFailedPrecondition, "m", ErrorLibrary::kAmdSmi, 2}, 400, "AMDSMI error 2: m"),
        std::tuple(Error{ErrorCode::kFailedPrecondition, "m"}, 400, "Invalid request: m"),
        std::tuple(Error{ErrorCode::kUnavailable, "m"}, 500, "m")}) {
    gpu_.FailSettingsWith(error);
    const http::Response answer = Ask("POST", target);
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(answer.body, std::string(R"({"errors":{"0":")") + text + "\"}}");
  }
}

TEST_F(NodeDaemonTest, ABlockingChangeWaitsForThoseBeforeIt) {
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(
        Ask("POST", "/gpu/set_gpu_locked_clocks?gpu_ids=0&min_clock_mhz=500&max_clock_mhz=1000&block=false").status,
        200);
  }
  EXPECT_EQ(Ask("POST", "/gpu/reset_gpu_locked_clocks?gpu_ids=0&block=true").status, 200);
  EXPECT_EQ(gpu_.settings_made(), 21);
}

TEST_F(NodeDaemonTest, WhatIsAskedAfterTheEndIsToldSo) {
  daemon_.Stop();
  EXPECT_EQ(Ask("GET", "/gpu/get_power").status, 500);
}

TEST(NodeCpus, PowerIsWholeMilliwatts) {
  const CpuPowers powers =
      PowersBetween({.package_uj = 1000, .dram_uj = 5, .time = {}}, {.package_uj = 3001, .dram_uj = 5, .time = {}}, 2);
  EXPECT_EQ(powers, (CpuPowers{.package_mw = 1000500, .dram_mw = 0}));
  EXPECT_EQ(PowersBetween({.package_uj = 0, .dram_uj = {}, .time = {}}, {.package_uj = 1, .dram_uj = 5, .time = {}}, 3),
            (CpuPowers{.package_mw = 333, .dram_mw = {}}));
}

}  // namespace
}  // namespace zeus
