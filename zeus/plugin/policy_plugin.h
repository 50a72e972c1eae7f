#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "zeus/base/version.h"
#include "zeus/optimizer/batch_size/batch_size_policy.h"
#include "zeus/optimizer/policy_options.h"

/// What a shared object with a batch-size policy of your own includes. docs/plugins.md and examples/custom_policy/ show
/// the rest.
namespace zeus {

/// Rises with every change to what crosses between a program and its plugins: PolicyPluginEntry, BatchSizePolicy, or a
/// type in their calls.
inline constexpr uint32_t kPolicyPluginVersion = 3;

/// First in every entry, so that a program knows what it has found before it believes the rest.
inline constexpr uint32_t kPolicyPluginMagic = 0x5a455553;

/// Differs where compiler settings or another C++ library give the types that cross another size.
inline constexpr uint64_t kPolicyPluginLayout = [] {
  uint64_t layout = 0;
  for (const size_t size : {sizeof(PolicyOptions), sizeof(JobIdentity), sizeof(KnobSpace), sizeof(Result<JobId>),
                            sizeof(Result<Proposal>), sizeof(Observation), sizeof(Result<std::string>)}) {
    layout = layout * 257 + size;
  }
  return layout;
}();

/// What a plugin exports under kPolicyPluginSymbol. Magic and version stay first in every version.
struct PolicyPluginEntry {
  uint32_t magic;
  uint32_t version;
  uint64_t layout;
  const char* zeus_version;  ///< Of the library it was compiled with; for messages.
  const char* name;          ///< The policy's name on the command line.
  /// A fresh policy that the caller deletes, or null. Called from several threads at once.
  BatchSizePolicy* (*make)(const PolicyOptions& options) noexcept;
};

inline constexpr char kPolicyPluginSymbol[] = "zeus_batch_size_policy_plugin";

/// Calls a plugin's factory; what it throws becomes null, because no exception crosses into the program.
template <auto kMake>
BatchSizePolicy* MakePluginPolicy(const PolicyOptions& options) noexcept {
  try {
    std::unique_ptr<BatchSizePolicy> policy = kMake(options);
    return policy.release();
  } catch (...) {
    return nullptr;
  }
}

}  // namespace zeus

/// Exports a policy, once in a shared object, at namespace scope. `make_function` is a function
/// `std::unique_ptr<zeus::BatchSizePolicy> Make(const zeus::PolicyOptions&)` that may be called from several threads.
#define ZEUS_BATCH_SIZE_POLICY_PLUGIN(policy_name, make_function)                                                  \
  extern "C" __attribute__((visibility("default"))) const ::zeus::PolicyPluginEntry zeus_batch_size_policy_plugin; \
  const ::zeus::PolicyPluginEntry zeus_batch_size_policy_plugin = {::zeus::kPolicyPluginMagic,                     \
                                                                   ::zeus::kPolicyPluginVersion,                   \
                                                                   ::zeus::kPolicyPluginLayout,                    \
                                                                   ::zeus::kVersion,                               \
                                                                   policy_name,                                    \
                                                                   &::zeus::MakePluginPolicy<make_function>}
