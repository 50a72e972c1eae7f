#include "zeus/device/visible_devices.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

namespace zeus {
namespace {

std::string_view Trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

Result<VisibleDevice> ParseEntry(std::string_view variable, std::string_view entry) {
  if (entry.starts_with("MIG-")) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: \"{}\" is a MIG slice: NVML tells neither power nor energy of a slice, only of the "
                            "whole GPU; name the GPU by its index or GPU-UUID to measure it as a whole",
                            variable, entry));
  }
  if (entry.starts_with("GPU-") && entry.size() > 4) return VisibleDevice{std::nullopt, std::string(entry)};
  int index = 0;
  const auto [end, error] = std::from_chars(entry.data(), entry.data() + entry.size(), index);
  if (entry.empty() || error != std::errc() || end != entry.data() + entry.size() || index < 0) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: \"{}\" is neither an index (0, 1, ...) nor a GPU-UUID (GPU-...)", variable, entry));
  }
  return VisibleDevice{index, ""};
}

Result<int> Resolve(std::string_view variable, const VisibleDevice& entry, const std::vector<GpuInfo>& gpus) {
  if (entry.index) {
    if (std::ranges::count(gpus, *entry.index, &GpuInfo::index) > 0) return *entry.index;
    std::vector<int> known;
    for (const GpuInfo& gpu : gpus) known.push_back(gpu.index);
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: there is no GPU {}; there are: {}", variable, *entry.index, fmt::join(known, ", ")));
  }
  std::optional<int> found;
  for (const GpuInfo& gpu : gpus) {
    if (!gpu.uuid.starts_with(entry.uuid_prefix)) continue;
    if (found) {
      return Fail(ErrorCode::kInvalidArgument, fmt::format("{}: \"{}\" fits GPU {} and GPU {}; write more of the UUID",
                                                           variable, entry.uuid_prefix, *found, gpu.index));
    }
    found = gpu.index;
  }
  if (!found) {
    std::vector<std::string> known;
    for (const GpuInfo& gpu : gpus) known.push_back(gpu.uuid);
    return Fail(ErrorCode::kInvalidArgument, fmt::format("{}: no GPU has the UUID \"{}\"; there are: {}", variable,
                                                         entry.uuid_prefix, fmt::join(known, ", ")));
  }
  return *found;
}

bool AllAlike(const std::vector<GpuInfo>& gpus) {
  return std::ranges::all_of(gpus, [&](const GpuInfo& gpu) { return gpu.name == gpus.front().name; });
}

Result<void> CheckOrder(const VisibilityVariables& variables, const std::vector<GpuInfo>& gpus,
                        std::vector<std::string>& notes) {
  const std::string order = variables.cuda_device_order.value_or("");
  if (!order.empty() && order != "PCI_BUS_ID" && order != "FASTEST_FIRST") {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("CUDA_DEVICE_ORDER: \"{}\" is neither PCI_BUS_ID nor FASTEST_FIRST", order));
  }
  if (order != "PCI_BUS_ID" && !AllAlike(gpus)) {
    notes.emplace_back(
        "the GPUs differ, and CUDA may count them in another order than the PCI order used here; set "
        "CUDA_DEVICE_ORDER=PCI_BUS_ID");
  }
  return {};
}

}  // namespace

Result<std::vector<VisibleDevice>> ParseVisibleDevices(std::string_view variable, std::string_view text) {
  if (Trimmed(text).empty()) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: it is set, but empty, which hides every GPU; unset it, or list indices (0,1) or "
                            "GPU-UUIDs",
                            variable));
  }
  std::vector<VisibleDevice> entries;
  while (true) {
    const size_t comma = text.find(',');
    ZEUS_ASSIGN_OR_RETURN(VisibleDevice entry, ParseEntry(variable, Trimmed(text.substr(0, comma))));
    entries.push_back(std::move(entry));
    if (comma == std::string_view::npos) return entries;
    text.remove_prefix(comma + 1);
  }
}

Result<VisibleDevices> FindVisibleDevices(GpuVendor vendor, const VisibilityVariables& variables,
                                          const std::vector<GpuInfo>& gpus) {
  VisibleDevices visible;
  const bool hip = vendor == GpuVendor::kAmd && variables.hip_visible_devices.has_value();
  const std::string_view variable = hip ? "HIP_VISIBLE_DEVICES" : "CUDA_VISIBLE_DEVICES";
  const std::optional<std::string>& text = hip ? variables.hip_visible_devices : variables.cuda_visible_devices;
  if (vendor == GpuVendor::kNvidia) ZEUS_RETURN_IF_ERROR(CheckOrder(variables, gpus, visible.notes));
  if (!text) {
    for (const GpuInfo& gpu : gpus) visible.indices.push_back(gpu.index);
    return visible;
  }
  ZEUS_ASSIGN_OR_RETURN(const std::vector<VisibleDevice> entries, ParseVisibleDevices(variable, *text));
  for (const VisibleDevice& entry : entries) {
    ZEUS_ASSIGN_OR_RETURN(const int index, Resolve(variable, entry, gpus));
    if (std::ranges::count(visible.indices, index) > 0) {
      return Fail(ErrorCode::kInvalidArgument, fmt::format("{}: GPU {} is listed twice", variable, index));
    }
    visible.indices.push_back(index);
  }
  return visible;
}

}  // namespace zeus
