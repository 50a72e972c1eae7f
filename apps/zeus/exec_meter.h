#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/zeus/monitor_gpus.h"
#include "zeus/monitor/energy_monitor.h"

namespace zeus {

/// Something whose energy is told apart: a GPU, a processor package, the memory of one.
struct ExecDevice {
  std::string name;   ///< "gpu0", "cpu0", "dram0": for files.
  std::string title;  ///< "GPU 0 Tesla V100-PCIE-32GB": for people.
  bool is_gpu = false;
};

struct ExecFigure {
  Result<EnergyFigure> energy;
  std::optional<Watts> peak;  ///< Of GPUs with a power sensor.
};

/// One run of a command, or one wait.
struct ExecRun {
  Seconds time;
  int exit_code = 0;
  std::vector<ExecFigure> figures;  ///< One for each of the meter's devices.
};

/// Energy and peak power of devices while something runs.
class ExecMeter {
 public:
  /// Power is sampled each `period`. Processors that cannot be read are left out, and notes() says why.
  static Result<ExecMeter> Create(const std::vector<ChosenGpu>& gpus, const std::vector<Cpu*>& cpus, Seconds period);

  [[nodiscard]] const std::vector<ExecDevice>& devices() const { return devices_; }
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

  /// What `body` returns is the run's exit code, and its error this one's. A device that is lost meanwhile has its
  /// error in its place.
  [[nodiscard]] Result<ExecRun> Measure(const std::function<Result<int>()>& body);

 private:
  explicit ExecMeter(Seconds period) : period_(period) {}

  Seconds period_;
  std::vector<ExecDevice> devices_;
  std::vector<std::string> notes_;
  std::unique_ptr<EnergyMonitor> monitor_;
};

}  // namespace zeus
