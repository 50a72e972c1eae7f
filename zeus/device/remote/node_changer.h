#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "zeus/base/result.h"
#include "zeus/base/unique_fd.h"
#include "zeus/device/remote/node_client.h"
#include "zeus/device/remote/node_messages.h"
#include "zeus/http_client/event_reader.h"

namespace zeus {

/// What becomes of changes when this process ends.
enum class NodeChanges {
  kLeased,   ///< The daemon puts back what was there before.
  kForGood,  ///< They stay.
};

/// Changes GPUs' settings through the node daemon, for one process. Thread-safe; one change after the other.
///
/// Leased changes hang on a connection that is kept open: when this goes away or the process dies, by kill -9, too,
/// the daemon puts back what was there before. A daemon that ends takes the lease along; once it is back, a thread
/// makes the changes that count anew, under a new lease. In a child made by fork(2) it is without effect, and the
/// connection is closed.
class NodeChanger {
 public:
  /// The one of this process for this daemon; it goes away with the last who shares it: two leases of one process would
  /// contend for the last word.
  static std::shared_ptr<NodeChanger> Share(const NodeConfig& config, NodeChanges changes);

  /// `patience` is how long a change waits for a daemon that is away.
  NodeChanger(NodeConfig config, NodeChanges changes, std::chrono::milliseconds patience = std::chrono::seconds(10));
  ~NodeChanger();
  NodeChanger(const NodeChanger&) = delete;
  NodeChanger& operator=(const NodeChanger&) = delete;

  /// Waits until it is made. Where a change before has waited in vain, tries once. Errors are those of NodeClient.
  Result<void> Change(node::Id gpu, const node::Change& change);

  /// What counts of that which was set here.
  [[nodiscard]] std::optional<Watts> PowerLimitOf(node::Id gpu);
  [[nodiscard]] std::optional<PersistenceMode> PersistenceModeOf(node::Id gpu);

 private:
  enum class Slot { kPersistenceMode, kPowerLimit, kGraphicsClocks, kMemoryClocks };
  enum class Outcome { kAnswered, kAway, kLeaseLost };
  struct Attempt {
    Outcome outcome = Outcome::kAnswered;
    Result<void> result;
  };
  struct Lease {
    http::EventReader reader;
    std::string id;
  };

  std::optional<node::Change> Made(Slot slot, node::Id gpu);

  // All of these want mutex_ held.
  Attempt Try(node::Id gpu, const node::Change& change);
  Attempt Send(node::Id gpu, const node::Change& change);
  Attempt OpenLease();
  void Remember(node::Id gpu, const node::Change& change);
  // Drops a lease whose connection has ended.
  void CheckLease();
  void DropLease();

  void Watch(const std::stop_token& stop);
  // Absent: there is nothing to wait for but Wake().
  std::optional<std::chrono::milliseconds> MendLease(int& descriptor);
  void Wake();

  // Constant after construction.
  const pid_t owner_;
  const NodeChanges changes_;
  const std::chrono::milliseconds patience_;
  const UniqueFd wake_;  // An eventfd(2).
  // Synchronised by itself.
  NodeClient client_;

  std::mutex mutex_;  // Guards what follows.
  std::unique_ptr<Lease> lease_;
  // What counts, in the order in which it is made anew: without persistence mode a driver may drop the rest.
  std::map<std::pair<Slot, node::Id>, node::Change> made_;
  bool has_waited_in_vain_ = false;

  std::jthread watcher_;  // From the first lease on. The last: it uses the others.
};

}  // namespace zeus
