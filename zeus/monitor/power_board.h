#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "zeus/base/result.h"
#include "zeus/monitor/node_power.h"
#include "zeus/monitor/power_event.h"
#include "zeus/monitor/told_power.h"

namespace zeus {

/// One of the streams that write to a board: which node, and which of its devices.
struct StreamKey {
  size_t node = 0;
  StreamedKind kind = StreamedKind::kGpu;
};

/// What streams of power have told; they write, others read. Thread-safe.
class PowerBoard {
 public:
  struct Node {
    std::string endpoint;
    std::map<node::Id, std::string> gpu_names;
    std::set<node::Id> cpus_with_dram;
    std::optional<std::vector<node::Id>> gpus;  ///< Absent: not followed.
    std::optional<std::vector<node::Id>> cpus;
  };
  enum class Ending { kForNow, kForGood };

  PowerBoard(const std::vector<Node>& nodes, std::function<WallTime()> now);

  /// The stream goes on from now.
  void Begin(StreamKey key);
  /// `event` has its time by this machine's clock.
  void Add(StreamKey key, const PowerEvent& event);
  void AddBad(StreamKey key, const Error& why);
  /// The stream has ended.
  void End(StreamKey key, const Error& why, Ending ending);
  void Tell(std::string notice);
  /// Nothing more will come.
  void Close();

  [[nodiscard]] std::vector<NodePower> Latest() const;
  [[nodiscard]] uint64_t WaitForNews(uint64_t seen, std::chrono::milliseconds wait) const;
  [[nodiscard]] std::vector<std::string> TakeNotices();
  [[nodiscard]] bool is_closed() const;

 private:
  struct Device {
    std::optional<PowerEvent> latest;
    ToldPower power;
    ToldPower dram;
  };
  struct Devices {
    bool is_followed = false;
    WallTime begin;
    std::optional<Error> failure;
    std::map<node::Id, Device> of;
    uint64_t bad_events = 0;
  };
  struct State {
    std::string endpoint;
    std::map<node::Id, std::string> gpu_names;
    std::set<node::Id> cpus_with_dram;
    Devices gpus;
    Devices cpus;
  };

  // With mutex_ held.
  [[nodiscard]] Devices& Of(StreamKey key);
  [[nodiscard]] std::string NameOf(StreamKey key) const;
  void Note(std::string notice);
  void News();

  static void Lose(Devices& devices, WallTime now);
  static StreamedDevices Shown(const Devices& devices, WallTime now);

  const std::function<WallTime()> now_;

  mutable std::mutex mutex_;
  mutable std::condition_variable news_;
  // Guarded by mutex_.
  std::vector<State> nodes_;
  std::deque<std::string> notices_;
  uint64_t state_ = 0;  // Grows with everything that comes.
  bool closed_ = false;
};

}  // namespace zeus
