#include "zeus/device/inventory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/support/emulator_library.h"
#include "tests/support/fake_amdsmi/fake_amd_machine.h"
#include "tests/support/files.h"
#include "tests/support/powercap/powercap_tree.h"
#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::EmulatorEnvironment;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsOk;

constexpr const char* kThreeGpus = "[[gpu]]\npreset = \"v100\"\ncount = 3\n";

std::vector<int> Indices(const std::vector<Gpu*>& gpus) {
  std::vector<int> indices;
  for (const Gpu* gpu : gpus) indices.push_back(gpu->info().index);
  return indices;
}

const Backend& Named(const DeviceInventory& inventory, const std::string& name) {
  for (const Backend& backend : inventory.backends()) {
    if (backend.name == name) return backend;
  }
  ADD_FAILURE() << "no backend " << name;
  return inventory.backends().front();
}

class InventoryTest : public ::testing::Test {
 protected:
  /// Nothing is found with these.
  [[nodiscard]] InventoryOptions Nothing() const {
    return {.visibility = {},
            .nvml = nowhere_.path() / "libnvidia-ml.so.1",
            .amdsmi = {.amdsmi_lib_dir = nowhere_.path().string(), .opt = nowhere_.path(), .use_loader = false},
            .root = nowhere_.path()};
  }
  /// The emulated NVIDIA GPUs alone, as a process with this variable sees them.
  [[nodiscard]] InventoryOptions Nvidia(std::optional<std::string> cuda_visible_devices = std::nullopt) const {
    InventoryOptions options = Nothing();
    options.nvml = ZEUS_EMULATOR_LIBRARY;
    options.visibility.cuda_visible_devices = std::move(cuda_visible_devices);
    return options;
  }

 private:
  const testing::TemporaryFolder nowhere_;
};

TEST_F(InventoryTest, WhereNothingIsEveryBackendSaysWhyNot) {
  const std::unique_ptr<DeviceInventory> inventory = DeviceInventory::Open(Nothing());
  EXPECT_THAT(inventory->AllGpus(), IsEmpty());
  EXPECT_THAT(inventory->VisibleGpus().value(), IsEmpty());
  EXPECT_THAT(inventory->Cpus(), IsEmpty());
  ASSERT_EQ(inventory->backends().size(), 3);
  for (const Backend& backend : inventory->backends()) {
    EXPECT_FALSE(backend.available()) << backend.name;
    EXPECT_THAT(backend.library_version, IsEmpty());
  }
  EXPECT_THAT(Named(*inventory, "nvml").why_not, HasSubstr("libnvidia-ml.so.1: there is no such file"));
}

TEST_F(InventoryTest, AVariableHidesNothingWhereNothingIs) {
  InventoryOptions options = Nothing();
  options.visibility.cuda_visible_devices = "";
  const std::unique_ptr<DeviceInventory> inventory = DeviceInventory::Open(options);
  EXPECT_THAT(inventory->VisibleGpus(), IsOk());
  EXPECT_THAT(inventory->problems(), IsEmpty());
}

TEST_F(InventoryTest, GpusAndProcessorsSideBySide) {
  const EmulatorEnvironment environment(kThreeGpus);
  const testing::PowercapTree tree("two_sockets_dram");
  InventoryOptions options = Nvidia();
  options.root = tree.root();
  const std::unique_ptr<DeviceInventory> inventory = DeviceInventory::Open(options);
  EXPECT_TRUE(Named(*inventory, "nvml").available());
  EXPECT_EQ(Named(*inventory, "nvml").driver_version, "550.54.15");
  EXPECT_EQ(Named(*inventory, "nvml").library_version, "12.550.54.15");
  EXPECT_FALSE(Named(*inventory, "amdsmi").available());
  EXPECT_TRUE(Named(*inventory, "powercap").available());
  EXPECT_THAT(Indices(inventory->AllGpus()), ElementsAre(0, 1, 2));
  EXPECT_THAT(Indices(inventory->VisibleGpus().value()), ElementsAre(0, 1, 2));
  ASSERT_EQ(inventory->Cpus().size(), 2);
  EXPECT_THAT(inventory->Cpus()[1]->ReadEnergy(), IsOk());
  EXPECT_THAT(inventory->AllGpus()[2]->ReadEnergy(), IsOk());
}

TEST_F(InventoryTest, VisibleGpusAreInTheVariablesOrder) {
  const EmulatorEnvironment environment(kThreeGpus);
  const std::unique_ptr<DeviceInventory> inventory = DeviceInventory::Open(Nvidia("2,0"));
  EXPECT_THAT(Indices(inventory->VisibleGpus().value()), ElementsAre(2, 0));
  EXPECT_THAT(Indices(inventory->AllGpus()), ElementsAre(0, 1, 2));
}

TEST_F(InventoryTest, VisibleGpusByUuid) {
  const EmulatorEnvironment environment(kThreeGpus);
  const std::string uuid = DeviceInventory::Open(Nvidia())->AllGpus().at(1)->info().uuid;
  const std::unique_ptr<DeviceInventory> inventory = DeviceInventory::Open(Nvidia(uuid + ",0"));
  EXPECT_THAT(Indices(inventory->VisibleGpus().value()), ElementsAre(1, 0));
}

TEST_F(InventoryTest, AnEmptyVariableIsAProblemAndTheGpusAreThere) {
  const EmulatorEnvironment environment(kThreeGpus);
  const std::unique_ptr<DeviceInventory> inventory = DeviceInventory::Open(Nvidia(""));
  EXPECT_THAT(inventory->VisibleGpus(),
              IsError(ErrorCode::kInvalidArgument, "CUDA_VISIBLE_DEVICES: it is set, but empty"));
  EXPECT_THAT(inventory->problems(), ElementsAre(HasSubstr("CUDA_VISIBLE_DEVICES: it is set, but empty")));
  EXPECT_THAT(Indices(inventory->AllGpus()), ElementsAre(0, 1, 2));
}

TEST_F(InventoryTest, AVariableForAGpuThatIsNotThereIsAProblem) {
  const EmulatorEnvironment environment(kThreeGpus);
  const std::unique_ptr<DeviceInventory> inventory = DeviceInventory::Open(Nvidia("0,3"));
  EXPECT_THAT(inventory->VisibleGpus(),
              IsError(ErrorCode::kInvalidArgument, "CUDA_VISIBLE_DEVICES: there is no GPU 3; there are: 0, 1, 2"));
}

TEST_F(InventoryTest, DifferentCardsAreNoted) {
  const EmulatorEnvironment environment("[[gpu]]\npreset = \"v100\"\n[[gpu]]\npreset = \"h100\"\n");
  InventoryOptions options = Nvidia();
  EXPECT_THAT(DeviceInventory::Open(options)->problems(), Contains(HasSubstr("set CUDA_DEVICE_ORDER=PCI_BUS_ID")));
  options.visibility.cuda_device_order = "PCI_BUS_ID";
  EXPECT_THAT(DeviceInventory::Open(options)->problems(), IsEmpty());
}

TEST_F(InventoryTest, ALostGpuLeavesAGap) {
  const EmulatorEnvironment environment(std::string(kThreeGpus) + "[[fault]]\ngpu = 1\nerror = \"gpu_is_lost\"\n");
  const std::unique_ptr<DeviceInventory> inventory = DeviceInventory::Open(Nvidia());
  EXPECT_TRUE(Named(*inventory, "nvml").available());
  EXPECT_THAT(inventory->problems(), ElementsAre(HasSubstr("GPU 1: nvmlDeviceGetHandleByIndex_v2: GPU is lost")));
  EXPECT_THAT(Indices(inventory->AllGpus()), ElementsAre(0, 2));
  EXPECT_THAT(Indices(inventory->VisibleGpus().value()), ElementsAre(0, 2));
  const std::unique_ptr<DeviceInventory> last = DeviceInventory::Open(Nvidia("2"));
  EXPECT_THAT(Indices(last->VisibleGpus().value()), ElementsAre(2));
  EXPECT_THAT(DeviceInventory::Open(Nvidia("1"))->VisibleGpus(),
              IsError(ErrorCode::kInvalidArgument, "there is no GPU 1; there are: 0, 2"));
}

TEST_F(InventoryTest, ALibraryThatCannotCountSaysSo) {
  const EmulatorEnvironment environment(
      "[[gpu]]\npreset = \"v100\"\n[[fault]]\nfunction = \"nvmlDeviceGetCount_v2\"\nerror = \"unknown\"\n");
  const std::unique_ptr<DeviceInventory> inventory = DeviceInventory::Open(Nvidia());
  EXPECT_EQ(Named(*inventory, "nvml").why_not, "nvml: device count: Unknown Error");
  EXPECT_EQ(Named(*inventory, "nvml").driver_version, "550.54.15");
  EXPECT_THAT(inventory->AllGpus(), IsEmpty());
}

TEST_F(InventoryTest, ADriverThatIsNotLoadedSaysSo) {
  const EmulatorEnvironment environment("no configuration");
  const std::unique_ptr<DeviceInventory> inventory = DeviceInventory::Open(Nvidia());
  EXPECT_THAT(Named(*inventory, "nvml").why_not, HasSubstr("Driver Not Loaded; load the nvidia kernel module"));
}

TEST_F(InventoryTest, AMachineWithoutGpusHasALibraryAllTheSame) {
  const EmulatorEnvironment environment("");
  const std::unique_ptr<DeviceInventory> inventory = DeviceInventory::Open(Nvidia());
  EXPECT_TRUE(Named(*inventory, "nvml").available());
  EXPECT_THAT(inventory->AllGpus(), IsEmpty());
}

TEST_F(InventoryTest, NvidiaComesBeforeAmd) {
  const EmulatorEnvironment environment(kThreeGpus);
  const size_t amd = testing::OpenFakeAmdSmi(testing::kRocm70.rocm, testing::kRocm70.abi).gpus().size();
  InventoryOptions options = Nvidia();
  options.amdsmi = testing::FakeSearch(testing::kRocm70.rocm);
  options.visibility = {.cuda_visible_devices = "1", .cuda_device_order = std::nullopt, .hip_visible_devices = "0"};
  const std::unique_ptr<DeviceInventory> inventory = DeviceInventory::Open(options);
  EXPECT_EQ(Named(*inventory, "amdsmi").library_version, testing::kRocm70.version);
  ASSERT_EQ(inventory->AllGpus().size(), 3 + amd);
  EXPECT_EQ(inventory->AllGpus()[2]->info().vendor, GpuVendor::kNvidia);
  EXPECT_EQ(inventory->AllGpus()[3]->info().vendor, GpuVendor::kAmd);
  ZEUS_ASSERT_OK_AND_ASSIGN(const std::vector<Gpu*> visible, inventory->VisibleGpus());
  EXPECT_THAT(Indices(visible), ElementsAre(1, 0));
  EXPECT_EQ(visible[0]->info().vendor, GpuVendor::kNvidia);
  EXPECT_EQ(visible[1]->info().vendor, GpuVendor::kAmd);
}

}  // namespace
}  // namespace zeus
