#include <gtest/gtest.h>

#include <memory>

#include "tests/support/emulated_machine.h"
#include "tests/support/gpu_contract.h"
#include "tests/support/served_node.h"
#include "zeus/device/fake/fake_gpu.h"
#include "zeus/device/remote/node_read_gpu.h"
#include "zeus/device/remote/remote_gpu.h"

namespace zeus::testing {
namespace {

std::unique_ptr<Gpu> Remote(const ServedNode& node, std::unique_ptr<Gpu> read) {
  return std::make_unique<RemoteGpu>(std::move(read), NodeChanger::Share(node.config(), NodeChanges::kLeased), 0,
                                     NodeChanges::kLeased);
}

/// Read and changed by the daemon.
GpuCase ThroughTheDaemonAlone() {
  struct Owner {
    FakeGpu fake{{}};
    ServedNode node{{&fake}};
    std::unique_ptr<Gpu> gpu;
  };
  return {"Fake", [] {
            auto owner = std::make_shared<Owner>();
            const auto client = std::make_shared<NodeClient>(owner->node.config());
            const Result<node::Discovery> found = client->Discover();
            if (!found || found->gpus.size() != 1) return GpuUnderTest{owner, nullptr, ""};
            owner->gpu =
                Remote(owner->node, std::make_unique<NodeReadGpu>(client, found->gpus.front(), Clock::System()));
            return GpuUnderTest{owner, owner->gpu.get(), ""};
          }};
}

/// Read by the library here, and changed by the daemon.
GpuCase ReadHere(const std::string& preset) {
  struct Owner {
    explicit Owner(const std::string& gpus) : machine(EmulatedMachine::OfGpus(gpus)) {}
    EmulatedMachine machine;
    ServedNode node{{&machine.gpu(0)}};
    std::unique_ptr<Gpu> gpu;
  };
  return {"Emulated" + preset, [preset] {
            auto owner = std::make_shared<Owner>(preset);
            Result<nvml::Probe> probe = nvml::ProbeGpu(owner->machine.library(), 0);
            if (!probe) return GpuUnderTest{owner, nullptr, ""};
            owner->gpu = Remote(owner->node, std::make_unique<nvml::NvmlGpu>(owner->machine.library(), Clock::System(),
                                                                             *std::move(probe)));
            return GpuUnderTest{owner, owner->gpu.get(), ""};
          }};
}

std::vector<GpuCase> All() {
  std::vector<GpuCase> cases{ThroughTheDaemonAlone()};
  for (const char* preset : {"m40", "v100", "a40", "h100"}) cases.push_back(ReadHere(preset));
  return cases;
}

INSTANTIATE_TEST_SUITE_P(RemoteGpus, GpuReadContract, ::testing::ValuesIn(All()), GpuCaseName);
INSTANTIATE_TEST_SUITE_P(RemoteGpus, GpuSettingsContract, ::testing::ValuesIn(All()), GpuCaseName);

}  // namespace
}  // namespace zeus::testing
