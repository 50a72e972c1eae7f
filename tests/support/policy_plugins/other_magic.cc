#include "zeus/plugin/policy_plugin.h"

extern "C" const zeus::PolicyPluginEntry zeus_batch_size_policy_plugin;
const zeus::PolicyPluginEntry zeus_batch_size_policy_plugin = {.magic = 1,
                                                               .version = zeus::kPolicyPluginVersion,
                                                               .layout = zeus::kPolicyPluginLayout,
                                                               .zeus_version = zeus::kVersion,
                                                               .name = "other-magic",
                                                               .make = nullptr};
