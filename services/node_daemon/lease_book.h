#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "services/node_daemon/device_owner.h"
#include "zeus/base/clock.h"
#include "zeus/base/units.h"

namespace zeus {

/// What others are told of a lease; its id is its holder's alone.
struct LeaseView {
  int64_t number = 0;
  std::string holder;
  int64_t since_ms = 0;                                  ///< Since 1970, UTC.
  std::optional<Seconds> ttl;                            ///< Absent: it is held by a connection.
  std::optional<Seconds> expires_in;                     ///< Absent with `ttl`.
  std::map<uint64_t, std::vector<std::string>> changes;  ///< By GPU, the last of each kind.
};

/// Who holds leases. A lease lasts until it is ended, or is not renewed in time. Thread-safe.
class LeaseBook {
 public:
  struct Opened {
    int64_t number = 0;
    std::string id;  ///< Nobody else can guess it.
  };

  /// `ended` is called once for each lease, on any thread, after it has ceased to be live.
  explicit LeaseBook(std::function<void(int64_t lease)> ended) : ended_(std::move(ended)) {}

  /// Without a `ttl` it lasts until End().
  Opened Open(std::string holder, std::optional<Seconds> ttl);
  /// The number of the live lease with this id.
  [[nodiscard]] std::optional<int64_t> Find(const std::string& id) const;
  [[nodiscard]] bool IsLive(int64_t lease) const;
  /// Its time begins anew, and how long that is; nothing where there is no such lease or it has no time.
  std::optional<Seconds> Renew(const std::string& id);
  /// False where there is no such lease.
  bool End(const std::string& id);
  /// Notes a change of a GPU for List(): "set_power_limit 250 W" replaces the earlier one that begins with that word.
  void Note(int64_t lease, uint64_t gpu, const std::string& change);
  [[nodiscard]] std::vector<LeaseView> List() const;

  /// Ends all of them. No more can be opened that end by themselves.
  void Stop();

 private:
  struct Lease {
    std::string id;
    LeaseView view;
    Time deadline;
  };

  void Watch(int64_t lease, Time deadline);
  // When its deadline may have come.
  void Expire(int64_t lease);
  bool Remove(int64_t lease);

  const std::function<void(int64_t lease)> ended_;
  mutable std::mutex mutex_;  // Guards the two below.
  int64_t last_number_ = 0;
  std::map<int64_t, Lease> leases_;
  DeviceOwner keeper_;  // Wakes up when a deadline comes. The last: it uses the others.
};

}  // namespace zeus
