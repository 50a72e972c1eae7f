#include <gmock/gmock.h>

#include <chrono>
#include <memory>

#include "tests/support/emulated_machine.h"
#include "tests/support/fake_cpu.h"
#include "tests/support/result_matchers.h"
#include "tests/support/served_node.h"
#include "zeus/control/borrowed_gpu.h"
#include "zeus/device/fake/fake_gpu.h"
#include "zeus/device/inventory.h"

namespace zeus {
namespace {

using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;
using testing::ServedNode;

class NodeInventoryTest : public ::testing::Test {
 protected:
  // What a program sees; with `nvml` elsewhere, in a container without the library.
  std::unique_ptr<DeviceInventory> Open(Result<std::optional<NodeConfig>> node,
                                        const std::filesystem::path& nvml = ZEUS_EMULATOR_LIBRARY) {
    return DeviceInventory::Open(
        {.nvml = nvml, .amdsmi = {.amdsmi_lib_dir = "/nonexistent"}, .root = root_.path(), .node = std::move(node)});
  }
  static Result<Watts> LimitOf(Gpu& gpu) { return gpu.settings().ReadPowerLimit(); }
  static const Backend& NodeBackend(const DeviceInventory& inventory) { return inventory.backends().back(); }

  testing::TemporaryFolder root_;  // Without RAPL.
  testing::EmulatedMachine machine_ = testing::EmulatedMachine::OfGpus("v100x2");
  std::vector<Gpu*> gpus_{&machine_.gpu(0), &machine_.gpu(1)};
};

TEST_F(NodeInventoryTest, WithoutADaemonNothingIsSaidOfOne) {
  const auto inventory = Open({});
  EXPECT_EQ(inventory->backends().size(), 3);
  EXPECT_EQ(inventory->node(), std::nullopt);
  EXPECT_FALSE(inventory->AllGpus().front()->info().settings_are_leased);
}

TEST_F(NodeInventoryTest, SettingsGoThroughTheDaemonAndComeBack) {
  const ServedNode node(gpus_);
  {
    const auto inventory = Open(node.config());
    EXPECT_EQ(NodeBackend(*inventory).name, "zeusd");
    EXPECT_TRUE(NodeBackend(*inventory).available()) << NodeBackend(*inventory).why_not;
    Gpu& gpu = *inventory->AllGpus().at(1);
    EXPECT_TRUE(gpu.info().settings_are_leased);
    EXPECT_EQ(gpu.info().uuid, machine_.gpu(1).info().uuid);
    EXPECT_TRUE(gpu.capabilities().Has(Capability::kTemperature));
    ASSERT_THAT(gpu.settings().SetPowerLimit(Watts(150)), IsOk());
    EXPECT_EQ(LimitOf(machine_.gpu(1)), Watts(150));
    EXPECT_EQ(LimitOf(machine_.gpu(0)), Watts(250));
  }
  EXPECT_EQ(LimitOf(machine_.gpu(1)), Watts(250));
}

// As where root trains on the machine whose daemon notes in the same folder.
TEST_F(NodeInventoryTest, BorrowingNeedsNoJournalAndLeavesTheDaemonsAlone) {
  const ServedNode node(gpus_);
  const auto inventory = Open(node.config());
  Gpu& gpu = *inventory->AllGpus().front();
  ZEUS_ASSERT_OK_AND_ASSIGN(const SettingsJournal journal,
                            SettingsJournal::Open(node.journal(), std::chrono::system_clock::now));
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto borrowed, BorrowedGpu::Borrow(gpu, journal));
  ASSERT_THAT(borrowed->SetPowerLimit(Watts(150)), IsOk());
  EXPECT_EQ(LimitOf(machine_.gpu(0)), Watts(150));
  const std::filesystem::path folder = node.journal() / "leased";
  EXPECT_TRUE(std::filesystem::exists(folder / (gpu.info().uuid + ".lock")));
  EXPECT_FALSE(std::filesystem::exists(GpuJournal::FileOf(folder, gpu.info().uuid)));
  EXPECT_TRUE(std::filesystem::exists(GpuJournal::FileOf(node.journal(), gpu.info().uuid)));
  ASSERT_THAT(borrowed->Restore(), IsOk());
  EXPECT_EQ(LimitOf(machine_.gpu(0)), Watts(250));
}

TEST_F(NodeInventoryTest, ADaemonWithoutLeasesIsWhatTheJournalIsFor) {
  const ServedNode node(gpus_, {}, {.has_leases = false});
  const auto inventory = Open(node.config());
  Gpu& gpu = *inventory->AllGpus().front();
  EXPECT_FALSE(gpu.info().settings_are_leased);
  const testing::TemporaryFolder folder;
  ZEUS_ASSERT_OK_AND_ASSIGN(const SettingsJournal journal,
                            SettingsJournal::Open(folder.path() / "own", std::chrono::system_clock::now));
  ZEUS_ASSERT_OK_AND_ASSIGN(const auto borrowed, BorrowedGpu::Borrow(gpu, journal));
  ASSERT_THAT(borrowed->SetPowerLimit(Watts(150)), IsOk());
  EXPECT_EQ(LimitOf(machine_.gpu(0)), Watts(150));
  EXPECT_TRUE(std::filesystem::exists(GpuJournal::FileOf(journal.folder(), gpu.info().uuid)));
}

TEST_F(NodeInventoryTest, WhereItCannotBeUsedNothingIsChanged) {
  const ServedNode reads_only(gpus_, {}, {.groups = {ApiGroup::kGpuRead}});
  const ServedNode locked(gpus_, {}, {.key = "secret"});
  for (const auto& [node, why] : {std::pair<Result<std::optional<NodeConfig>>, std::string>(
                                      NodeConfig{.address = root_.path() / "no.sock"}, "Cannot reach Zeusd at "),
                                  {ParseNodeVariables({.sock_path = {}, .host_port = "x", .token = {}}), "HOST:PORT"},
                                  {reads_only.config(), "API group 'gpu-control' is not enabled on this server"},
                                  {locked.config(), "requires a token"}}) {
    const auto inventory = Open(node);
    EXPECT_THAT(NodeBackend(*inventory).why_not, HasSubstr(why));
    ASSERT_TRUE(inventory->node());
    EXPECT_THAT(inventory->node()->why_no_gpus, HasSubstr(why));
    EXPECT_THAT(inventory->problems(), ::testing::Contains(HasSubstr(why)));
    ASSERT_EQ(inventory->AllGpus().size(), 2);
    Gpu& gpu = *inventory->AllGpus().front();
    EXPECT_THAT(gpu.ReadEnergy(), IsOk());
    EXPECT_THAT(gpu.settings().SetPowerLimit(Watts(150)), IsError(ErrorCode::kFailedPrecondition, why));
    EXPECT_THAT(gpu.settings().SetPowerLimit(Watts(250)), IsOk());
    EXPECT_THAT(gpu.settings().SetPersistenceMode(PersistenceMode::kOff), IsOk());
    EXPECT_THAT(gpu.settings().SetPersistenceMode(PersistenceMode::kOn), IsError(ErrorCode::kFailedPrecondition, why));
    EXPECT_THAT(gpu.settings().LockClocks(ClockDomain::kGraphics, {Megahertz(500), Megahertz(600)}),
                IsError(ErrorCode::kFailedPrecondition, why));
    EXPECT_THAT(gpu.settings().ResetClocks(), IsError(ErrorCode::kFailedPrecondition, why));
    EXPECT_THAT(gpu.capabilities().WhyNot(Capability::kSetPowerLimit), HasSubstr(why));
    EXPECT_EQ(LimitOf(machine_.gpu(0)), Watts(250));
  }
}

TEST_F(NodeInventoryTest, GpusAreFoundByTheirPciAddress) {
  const ServedNode node({gpus_[1]});  // Its number 0 is our number 1.
  const auto inventory = Open(node.config());
  EXPECT_THAT(inventory->node()->why_no_gpus, HasSubstr("GPU 0 (Tesla V100-PCIE-32GB, "));
  const ServedNode turned({gpus_[1], gpus_[0]});
  const auto both = Open(turned.config());
  ASSERT_EQ(both->node()->why_no_gpus, "");
  ASSERT_THAT(both->AllGpus().front()->settings().SetPowerLimit(Watts(150)), IsOk());
  EXPECT_EQ(LimitOf(machine_.gpu(0)), Watts(150));
}

TEST_F(NodeInventoryTest, WhereNoAddressFitsTheOrderCounts) {
  FakeGpu::Options first;
  first.info.pci_address = "0000:f1:00.0";
  FakeGpu::Options second;
  second.info.pci_address = "0000:f2:00.0";
  second.info.uuid = "GPU-fake-1";
  second.info.index = 1;
  FakeGpu fake_first(first);
  FakeGpu fake_second(second);
  const ServedNode node({&fake_first, &fake_second});
  const auto inventory = Open(node.config());
  ASSERT_EQ(inventory->node()->why_no_gpus, "");
  ASSERT_THAT(inventory->AllGpus().at(1)->settings().SetPowerLimit(Watts(150)), IsOk());
  EXPECT_EQ(LimitOf(fake_second), Watts(150));
  EXPECT_EQ(LimitOf(fake_first), Watts(250));
}

TEST_F(NodeInventoryTest, WithoutALibraryTheDaemonReadsToo) {
  testing::FakeCpu cpu({.index = 0, .name = "package-0", .why_no_dram = "there is none"});
  cpu.Say(CpuEnergySample{.package = Joules(7), .dram = {}, .time = {}});
  const ServedNode node(gpus_, {&cpu});
  const auto inventory = Open(node.config(), "/nonexistent/libnvidia-ml.so.1");
  ASSERT_EQ(inventory->AllGpus().size(), 2);
  Gpu& gpu = *inventory->AllGpus().at(1);
  EXPECT_EQ(gpu.info().name, machine_.gpu(1).info().name);
  EXPECT_EQ(gpu.info().pci_address, machine_.gpu(1).info().pci_address);
  EXPECT_THAT(gpu.ReadEnergy(), IsOk());
  ASSERT_THAT(gpu.settings().SetPowerLimit(Watts(150)), IsOk());
  EXPECT_EQ(LimitOf(machine_.gpu(1)), Watts(150));
  ASSERT_EQ(inventory->Cpus().size(), 1);
  EXPECT_EQ(inventory->Cpus().front()->ReadEnergy()->package, Joules(7));
  EXPECT_FALSE(inventory->Cpus().front()->has_dram());
}

TEST_F(NodeInventoryTest, ACounterThatBeganAnewNeverFalls) {
  testing::FakeCpu cpu({.index = 0, .name = "package-0", .why_no_dram = ""});
  const ServedNode node(gpus_, {&cpu});
  const auto inventory = Open(node.config());
  Cpu& remote = *inventory->Cpus().front();
  const auto say = [&](double package, double dram) {
    cpu.Say(CpuEnergySample{.package = Joules(package), .dram = Joules(dram), .time = {}});
    return *remote.ReadEnergy();
  };
  EXPECT_EQ(say(100, 10).package, Joules(100));
  EXPECT_EQ(say(110, 12).dram, Joules(12));
  const CpuEnergySample after = say(5, 1);
  EXPECT_EQ(after.package, Joules(115));
  EXPECT_EQ(after.dram, Joules(13));
  EXPECT_EQ(after.package_step, CounterStep::kReset);
}

TEST_F(NodeInventoryTest, ProcessorsNeedTheirGroup) {
  const ServedNode node(gpus_, {}, {.groups = {ApiGroup::kGpuControl, ApiGroup::kGpuRead}});
  const auto inventory = Open(node.config());
  EXPECT_EQ(inventory->node()->why_no_gpus, "");
  EXPECT_THAT(inventory->node()->why_no_cpus, HasSubstr("API group 'cpu-read' is not enabled"));
  EXPECT_TRUE(NodeBackend(*inventory).available());
}

TEST(NormalPciAddress, LeavesFourDigitsOfTheDomain) {
  EXPECT_EQ(NormalPciAddress("00000000:0A:00.0"), "0000:0a:00.0");
  EXPECT_EQ(NormalPciAddress("0000:0a:00.0"), "0000:0a:00.0");
  EXPECT_EQ(NormalPciAddress("00010000:0a:00.0"), "00010000:0a:00.0");
  EXPECT_EQ(NormalPciAddress("nonsense"), "nonsense");
  EXPECT_EQ(NormalPciAddress("gggggggg:0a:00.0"), "gggggggg:0a:00.0");
}

}  // namespace
}  // namespace zeus
