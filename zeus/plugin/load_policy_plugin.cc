#include "zeus/plugin/load_policy_plugin.h"

#include <fmt/format.h>

#include "zeus/base/dynamic_library.h"
#include "zeus/plugin/check_shared_object.h"
#include "zeus/plugin/policy_plugin.h"

namespace zeus {
namespace {

// Reads no field before those in front of it have said that it is there.
Result<void> CheckEntry(const std::string& path, const PolicyPluginEntry& entry) {
  const auto fail = [&](const std::string& problem) {
    return Fail(ErrorCode::kInvalidData, fmt::format("{}: {}", path, problem));
  };
  if (entry.magic != kPolicyPluginMagic) {
    return fail(fmt::format("its {} is something else than a policy; make it with zeus/plugin/policy_plugin.h",
                            kPolicyPluginSymbol));
  }
  if (entry.version != kPolicyPluginVersion) {
    return fail(fmt::format("built for plugin version {}, this program has {}; build it against Zeus {}", entry.version,
                            kPolicyPluginVersion, kVersion));
  }
  const std::string zeus_version = entry.zeus_version == nullptr ? "?" : entry.zeus_version;
  if (entry.layout != kPolicyPluginLayout) {
    return fail(fmt::format(
        "built with another C++ library or other compiler settings than this program, against Zeus {}; this is Zeus {}",
        zeus_version, kVersion));
  }
  if (entry.name == nullptr || *entry.name == '\0') return fail("its policy has no name");
  if (entry.make == nullptr) return fail("it has no function that makes its policy");
  return {};
}

}  // namespace

PolicyPlugin::PolicyPlugin(const std::filesystem::path& path, const PolicyPluginEntry& entry)
    : path_(path.string()),
      name_(entry.name),
      zeus_version_(entry.zeus_version == nullptr ? "" : entry.zeus_version),
      entry_(&entry) {}

Result<std::unique_ptr<BatchSizePolicy>> PolicyPlugin::Make(const PolicyOptions& options) const {
  std::unique_ptr<BatchSizePolicy> policy(entry_->make(options));
  if (!policy) {
    return Fail(ErrorCode::kInvalidData,
                fmt::format("{}: its function that makes the policy {} made none", path_, name_));
  }
  return policy;
}

Result<PolicyPlugin> LoadPolicyPlugin(const std::filesystem::path& path) {
  ZEUS_RETURN_IF_ERROR(CheckSharedObject(path));
  ZEUS_ASSIGN_OR_RETURN(const DynamicLibrary library, DynamicLibrary::Open(path));
  const Result<void*> symbol = library.Symbol(kPolicyPluginSymbol);
  if (!symbol) {
    return Fail(ErrorCode::kInvalidData,
                fmt::format("{}: holds no policy: it has no symbol {}; make one with ZEUS_BATCH_SIZE_POLICY_PLUGIN",
                            path.string(), kPolicyPluginSymbol));
  }
  const auto& entry = *static_cast<const PolicyPluginEntry*>(*symbol);
  ZEUS_RETURN_IF_ERROR(CheckEntry(path.string(), entry));
  return PolicyPlugin(path, entry);
}

}  // namespace zeus
