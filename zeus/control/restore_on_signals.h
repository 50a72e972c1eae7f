#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "zeus/base/result.h"

namespace zeus {

/// While this lives, a SIGINT, SIGTERM, SIGHUP or SIGQUIT that would end the process first restores everything that it
/// has borrowed. Then the process dies by that very signal, so that its parent sees why. Signals that the program or
/// its surroundings handle or ignore are left alone.
///
/// The handler only passes the signal on to a thread. A second signal during a restore changes nothing. Children made
/// by fork(2) die by these signals as if this did not exist.
class RestoreOnSignals {
 public:
  /// `on_error` is called from the thread with everything that could not be restored, before the process dies.
  /// kFailedPrecondition where there is one already: one a process. Install it before other threads start.
  static Result<std::unique_ptr<RestoreOnSignals>> Install(std::function<void(const Error&)> on_error = {});

  /// The signals do again what they did.
  ~RestoreOnSignals();
  RestoreOnSignals(const RestoreOnSignals&) = delete;
  RestoreOnSignals& operator=(const RestoreOnSignals&) = delete;

 private:
  explicit RestoreOnSignals(std::function<void(const Error&)> on_error);

  void Serve(int signals) const;

  // Constant after construction.
  const pid_t owner_;
  const std::function<void(const Error&)> on_error_;
  std::vector<int> handled_;

  std::jthread thread_;
};

}  // namespace zeus
