#include "zeus/device/amdsmi/amdsmi_functions.h"

namespace zeus::amdsmi {
namespace {

template <class... Arguments>
Result<void> Load(const DynamicLibrary& library, Function<Arguments...>& function) {
  ZEUS_ASSIGN_OR_RETURN(void* const address, library.Symbol(function.name));
  function.address = reinterpret_cast<Status (*)(Arguments...)>(address);
  return {};
}

}  // namespace

Result<Functions> LoadFunctions(const DynamicLibrary& library) {
  Functions functions;
  ZEUS_RETURN_IF_ERROR(Load(library, functions.init));
  ZEUS_RETURN_IF_ERROR(Load(library, functions.shut_down));
  ZEUS_RETURN_IF_ERROR(Load(library, functions.get_lib_version));
  ZEUS_RETURN_IF_ERROR(Load(library, functions.get_socket_handles));
  ZEUS_RETURN_IF_ERROR(Load(library, functions.get_processor_handles));
  ZEUS_RETURN_IF_ERROR(Load(library, functions.get_asic_info));
  ZEUS_RETURN_IF_ERROR(Load(library, functions.get_bdf));
  ZEUS_RETURN_IF_ERROR(Load(library, functions.get_power_info));
  ZEUS_RETURN_IF_ERROR(Load(library, functions.get_power_cap_info));
  ZEUS_RETURN_IF_ERROR(Load(library, functions.set_power_cap));
  ZEUS_RETURN_IF_ERROR(Load(library, functions.get_energy_count));
  const auto if_there = [&library](auto&... each) { (static_cast<void>(Load(library, each)), ...); };
  if_there(functions.get_uuid, functions.get_kfd_info, functions.get_enumeration_info, functions.get_temp_metric,
           functions.get_clock_info, functions.set_clk_limit, functions.set_clk_range, functions.set_perf_level,
           functions.get_activity, functions.get_memory_total, functions.get_memory_usage, functions.get_process_list);
  return functions;
}

}  // namespace zeus::amdsmi
