#pragma once

#include "zeus/base/dynamic_library.h"
#include "zeus/base/result.h"
#include "zeus/device/amdsmi/amdsmi_abi.h"

namespace zeus::amdsmi {

/// One exported function; its address is null where the library has none of that name.
template <class... Arguments>
struct Function {
  const char* name;
  Status (*address)(Arguments...) = nullptr;

  [[nodiscard]] bool present() const { return address != nullptr; }
};

/// Structures whose layout depends on the ABI are passed as void*.
struct Functions {
  Function<uint64_t> init{"amdsmi_init"};
  Function<> shut_down{"amdsmi_shut_down"};
  Function<void*> get_lib_version{"amdsmi_get_lib_version"};
  Function<uint32_t*, SocketHandle*> get_socket_handles{"amdsmi_get_socket_handles"};
  Function<SocketHandle, uint32_t*, ProcessorHandle*> get_processor_handles{"amdsmi_get_processor_handles"};
  Function<ProcessorHandle, AsicInfo*> get_asic_info{"amdsmi_get_gpu_asic_info"};
  Function<ProcessorHandle, uint64_t*> get_bdf{"amdsmi_get_gpu_device_bdf"};
  Function<ProcessorHandle, void*> get_power_info{"amdsmi_get_power_info"};
  Function<ProcessorHandle, uint32_t, PowerCapInfo*> get_power_cap_info{"amdsmi_get_power_cap_info"};
  Function<ProcessorHandle, uint32_t, uint64_t> set_power_cap{"amdsmi_set_power_cap"};
  Function<ProcessorHandle, uint64_t*, float*, uint64_t*> get_energy_count{"amdsmi_get_energy_count"};

  // The rest may be missing: a capability goes with each, not the library.
  Function<ProcessorHandle, uint32_t*, char*> get_uuid{"amdsmi_get_gpu_device_uuid"};
  Function<ProcessorHandle, KfdInfo*> get_kfd_info{"amdsmi_get_gpu_kfd_info"};
  Function<ProcessorHandle, EnumerationInfo*> get_enumeration_info{"amdsmi_get_gpu_enumeration_info"};
  Function<ProcessorHandle, uint32_t, uint32_t, int64_t*> get_temp_metric{"amdsmi_get_temp_metric"};
  Function<ProcessorHandle, uint32_t, ClockInfo*> get_clock_info{"amdsmi_get_clock_info"};
  Function<ProcessorHandle, uint32_t, uint32_t, uint64_t> set_clk_limit{"amdsmi_set_gpu_clk_limit"};
  Function<ProcessorHandle, uint64_t, uint64_t, uint32_t> set_clk_range{"amdsmi_set_gpu_clk_range"};
  Function<ProcessorHandle, uint32_t> set_perf_level{"amdsmi_set_gpu_perf_level"};
  Function<ProcessorHandle, EngineUsage*> get_activity{"amdsmi_get_gpu_activity"};
  Function<ProcessorHandle, uint32_t, uint64_t*> get_memory_total{"amdsmi_get_gpu_memory_total"};
  Function<ProcessorHandle, uint32_t, uint64_t*> get_memory_usage{"amdsmi_get_gpu_memory_usage"};
  Function<ProcessorHandle, uint32_t*, void*> get_process_list{"amdsmi_get_gpu_process_list"};
};

/// kNotFound names the first of the indispensable functions that the library does not export.
Result<Functions> LoadFunctions(const DynamicLibrary& library);

}  // namespace zeus::amdsmi
