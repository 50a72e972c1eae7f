#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>

#include "emulator/configuration/configuration.h"
#include "emulator/machine/shared_gpu.h"
#include "zeus/base/result.h"
#include "zeus/base/unique_fd.h"

namespace zeus::emulator {

/// An emulated machine that this process has joined. The state lies in a file (in memory, under /dev/shm) which the
/// first one to come makes from its configuration and the last one to go removes; whoever is killed counts as gone.
class Machine {
 public:
  /// Joins the machine at `state_file`, or makes it of `configuration_text` where nobody is there; what a machine
  /// whose users were all killed has left is replaced. A file that no emulator made stays as it is: kInvalidData.
  static Result<std::unique_ptr<Machine>> Join(const std::filesystem::path& state_file,
                                               const std::string& configuration_text, const std::string& source);

  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  /// What the machine was made of, by whomever.
  [[nodiscard]] const Configuration& configuration() const { return configuration_; }
  [[nodiscard]] size_t gpu_count() const { return configuration_.gpus.size(); }
  [[nodiscard]] const GpuModel& model(size_t gpu) const { return configuration_.gpus[gpu]; }
  [[nodiscard]] SharedGpu& gpu(size_t gpu) const { return gpus_[gpu]; }
  [[nodiscard]] SharedFault& fault(size_t fault) const { return shared_->faults[fault]; }
  [[nodiscard]] Nanoseconds created() const { return shared_->created; }

 private:
  Machine() = default;

  Result<void> Make(const std::string& configuration_text, const std::string& source);
  Result<void> Map(size_t bytes);
  Result<void> Adopt();

  std::filesystem::path state_file_;
  UniqueFd file_;
  /// Who joined, and leaves: a child that it forks shares the lock and must not change it. 0: nobody yet.
  pid_t owner_ = 0;
  Configuration configuration_;
  SharedMachine* shared_ = nullptr;
  SharedGpu* gpus_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace zeus::emulator
