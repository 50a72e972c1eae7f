// The configuration of an emulated machine.
#include "emulator/configuration/configuration.h"
#include "tests/fuzz/require.h"

using zeus::fuzz::Require;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = zeus::fuzz::ToText(data, size);
  const auto machine = zeus::emulator::ParseConfiguration(text, "machine.toml");
  if (!machine) {
    Require(machine.error().message.starts_with("machine.toml:"), "an error names file and line",
            machine.error().message);
  } else {
    Require(machine->gpus.size() <= zeus::emulator::kMaxGpus, "there are no more GPUs than fit");
    for (const zeus::emulator::GpuModel& gpu : machine->gpus) {
      Require(gpu.min_limit <= gpu.default_limit && gpu.default_limit <= gpu.max_limit, "limits are in order");
    }
  }
  const auto gpus = zeus::emulator::ParseGpuList(text);
  Require(!gpus || (!gpus->empty() && gpus->size() <= zeus::emulator::kMaxGpus), "a list holds 1 to 64 GPUs");
  return 0;
}
