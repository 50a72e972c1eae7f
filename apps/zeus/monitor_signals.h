#pragma once

#include "zeus/base/clock.h"

/// How programs that measure until they are told to end wait: for a moment or a signal, whichever is first. No handler
/// runs in the middle of anything, so that what is being written is written whole.
namespace zeus {

/// Keeps SIGINT, SIGTERM, and SIGHUP unless it is ignored, from ending the process: SignalBefore takes them. For the
/// calling thread and those that it starts later, so before a GPU's library can start one.
void BlockEndingSignals();

/// Sleeps until then, or until one of these signals; says whether there was one. When the time has passed, it only
/// looks.
bool SignalBefore(Time until);

}  // namespace zeus
