// A file of command overrides: parsed, never run.
#include "services/node_daemon/command_overrides.h"
#include "tests/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using zeus::fuzz::Require;
  const auto overrides = zeus::CommandOverrides::Parse(zeus::fuzz::ToText(data, size), "overrides.toml");
  if (!overrides) {
    Require(overrides.error().message.starts_with("overrides.toml"), "the file is named: " + overrides.error().message);
  }
  return 0;
}
