#pragma once

#include <string_view>

namespace zeus {

/// What can be borrowed of a GPU.
enum class BorrowedSetting { kPowerLimit, kPersistenceMode, kGraphicsClocks, kMemoryClocks };

/// "power_limit", "persistence_mode", "graphics_clocks", "memory_clocks": the words of journals and JSON.
std::string_view BorrowedSettingName(BorrowedSetting setting);

}  // namespace zeus
