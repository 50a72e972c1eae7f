#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "zeus/base/clock.h"
#include "zeus/base/result.h"
#include "zeus/device/amdsmi/amdsmi_search.h"
#include "zeus/device/cpu.h"
#include "zeus/device/gpu.h"
#include "zeus/device/remote/node_changer.h"
#include "zeus/device/remote/node_config.h"
#include "zeus/device/remote/node_devices.h"
#include "zeus/device/visible_devices.h"

namespace zeus {

/// Where devices are looked for. The defaults are those of a normal machine without environment variables.
struct InventoryOptions {
  VisibilityVariables visibility;
  std::filesystem::path nvml = "libnvidia-ml.so.1";  ///< A bare name is for the loader to find.
  AmdSmiSearch amdsmi;
  std::filesystem::path root = "/";  ///< What holds /sys and /proc.
  /// Names of backends that are not tried.
  std::set<std::string> without = {};
  const Clock& clock = Clock::System();
  /// The node daemon that changes settings in this process's place, and reads what this machine's libraries do not let
  /// it read; nothing: there is none. An error, such as that of variables that cannot be followed, is told, and no
  /// setting is changed then.
  Result<std::optional<NodeConfig>> node = {};
  NodeChanges node_changes = NodeChanges::kLeased;
};

/// One way to devices, and whether it can be gone here.
struct Backend {
  std::string name;             ///< "nvml", "amdsmi", "powercap"; "zeusd" where it was asked for.
  std::string library_version;  ///< Empty where there is none to tell.
  std::string driver_version;
  std::string why_not;  ///< Why it cannot be used; empty where it can.

  [[nodiscard]] bool available() const { return why_not.empty(); }
};

/// The devices of this machine. What is not there, or cannot be used, is no error: it is told in backends() and
/// problems(), and the rest works. Owns devices and libraries; thread-safe once opened.
class DeviceInventory {
 public:
  static std::unique_ptr<DeviceInventory> Open(const InventoryOptions& options = {});

  ~DeviceInventory();
  DeviceInventory(const DeviceInventory&) = delete;
  DeviceInventory& operator=(const DeviceInventory&) = delete;

  [[nodiscard]] const std::vector<Backend>& backends() const { return backends_; }
  /// Devices that could not be opened, and what users should know, a sentence each.
  [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }

  /// How it went with the node daemon; nothing where none was asked for.
  [[nodiscard]] const std::optional<NodeReport>& node() const { return node_; }

  /// Every GPU, NVIDIA's first, in the vendors' own order.
  [[nodiscard]] std::vector<Gpu*> AllGpus() const;
  /// Those that the visibility variables leave, in the variables' order: GPU n of a training script is the n-th of
  /// these. kInvalidArgument for a variable that cannot be followed.
  [[nodiscard]] Result<std::vector<Gpu*>> VisibleGpus() const;
  [[nodiscard]] std::vector<Cpu*> Cpus() const;

 private:
  struct Libraries;

  DeviceInventory();

  void OpenNvidia(const InventoryOptions& options);
  void OpenAmd(const InventoryOptions& options);
  void OpenCpus(const InventoryOptions& options);
  void OpenNode(const InventoryOptions& options);
  [[nodiscard]] Result<std::vector<Gpu*>> FindVisible(const VisibilityVariables& variables,
                                                      std::vector<std::string>& notes) const;

  // Libraries outlive the devices they drive.
  std::unique_ptr<Libraries> libraries_;
  std::vector<Backend> backends_;
  std::vector<std::string> problems_;
  std::optional<NodeReport> node_;
  std::vector<std::unique_ptr<Gpu>> gpus_;
  Result<std::vector<Gpu*>> visible_;
  std::vector<std::unique_ptr<Cpu>> cpus_;
  std::unique_ptr<class WrapWatch> wrap_watch_;
};

}  // namespace zeus
