// usage: hold_power_limit WATTS
//
// Borrows the power limit of the visible GPUs, as a training session does, says "held" and stays until it is told to
// end. What was there before then comes back; when it is killed, the next that borrows or restores puts it back.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "zeus/control/restore_on_signals.h"
#include "zeus/training/local_gpus.h"

int main(int count, char** arguments) {
  const char* const visible = std::getenv("CUDA_VISIBLE_DEVICES");
  zeus::LocalGpusOptions options;
  if (visible != nullptr) options.inventory.visibility.cuda_visible_devices = visible;
  options.journal_folder = zeus::DefaultJournalFolder(::geteuid(), {});
  options.wall_clock = std::chrono::system_clock::now;
  const auto signals = zeus::RestoreOnSignals::Install();
  const auto gpus = zeus::LocalGpus::Open(options);
  const auto held =
      gpus && count == 2 ? (*gpus)->SetPowerLimit(zeus::Watts(std::atof(arguments[1]))) : zeus::Result<void>();
  if (!signals || !gpus || !held) {
    std::fprintf(stderr, "hold_power_limit: %s\n",
                 (!signals ? signals.error()
                  : !gpus  ? gpus.error()
                           : held.error())
                     .message.c_str());
    return 1;
  }
  std::puts("held");
  std::fflush(stdout);
  while (true) ::pause();
}
