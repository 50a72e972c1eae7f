#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "zeus/base/result.h"
#include "zeus/control/restore_on_signals.h"
#include "zeus/training/local_gpus.h"

namespace zeus::python {

/// A process's environment, as Python hands it in.
using Environment = std::map<std::string, std::string>;

/// One for all who have borrowed something; gone with the last of them. A forked child makes its own. Null where
/// another part of the program has one.
std::shared_ptr<RestoreOnSignals> SharedRestoreOnSignals();

/// GPUs that a Python script trains on: borrowed, and given back also when a signal ends the process.
struct BorrowedGpus {
  std::shared_ptr<RestoreOnSignals> signals;  // Null where another one of this process's does it.
  std::unique_ptr<LocalGpus> gpus;
};

/// `positions` count the GPUs that `environment` leaves visible; empty: all. Errors: those of LocalGpus::Open.
Result<BorrowedGpus> BorrowGpus(const Environment& environment, std::vector<size_t> positions);

/// The devices, with the variables that say which are visible, and what changes their settings.
InventoryOptions InventoryOf(const Environment& environment);

}  // namespace zeus::python
