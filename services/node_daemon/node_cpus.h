#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "services/node_daemon/device_owner.h"
#include "services/node_daemon/gather.h"
#include "services/node_daemon/node_log.h"
#include "services/node_daemon/power_feed.h"
#include "zeus/base/units.h"
#include "zeus/device/cpu.h"

namespace zeus {

/// In the counters' own unit.
struct CpuEnergies {
  int64_t package_uj = 0;
  std::optional<int64_t> dram_uj;
  Time time;
};

struct CpuPowers {
  int64_t package_mw = 0;
  std::optional<int64_t> dram_mw;

  bool operator==(const CpuPowers&) const = default;
};

/// Whole milliwatts over that many microseconds, of which there is at least one.
CpuPowers PowersBetween(const CpuEnergies& before, const CpuEnergies& after, int64_t microseconds);

/// The node's processor packages: they have one owner, for to read one takes microseconds. Thread-safe.
class NodeCpus {
 public:
  template <class Value>
  using Done = typename Gather<Value>::Done;

  /// The cpus must outlive it, and what `log` needs. Power is that of `poll_period`, of streams and of ReadPowers.
  NodeCpus(const std::vector<Cpu*>& cpus, Seconds poll_period, NodeLog log);

  [[nodiscard]] std::vector<uint64_t> ids() const;
  [[nodiscard]] const Cpu& cpu(uint64_t id) const { return places_.at(id)->cpu; }
  [[nodiscard]] PowerFeed& power(uint64_t id) { return places_.at(id)->feed; }

  /// Preconditions of both: at least one, and all of them are there. `done` is called on the owner's thread.
  void ReadEnergies(std::vector<uint64_t> ids, Done<CpuEnergies> done);
  /// Takes a poll period; others are served meanwhile.
  void ReadPowers(std::vector<uint64_t> ids, Done<CpuPowers> done);

  /// Finishes what was asked, but for powers that are being measured. Streams fall silent.
  void Stop() { owner_.Stop(); }

 private:
  struct Place {
    Place(Cpu& its_cpu, std::function<void()> start) : cpu(its_cpu), feed(std::move(start)) {}

    Cpu& cpu;
    PowerFeed feed;
    // The owner's.
    std::optional<CpuEnergies> before;
    std::optional<CpuPowers> streamed;
    bool told_failure = false;
  };

  [[nodiscard]] Gather<CpuEnergies>::Results Read(const std::vector<uint64_t>& ids) const;
  void Sample(Place& place, Time due);

  const Time::duration poll_period_;
  const NodeLog log_;
  std::map<uint64_t, std::unique_ptr<Place>> places_;
  DeviceOwner owner_;
};

}  // namespace zeus
