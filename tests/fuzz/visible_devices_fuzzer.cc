// CUDA_VISIBLE_DEVICES.
#include <algorithm>

#include "tests/fuzz/require.h"
#include "zeus/device/visible_devices.h"

using zeus::fuzz::Require;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<zeus::GpuInfo> gpus;
  for (int i = 0; i < 4; ++i) {
    gpus.push_back({.vendor = zeus::GpuVendor::kNvidia,
                    .name = "GPU",
                    .uuid = "GPU-" + std::to_string(i),
                    .pci_address = "",
                    .index = i,
                    .notes = {}});
  }
  const zeus::VisibilityVariables variables{.cuda_visible_devices = std::string(zeus::fuzz::ToText(data, size)),
                                            .cuda_device_order = {},
                                            .hip_visible_devices = {}};
  const auto visible = FindVisibleDevices(zeus::GpuVendor::kNvidia, variables, gpus);
  if (!visible) {
    Require(visible.error().message.starts_with("CUDA_VISIBLE_DEVICES:"), "an error names its variable");
    return 0;
  }
  std::vector<int> indices = visible->indices;
  std::ranges::sort(indices);
  Require(!indices.empty() && std::ranges::adjacent_find(indices) == indices.end(), "each GPU once");
  Require(indices.front() >= 0 && indices.back() < 4, "only GPUs that exist");
  return 0;
}
