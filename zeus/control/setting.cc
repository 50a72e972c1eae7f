#include "zeus/control/setting.h"

namespace zeus {

std::string_view BorrowedSettingName(BorrowedSetting setting) {
  switch (setting) {
    case BorrowedSetting::kPowerLimit:
      return "power_limit";
    case BorrowedSetting::kPersistenceMode:
      return "persistence_mode";
    case BorrowedSetting::kGraphicsClocks:
      return "graphics_clocks";
    case BorrowedSetting::kMemoryClocks:
      return "memory_clocks";
  }
  return "";
}

}  // namespace zeus
