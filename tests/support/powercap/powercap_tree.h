#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "tests/support/files.h"

namespace zeus::testing {

/// A copy of one of the folders beside this file, which look like the root of a machine, for a test to change:
///   one_socket, one_socket_dram    with the links that the kernel makes in /sys/class/powercap
///   two_sockets                    zones beside the control type, without links: a folder that was copied or mounted
///   two_sockets_dram, two_dies     with the processors' topology
///   laptop_psys                    with core and uncore, and a zone of the whole platform
class PowercapTree {
 public:
  explicit PowercapTree(const std::string& name) {
    std::filesystem::copy(std::filesystem::path(ZEUS_POWERCAP_TREES) / name, root_.path(),
                          std::filesystem::copy_options::recursive | std::filesystem::copy_options::copy_symlinks);
  }

  [[nodiscard]] const std::filesystem::path& root() const { return root_.path(); }
  [[nodiscard]] std::filesystem::path powercap() const { return root() / "sys/class/powercap"; }

  /// A zone's file: ("intel-rapl:0:0", "energy_uj").
  [[nodiscard]] std::filesystem::path File(const std::string& zone, const std::string& name) const {
    return powercap() / zone / name;
  }
  void Write(const std::string& zone, const std::string& name, std::string_view content) const {
    std::ofstream(File(zone, name), std::ios::binary) << content;
  }
  void SetEnergy(const std::string& zone, uint64_t microjoules) const {
    Write(zone, "energy_uj", std::to_string(microjoules) + "\n");
  }
  /// What a process's stat in proc looks like when it last ran on `processor`.
  void WriteStat(const std::string& process, int processor, const std::string& command = "python3") const {
    std::filesystem::create_directories(root() / "proc" / process);
    std::ofstream stat(root() / "proc" / process / "stat");
    stat << "4711 (" << command << ") R";
    for (int field = 4; field < 39; ++field) stat << ' ' << field;
    stat << ' ' << processor << " 0 0 0\n";
  }

 private:
  TemporaryFolder root_;
};

}  // namespace zeus::testing
