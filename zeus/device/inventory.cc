#include "zeus/device/inventory.h"

#include <fmt/format.h>

#include <utility>

#include "zeus/device/amdsmi/list_amd_gpus.h"
#include "zeus/device/nvml/nvml_gpu.h"
#include "zeus/device/powercap/list_cpus.h"
#include "zeus/device/powercap/wrap_watch.h"

namespace zeus {

struct DeviceInventory::Libraries {
  std::unique_ptr<nvml::Library> nvml;
  std::unique_ptr<AmdSmiLibrary> amdsmi;
};

DeviceInventory::DeviceInventory() : libraries_(std::make_unique<Libraries>()) {}

DeviceInventory::~DeviceInventory() = default;

std::unique_ptr<DeviceInventory> DeviceInventory::Open(const InventoryOptions& options) {
  std::unique_ptr<DeviceInventory> inventory(new DeviceInventory);
  const auto open = [&](const char* name, void (DeviceInventory::*opener)(const InventoryOptions&)) {
    if (!options.without.contains(name)) return (inventory.get()->*opener)(options);
    inventory->backends_.push_back(
        {.name = name, .library_version = "", .driver_version = "", .why_not = "it was not asked for"});
  };
  open("nvml", &DeviceInventory::OpenNvidia);
  open("amdsmi", &DeviceInventory::OpenAmd);
  open("powercap", &DeviceInventory::OpenCpus);
  inventory->OpenNode(options);
  inventory->visible_ = inventory->FindVisible(options.visibility, inventory->problems_);
  if (!inventory->visible_) inventory->problems_.push_back(inventory->visible_.error().message);
  return inventory;
}

void DeviceInventory::OpenNvidia(const InventoryOptions& options) {
  Backend backend{.name = "nvml", .library_version = "", .driver_version = "", .why_not = ""};
  Result<std::unique_ptr<nvml::Library>> library = nvml::Library::Open(options.nvml);
  unsigned count = 0;
  if (!library) {
    backend.why_not = library.error().message;
  } else {
    libraries_->nvml = *std::move(library);
    backend.library_version = libraries_->nvml->library_version();
    backend.driver_version = libraries_->nvml->driver_version();
    const nvml::Return result = libraries_->nvml->functions().device_count(&count);
    if (result != nvml::kSuccess) backend.why_not = libraries_->nvml->ToError(result, "nvml", "device count").message;
  }
  backends_.push_back(std::move(backend));
  for (unsigned i = 0; i < count; ++i) {
    Result<nvml::Probe> probe = nvml::ProbeGpu(*libraries_->nvml, static_cast<int>(i));
    if (!probe) {
      problems_.push_back(probe.error().message);
    } else {
      gpus_.push_back(std::make_unique<nvml::NvmlGpu>(*libraries_->nvml, options.clock, *std::move(probe)));
    }
  }
}

void DeviceInventory::OpenAmd(const InventoryOptions& options) {
  Backend backend{.name = "amdsmi", .library_version = "", .driver_version = "", .why_not = ""};
  Result<std::unique_ptr<AmdSmiLibrary>> library = AmdSmiLibrary::Open(options.amdsmi);
  if (!library) {
    backend.why_not = library.error().message;
  } else {
    libraries_->amdsmi = *std::move(library);
    backend.library_version = libraries_->amdsmi->version();
    Result<std::vector<std::unique_ptr<Gpu>>> gpus =
        ListAmdGpus(*libraries_->amdsmi, {.sleep = {},
                                          .on_note = [this](const std::string& note) { problems_.push_back(note); },
                                          .clock = options.clock});
    if (gpus) {
      for (std::unique_ptr<Gpu>& gpu : *gpus) gpus_.push_back(std::move(gpu));
    } else {
      backend.why_not = gpus.error().message;
    }
  }
  backends_.push_back(std::move(backend));
}

void DeviceInventory::OpenCpus(const InventoryOptions& options) {
  Backend backend{.name = "powercap", .library_version = "", .driver_version = "", .why_not = ""};
  Result<CpuList> list = ListCpus(options.root, options.clock);
  if (!list) {
    backend.why_not = list.error().message;
  } else {
    cpus_ = std::move(list->cpus);
    for (const Error& problem : list->problems) problems_.push_back(problem.message);
    if (cpus_.empty() && !list->problems.empty()) backend.why_not = list->problems.front().message;
    if (!cpus_.empty()) wrap_watch_ = std::make_unique<WrapWatch>(Cpus(), list->longest_pause);
  }
  backends_.push_back(std::move(backend));
}

// Last: it stands before what the libraries have opened.
void DeviceInventory::OpenNode(const InventoryOptions& options) {
  if (options.node && !*options.node) return;
  node_ = options.node ? GoThroughNode(**options.node, options.node_changes, options.clock, gpus_, cpus_)
                       : RefuseSettings(options.node.error().message, gpus_);
  // A machine whose processors nobody reads is no reason not to change its GPUs.
  backends_.push_back({.name = "zeusd", .library_version = "", .driver_version = "", .why_not = node_->why_no_gpus});
  if (const std::string why = node_->WhyNot(); !why.empty()) problems_.push_back(why);
}

std::vector<Gpu*> DeviceInventory::AllGpus() const {
  std::vector<Gpu*> gpus;
  for (const std::unique_ptr<Gpu>& gpu : gpus_) gpus.push_back(gpu.get());
  return gpus;
}

std::vector<Cpu*> DeviceInventory::Cpus() const {
  std::vector<Cpu*> cpus;
  for (const std::unique_ptr<Cpu>& cpu : cpus_) cpus.push_back(cpu.get());
  return cpus;
}

Result<std::vector<Gpu*>> DeviceInventory::VisibleGpus() const {
  return visible_;
}

Result<std::vector<Gpu*>> DeviceInventory::FindVisible(const VisibilityVariables& variables,
                                                       std::vector<std::string>& notes) const {
  std::vector<Gpu*> all;
  for (const GpuVendor vendor : {GpuVendor::kNvidia, GpuVendor::kAmd}) {
    std::vector<GpuInfo> infos;
    for (const std::unique_ptr<Gpu>& gpu : gpus_) {
      if (gpu->info().vendor == vendor) infos.push_back(gpu->info());
    }
    // A variable hides nothing where there is nothing; CUDA_VISIBLE_DEVICES= is how people say "no GPU" there.
    if (infos.empty()) continue;
    ZEUS_ASSIGN_OR_RETURN(const VisibleDevices visible, FindVisibleDevices(vendor, variables, infos));
    notes.insert(notes.end(), visible.notes.begin(), visible.notes.end());
    for (const int index : visible.indices) {
      for (const std::unique_ptr<Gpu>& gpu : gpus_) {
        if (gpu->info().vendor == vendor && gpu->info().index == index) all.push_back(gpu.get());
      }
    }
  }
  return all;
}

}  // namespace zeus
