// Who uses a GPU.
#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>

#include "emulator/nvml/context.h"
#include "emulator/nvml/exports.h"
#include "zeus/base/text_file.h"

using namespace zeus::emulator;  // NOLINT: a file of nothing but exported C functions.
using namespace zeus::nvml;      // NOLINT

namespace zeus::emulator {

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  return std::ranges::equal(a, b, {}, lower, lower);
}

nvml::Return CopyProcessName(unsigned pid, char* name, unsigned length) {
  Result<std::string> text = ReadFile("/proc/" + std::to_string(pid) + "/comm", 4096);
  if (!text) return nvml::kNotFound;
  while (text->ends_with('\n')) text->pop_back();
  if (text->size() + 1 > length && length > 0) text->resize(length - 1);
  return CopyText(*text, name, length);
}

namespace {

// One entry for each process, whatever number of loads it has.
std::vector<ProcessInfo> Processes(const Gpu& gpu) {
  std::vector<ProcessInfo> processes;
  for (const Load& load : ListLoads(gpu.shared, gpu.model, gpu.now)) {
    const auto pid = static_cast<unsigned>(load.pid);
    const auto known = std::ranges::find(processes, pid, &ProcessInfo::pid);
    if (known != processes.end()) {
      known->used_memory += load.memory_bytes;
    } else {
      processes.push_back({pid, load.memory_bytes, UINT32_MAX, UINT32_MAX});
    }
  }
  return processes;
}

template <class Info>
nvml::Return CopyProcesses(const std::vector<ProcessInfo>& processes, unsigned* count, Info* infos) {
  if (count == nullptr) return nvml::kInvalidArgument;
  const unsigned room = *count;
  *count = static_cast<unsigned>(processes.size());
  if (room < processes.size()) return nvml::kInsufficientSize;
  for (size_t i = 0; i < processes.size(); ++i) {
    infos[i].pid = processes[i].pid;
    infos[i].used_memory = processes[i].used_memory;
    if constexpr (requires { infos[i].gpu_instance; }) {
      infos[i].gpu_instance = processes[i].gpu_instance;
      infos[i].compute_instance = processes[i].compute_instance;
    }
  }
  return nvml::kSuccess;
}

}  // namespace
}  // namespace zeus::emulator

ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetComputeRunningProcesses_v3(Device device, unsigned* count,
                                                                    ProcessInfo* infos) {
  return OnGpu(__func__, device, [&](const Gpu& gpu) { return CopyProcesses(Processes(gpu), count, infos); });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetComputeRunningProcesses_v2(Device device, unsigned* count,
                                                                    ProcessInfo* infos) {
  return Alias(__func__, device, [&] { return nvmlDeviceGetComputeRunningProcesses_v3(device, count, infos); });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetComputeRunningProcesses(Device device, unsigned* count, ProcessInfoV1* infos) {
  return OnGpu(__func__, device, [&](const Gpu& gpu) { return CopyProcesses(Processes(gpu), count, infos); });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetGraphicsRunningProcesses_v3(Device device, unsigned* count,
                                                                     ProcessInfo* infos) {
  return OnGpu(__func__, device, [&](const Gpu&) { return CopyProcesses<ProcessInfo>({}, count, infos); });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetGraphicsRunningProcesses_v2(Device device, unsigned* count,
                                                                     ProcessInfo* infos) {
  return Alias(__func__, device, [&] { return nvmlDeviceGetGraphicsRunningProcesses_v3(device, count, infos); });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetMPSComputeRunningProcesses_v3(Device device, unsigned* count,
                                                                       ProcessInfo* infos) {
  return Alias(__func__, device, [&] { return nvmlDeviceGetGraphicsRunningProcesses_v3(device, count, infos); });
}
ZEUS_EMULATOR_EXPORT Return nvmlDeviceGetProcessUtilization(Device device, ProcessUtilizationSample* samples,
                                                            unsigned* count, unsigned long long) {
  return OnGpu(__func__, device, [&](const Gpu& gpu) {
    if (count == nullptr) return kInvalidArgument;
    const std::vector<ProcessInfo> processes = Processes(gpu);
    const unsigned room = *count;
    *count = static_cast<unsigned>(processes.size());
    if (processes.empty()) return kNotFound;
    if (samples == nullptr || room < processes.size()) return kInsufficientSize;
    const Moment moment = At(gpu.shared, gpu.model, gpu.now);
    const auto share = [&](double all) {
      return static_cast<unsigned>(std::lround(all * 100 / static_cast<double>(processes.size())));
    };
    for (size_t i = 0; i < processes.size(); ++i) {
      samples[i] = {.pid = processes[i].pid,
                    .time_us = static_cast<unsigned long long>(gpu.now / 1000),
                    .gpu = share(moment.gpu_utilization),
                    .memory = share(moment.memory_utilization),
                    .encoder = 0,
                    .decoder = 0};
    }
    return kSuccess;
  });
}
