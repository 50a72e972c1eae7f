#pragma once

#include <vector>

#include "services/node_daemon/api_group.h"
#include "zeus/base/result.h"

namespace zeus {

/// Whether what the daemon runs may gain privileges, as sudo does.
enum class NewPrivileges { kRefused, kAllowed };

/// Gives up, for good, every capability that serving these groups does not need: CAP_SYS_ADMIN for `gpu-control`,
/// CAP_DAC_READ_SEARCH for `cpu-read`. Holds for the calling thread, for those that it starts, and for what they run;
/// so to be called while there is only one. Source: capabilities(7), PR_SET_NO_NEW_PRIVS(2const).
Result<void> GiveUpPrivileges(const std::vector<ApiGroup>& groups, NewPrivileges new_privileges);

}  // namespace zeus
