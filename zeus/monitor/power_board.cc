#include "zeus/monitor/power_board.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace zeus {
namespace {

constexpr size_t kMostNotices = 1000;

ToldEnergy EnergyOf(const ToldPower& power, WallTime now) {
  return {.energy = power.EnergyUntil(now), .is_estimated = power.is_estimated()};
}

}  // namespace

PowerBoard::PowerBoard(const std::vector<Node>& nodes, std::function<WallTime()> now) : now_(std::move(now)) {
  const auto followed = [](const std::optional<std::vector<node::Id>>& ids) {
    Devices devices{.is_followed = ids.has_value(), .begin = {}, .failure = {}, .of = {}};
    for (const node::Id id : ids.value_or(std::vector<node::Id>())) devices.of.try_emplace(id);
    return devices;
  };
  for (const Node& node : nodes) {
    nodes_.push_back({.endpoint = node.endpoint,
                      .gpu_names = node.gpu_names,
                      .cpus_with_dram = node.cpus_with_dram,
                      .gpus = followed(node.gpus),
                      .cpus = followed(node.cpus)});
  }
}

void PowerBoard::Begin(StreamKey key) {
  const std::scoped_lock lock(mutex_);
  Devices& devices = Of(key);
  devices.begin = now_();
  for (auto& [id, device] : devices.of) {
    device.power.Begin(devices.begin);
    device.dram.Begin(devices.begin);
  }
  if (std::exchange(devices.failure, std::nullopt)) Note(fmt::format("{} goes on", NameOf(key)));
  News();
}

void PowerBoard::Add(StreamKey key, const PowerEvent& event) {
  const std::scoped_lock lock(mutex_);
  if (closed_) return;
  Devices& devices = Of(key);
  const auto [found, is_new] = devices.of.try_emplace(event.id);
  Device& device = found->second;
  if (is_new) {
    device.power.Begin(devices.begin);
    device.dram.Begin(devices.begin);
  }
  device.power.Add(event.time, event.power);
  if (event.dram) device.dram.Add(event.time, *event.dram);
  device.latest = event;
  News();
}

void PowerBoard::AddBad(StreamKey key, const Error& why) {
  const std::scoped_lock lock(mutex_);
  // One tells of all: a daemon that speaks another language would fill the log.
  if (Of(key).bad_events++ == 0) {
    Note(fmt::format("{}: an event that cannot be read is passed over, and those like it: {}", NameOf(key),
                     why.message));
  }
}

void PowerBoard::End(StreamKey key, const Error& why, Ending ending) {
  const std::scoped_lock lock(mutex_);
  Devices& devices = Of(key);
  Lose(devices, now_());
  const bool was_there = !devices.failure.has_value();
  devices.failure = why;
  if (ending == Ending::kForGood) {
    Note(fmt::format("{} is refused, and not asked for again: {}", NameOf(key), why.message));
  } else if (was_there) {
    Note(fmt::format("{} has ended, and is asked for again: {}", NameOf(key), why.message));
  }
  News();
}

void PowerBoard::Tell(std::string notice) {
  const std::scoped_lock lock(mutex_);
  Note(std::move(notice));
}

void PowerBoard::Close() {
  const std::scoped_lock lock(mutex_);
  if (std::exchange(closed_, true)) return;
  for (State& node : nodes_) {
    Lose(node.gpus, now_());
    Lose(node.cpus, now_());
  }
  News();
}

std::vector<NodePower> PowerBoard::Latest() const {
  const std::scoped_lock lock(mutex_);
  const WallTime now = now_();
  std::vector<NodePower> shown;
  for (const State& node : nodes_) {
    shown.push_back({.endpoint = node.endpoint,
                     .gpus = Shown(node.gpus, now),
                     .cpus = Shown(node.cpus, now),
                     .gpu_names = node.gpu_names,
                     .cpus_with_dram = node.cpus_with_dram});
  }
  return shown;
}

uint64_t PowerBoard::WaitForNews(uint64_t seen, std::chrono::milliseconds wait) const {
  std::unique_lock lock(mutex_);
  news_.wait_for(lock, wait, [&] { return state_ != seen || closed_; });
  return state_;
}

std::vector<std::string> PowerBoard::TakeNotices() {
  const std::scoped_lock lock(mutex_);
  std::vector<std::string> taken(notices_.begin(), notices_.end());
  notices_.clear();
  return taken;
}

bool PowerBoard::is_closed() const {
  const std::scoped_lock lock(mutex_);
  return closed_;
}

PowerBoard::Devices& PowerBoard::Of(StreamKey key) {
  State& node = nodes_[key.node];
  return key.kind == StreamedKind::kGpu ? node.gpus : node.cpus;
}

std::string PowerBoard::NameOf(StreamKey key) const {
  return fmt::format("{}: the stream of its {} power", nodes_[key.node].endpoint,
                     key.kind == StreamedKind::kGpu ? "GPUs'" : "CPUs'");
}

void PowerBoard::Note(std::string notice) {
  notices_.push_back(std::move(notice));
  if (notices_.size() > kMostNotices) notices_.pop_front();
}

void PowerBoard::News() {
  ++state_;
  news_.notify_all();
}

void PowerBoard::Lose(Devices& devices, WallTime now) {
  for (auto& [id, device] : devices.of) {
    device.power.Lose(now);
    device.dram.Lose(now);
  }
}

StreamedDevices PowerBoard::Shown(const Devices& devices, WallTime now) {
  StreamedDevices shown{
      .is_followed = devices.is_followed, .failure = devices.failure, .latest = {}, .bad_events = devices.bad_events};
  for (const auto& [id, device] : devices.of) {
    std::optional<StreamedReading>& reading = shown.latest[id];
    if (!device.latest) continue;
    reading = StreamedReading{.time = device.latest->time,
                              .power = device.latest->power,
                              .energy = EnergyOf(device.power, now),
                              .dram = device.latest->dram,
                              .dram_energy = {}};
    if (device.latest->dram) reading->dram_energy = EnergyOf(device.dram, now);
  }
  return shown;
}

}  // namespace zeus
