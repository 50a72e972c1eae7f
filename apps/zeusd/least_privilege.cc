#include "apps/zeusd/least_privilege.h"

#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

namespace zeus {
namespace {

constexpr int kBitsOfAWord = 32;

uint64_t Bit(int capability) {
  return uint64_t{1} << capability;
}

uint64_t NeededFor(const std::vector<ApiGroup>& groups) {
  const auto has = [&](ApiGroup group) { return std::ranges::find(groups, group) != groups.end(); };
  return (has(ApiGroup::kGpuControl) ? Bit(CAP_SYS_ADMIN) : 0) |
         (has(ApiGroup::kCpuRead) ? Bit(CAP_DAC_READ_SEARCH) : 0);
}

std::unexpected<Error> Refused(const char* what) {
  return Fail(ErrorCode::kPermissionDenied,
              fmt::format("cannot give up privileges: {}: {}", what, std::strerror(errno)));
}

}  // namespace

Result<void> GiveUpPrivileges(const std::vector<ApiGroup>& groups, NewPrivileges new_privileges) {
  if (new_privileges == NewPrivileges::kRefused && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return Refused("PR_SET_NO_NEW_PRIVS");
  }
  const uint64_t needed = NeededFor(groups);
  // Of those that may be had at all. Without CAP_SETPCAP it stays as whoever started us has set it.
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    if ((needed & Bit(capability)) != 0) continue;
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno != EPERM) return Refused("PR_CAPBSET_DROP");
  }
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) return Refused("PR_CAP_AMBIENT");
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  if (::syscall(SYS_capget, &header, sets.data()) != 0) return Refused("capget");
  for (size_t word = 0; word < sets.size(); ++word) {
    const auto kept = static_cast<uint32_t>(needed >> (word * kBitsOfAWord));
    sets.at(word).permitted &= kept;
    sets.at(word).effective &= kept;
    sets.at(word).inheritable &= kept;
  }
  if (::syscall(SYS_capset, &header, sets.data()) != 0) return Refused("capset");
  return {};
}

}  // namespace zeus
