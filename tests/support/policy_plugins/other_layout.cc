#include "zeus/plugin/policy_plugin.h"

extern "C" const zeus::PolicyPluginEntry zeus_batch_size_policy_plugin;
const zeus::PolicyPluginEntry zeus_batch_size_policy_plugin = {.magic = zeus::kPolicyPluginMagic,
                                                               .version = zeus::kPolicyPluginVersion,
                                                               .layout = 1,
                                                               .zeus_version = "0.0.7",
                                                               .name = "other-layout",
                                                               .make = nullptr};
