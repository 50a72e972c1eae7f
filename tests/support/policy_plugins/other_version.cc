#include "zeus/plugin/policy_plugin.h"

extern "C" const zeus::PolicyPluginEntry zeus_batch_size_policy_plugin;
const zeus::PolicyPluginEntry zeus_batch_size_policy_plugin = {.magic = zeus::kPolicyPluginMagic,
                                                               .version = 999,
                                                               .layout = zeus::kPolicyPluginLayout,
                                                               .zeus_version = "9.9",
                                                               .name = "other-version",
                                                               .make = nullptr};
