#pragma once

#include <string>
#include <string_view>

#include "zeus/base/result.h"
#include "zeus/device/amdsmi/amdsmi_abi.h"

namespace zeus::amdsmi {

inline constexpr Status kSuccess = 0;
inline constexpr Status kInvalid = 1;
inline constexpr Status kNotSupported = 2;
inline constexpr Status kNoPermission = 10;
inline constexpr Status kOutOfResources = 15;

/// AMD's own word for a status, such as "AMDSMI_STATUS_NO_PERM"; "AMDSMI status 77" for one that has none in the ABIs
/// we know. Ours, not amdsmi_status_code_to_string: the number of MORE_DATA differs between 25 and 26.
std::string StatusWord(Status status, Abi abi);

ErrorCode CodeOf(Status status);

/// The error of a call that did not succeed: "amdsmi_set_power_cap: AMD GPU 0: AMDSMI_STATUS_NO_PERM: what to do".
Error StatusError(std::string_view function, std::string_view gpu, Status status, Abi abi);

}  // namespace zeus::amdsmi
