#include "zeus/device/visible_devices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace zeus {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::zeus::testing::IsError;
using ::zeus::testing::IsOk;

std::vector<GpuInfo> Gpus(GpuVendor vendor, std::vector<std::string> names) {
  std::vector<GpuInfo> gpus;
  for (const std::string& name : names) {
    const int index = static_cast<int>(gpus.size());
    gpus.push_back({.vendor = vendor,
                    .name = name,
                    .uuid = "GPU-" + std::string(index < 2 ? "aaaa" : "bbbb") + std::to_string(index),
                    .pci_address = "",
                    .index = index,
                    .notes = {}});
  }
  return gpus;
}

const std::vector<GpuInfo> kFourAlike = Gpus(GpuVendor::kNvidia, {"V100", "V100", "V100", "V100"});

Result<VisibleDevices> Cuda(const std::string& text, const std::vector<GpuInfo>& gpus = kFourAlike) {
  return FindVisibleDevices(GpuVendor::kNvidia, {.cuda_visible_devices = text}, gpus);
}

TEST(VisibleDevices, WithoutAVariableAllAreVisible) {
  EXPECT_THAT(FindVisibleDevices(GpuVendor::kNvidia, {}, kFourAlike).value().indices, ElementsAre(0, 1, 2, 3));
}

TEST(VisibleDevices, IndicesComeInTheVariablesOrder) {
  EXPECT_THAT(Cuda("2,0").value().indices, ElementsAre(2, 0));
  EXPECT_THAT(Cuda(" 3 ,\t1 ").value().indices, ElementsAre(3, 1));
}

TEST(VisibleDevices, UuidsWholeOrAsMuchAsIsUnique) {
  EXPECT_THAT(Cuda("GPU-aaaa1").value().indices, ElementsAre(1));
  EXPECT_THAT(Cuda("GPU-bbbb3,0,GPU-bbbb2").value().indices, ElementsAre(3, 0, 2));
}

TEST(VisibleDevices, AnAmbiguousUuid) {
  EXPECT_THAT(Cuda("GPU-aaaa"), IsError(ErrorCode::kInvalidArgument, "fits GPU 0 and GPU 1; write more of the UUID"));
}

TEST(VisibleDevices, AnUnknownUuidListsTheKnown) {
  EXPECT_THAT(Cuda("GPU-cccc"),
              IsError(ErrorCode::kInvalidArgument,
                      "CUDA_VISIBLE_DEVICES: no GPU has the UUID \"GPU-cccc\"; there are: GPU-aaaa0"));
}

TEST(VisibleDevices, AnIndexThatDoesNotExist) {
  EXPECT_THAT(Cuda("0,7"),
              IsError(ErrorCode::kInvalidArgument, "CUDA_VISIBLE_DEVICES: there is no GPU 7; there are: 0, 1, 2, 3"));
}

TEST(VisibleDevices, AnEmptyVariableSaysSo) {
  for (const char* text : {"", "  "}) {
    EXPECT_THAT(Cuda(text), IsError(ErrorCode::kInvalidArgument, "CUDA_VISIBLE_DEVICES: it is set, but empty"));
  }
}

TEST(VisibleDevices, EntriesThatAreNothing) {
  for (const char* text : {"0,", ",0", "0,,1", "one", "-1", "1.5", "0x1", "99999999999", "GPU-", "gpu-aaaa0"}) {
    EXPECT_THAT(Cuda(text), IsError(ErrorCode::kInvalidArgument, "is neither an index")) << text;
  }
}

TEST(VisibleDevices, TheSameTwice) {
  EXPECT_THAT(Cuda("1,1"), IsError(ErrorCode::kInvalidArgument, "GPU 1 is listed twice"));
  EXPECT_THAT(Cuda("1,GPU-aaaa1"), IsError(ErrorCode::kInvalidArgument, "GPU 1 is listed twice"));
}

TEST(VisibleDevices, MigSlicesAreExplained) {
  for (const char* text : {"MIG-c6d4f1ef-42e4-5de3-91c7-45d71c87eb3f", "MIG-GPU-aaaa0/1/0"}) {
    EXPECT_THAT(Cuda(text),
                IsError(ErrorCode::kInvalidArgument, "is a MIG slice: NVML tells neither power nor energy"));
  }
}

TEST(VisibleDevices, DifferentCardsInCudasOwnOrderAreNoted) {
  const std::vector<GpuInfo> mixed = Gpus(GpuVendor::kNvidia, {"V100", "A100"});
  EXPECT_THAT(Cuda("0", mixed).value().notes, ElementsAre(HasSubstr("set CUDA_DEVICE_ORDER=PCI_BUS_ID")));
  EXPECT_THAT(FindVisibleDevices(GpuVendor::kNvidia, {.cuda_device_order = "PCI_BUS_ID"}, mixed).value().notes,
              IsEmpty());
  EXPECT_THAT(Cuda("0").value().notes, IsEmpty());
}

TEST(VisibleDevices, AnUnknownOrder) {
  EXPECT_THAT(FindVisibleDevices(GpuVendor::kNvidia, {.cuda_device_order = "SLOWEST"}, kFourAlike),
              IsError(ErrorCode::kInvalidArgument, "CUDA_DEVICE_ORDER: \"SLOWEST\" is neither"));
}

TEST(VisibleDevices, AmdFollowsHipBeforeCuda) {
  const std::vector<GpuInfo> gpus = Gpus(GpuVendor::kAmd, {"MI250", "MI250", "MI250"});
  const VisibilityVariables both{.cuda_visible_devices = "0", .cuda_device_order = {}, .hip_visible_devices = "2,1"};
  EXPECT_THAT(FindVisibleDevices(GpuVendor::kAmd, both, gpus).value().indices, ElementsAre(2, 1));
  EXPECT_THAT(FindVisibleDevices(GpuVendor::kAmd, {.cuda_visible_devices = "1"}, gpus).value().indices, ElementsAre(1));
  EXPECT_THAT(FindVisibleDevices(GpuVendor::kAmd, {.hip_visible_devices = ""}, gpus),
              IsError(ErrorCode::kInvalidArgument, "HIP_VISIBLE_DEVICES: it is set, but empty"));
}

TEST(VisibleDevices, NvidiaDoesNotFollowHip) {
  EXPECT_THAT(FindVisibleDevices(GpuVendor::kNvidia, {.hip_visible_devices = "x"}, kFourAlike), IsOk());
}

// A GPU that cannot be opened leaves a gap, and the others keep their numbers.
TEST(VisibleDevices, AGapInTheNumbers) {
  std::vector<GpuInfo> gpus = kFourAlike;
  gpus.erase(gpus.begin() + 1);
  EXPECT_THAT(Cuda("3,0", gpus).value().indices, ElementsAre(3, 0));
  EXPECT_THAT(Cuda("1", gpus), IsError(ErrorCode::kInvalidArgument, "there is no GPU 1; there are: 0, 2, 3"));
}

}  // namespace
}  // namespace zeus
