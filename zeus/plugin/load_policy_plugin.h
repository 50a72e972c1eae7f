#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "zeus/base/result.h"
#include "zeus/optimizer/batch_size/batch_size_policy.h"
#include "zeus/optimizer/policy_options.h"

namespace zeus {

struct PolicyPluginEntry;

/// A batch-size policy from a shared object, which stays loaded for the life of the process. A value: copies make
/// policies of the same kind. Thread-safe.
class PolicyPlugin {
 public:
  [[nodiscard]] const std::string& name() const { return name_; }
  /// The version of the library that the plugin was compiled with.
  [[nodiscard]] const std::string& zeus_version() const { return zeus_version_; }

  /// A fresh policy; kInvalidData when the plugin's factory gives none.
  [[nodiscard]] Result<std::unique_ptr<BatchSizePolicy>> Make(const PolicyOptions& options) const;

 private:
  friend Result<PolicyPlugin> LoadPolicyPlugin(const std::filesystem::path& path);

  PolicyPlugin(const std::filesystem::path& path, const PolicyPluginEntry& entry);

  std::string path_;
  std::string name_;
  std::string zeus_version_;
  const PolicyPluginEntry* entry_;
};

/// Opens a shared object that was made with policy_plugin.h. kNotFound when there is no such file; kInvalidData when it
/// is no shared object, one for another machine, one without a policy, or made for another version of this program;
/// the message says which.
Result<PolicyPlugin> LoadPolicyPlugin(const std::filesystem::path& path);

}  // namespace zeus
