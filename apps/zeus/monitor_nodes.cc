#include "apps/zeus/monitor_nodes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "apps/zeus/list_flags.h"
#include "zeus/base/number_text.h"
#include "zeus/trace/window_log.h"

namespace zeus {
namespace {

enum class Figure { kGpu, kCpu, kDram };

/// A row: a figure of a device of a node.
struct Row {
  size_t node = 0;
  Figure figure = Figure::kGpu;
  node::Id id = 0;
};

std::vector<Row> RowsOf(const std::vector<NodePower>& nodes) {
  std::vector<Row> rows;
  for (size_t i = 0; i < nodes.size(); ++i) {
    for (const auto& [id, latest] : nodes[i].gpus.latest) {
      rows.push_back({.node = i, .figure = Figure::kGpu, .id = id});
    }
    for (const auto& [id, latest] : nodes[i].cpus.latest) {
      rows.push_back({.node = i, .figure = Figure::kCpu, .id = id});
      if (nodes[i].cpus_with_dram.contains(id)) rows.push_back({.node = i, .figure = Figure::kDram, .id = id});
    }
  }
  return rows;
}

MonitorDevice DeviceOf(const NodePower& node, const Row& row) {
  switch (row.figure) {
    case Figure::kGpu: {
      const auto name = node.gpu_names.find(row.id);
      return {.node = node.endpoint,
              .label = fmt::format("gpu{}", row.id),
              .name = name == node.gpu_names.end() ? "" : name->second};
    }
    case Figure::kCpu:
      return {.node = node.endpoint, .label = fmt::format("cpu{}", row.id), .name = "processor"};
    case Figure::kDram:
      break;
  }
  return {.node = node.endpoint, .label = fmt::format("dram{}", row.id), .name = "memory"};
}

MonitorReading ReadingOf(const NodePower& node, const Row& row) {
  const StreamedDevices& devices = row.figure == Figure::kGpu ? node.gpus : node.cpus;
  MonitorReading reading;
  if (devices.failure) {
    reading.failure = Error{ErrorCode::kUnavailable, fmt::format("{}: {}", node.endpoint, devices.failure->message)};
  }
  const auto found = devices.latest.find(row.id);
  if (found == devices.latest.end() || !found->second) return reading;
  const StreamedReading& latest = *found->second;
  std::optional<Watts> power = latest.power;
  std::optional<ToldEnergy> energy = latest.energy;
  if (row.figure == Figure::kDram) {
    power = latest.dram;
    energy = latest.dram_energy;
  }
  if (!reading.failure) reading.power = power;
  if (energy) {
    reading.energy = energy->energy;
    reading.source =
        ProvenanceName(energy->is_estimated ? EnergyProvenance::kEstimated : EnergyProvenance::kIntegrated);
  }
  return reading;
}

bool HasAll(const StreamedDevices& devices) {
  return devices.failure.has_value() ||
         std::ranges::all_of(devices.latest, [](const auto& each) { return each.second.has_value(); });
}

bool HasAll(const std::vector<NodePower>& nodes) {
  return std::ranges::all_of(nodes, [](const NodePower& node) { return HasAll(node.gpus) && HasAll(node.cpus); });
}

// An event comes within a period of the daemon's polling, which is 50 ms unless somebody slowed it down.
void WaitForFirst(const PowerStreams& streams) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  uint64_t seen = 0;
  while (!HasAll(streams.Latest())) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) return;
    seen = streams.WaitForNews(seen, left);
  }
}

/// Reads all rows. Energy counts from the first round.
class NodesReader {
 public:
  NodesReader(std::shared_ptr<PowerStreams> streams, std::vector<Row> rows)
      : streams_(std::move(streams)), rows_(std::move(rows)) {}

  std::vector<MonitorReading> Read() {
    const std::vector<NodePower> nodes = streams_->Latest();
    std::vector<MonitorReading> readings;
    for (const Row& row : rows_) readings.push_back(ReadingOf(nodes[row.node], row));
    if (before_.empty()) {
      for (const MonitorReading& reading : readings) before_.push_back(reading.energy.value_or(Joules(0)));
    }
    for (size_t i = 0; i < readings.size(); ++i) {
      if (readings[i].energy) *readings[i].energy -= before_[i];
    }
    return readings;
  }

 private:
  std::shared_ptr<PowerStreams> streams_;  // Shared with whoever takes the notices.
  std::vector<Row> rows_;
  std::vector<Joules> before_;  // Of each row, until the first round.
};

Result<http::ServerAddress> ParseNode(const std::string& text) {
  Result<http::ServerAddress> address = Fail(ErrorCode::kInvalidArgument, "");
  if (text.starts_with("unix:") || text.starts_with("http://")) {
    address = http::ParseServerUrl(text);
  } else if (Result<http::TcpAddress> tcp = http::ParseHostPort(text)) {
    address = *std::move(tcp);
  }
  if (address) return address;
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("--from: expected HOST:PORT or unix:FILE, such as node1:4938, found \"{}\"", text));
}

}  // namespace

Result<std::vector<FollowedNode>> ParseNodes(const std::string& list, const std::string& token,
                                             const std::string& gpus) {
  std::optional<std::vector<node::Id>> wanted;
  std::optional<std::vector<node::Id>> cpus;
  if (!gpus.empty()) {
    wanted.emplace();
    cpus.emplace();
    ZEUS_ASSIGN_OR_RETURN(const std::vector<std::string> parts, SplitList("--gpu", gpus));
    for (const std::string& part : parts) {
      const std::optional<uint64_t> id = ParseUnsigned(part);
      if (!id) {
        return Fail(ErrorCode::kInvalidArgument,
                    fmt::format("--gpu: expected GPUs such as 0 or 0,2, found \"{}\"", part));
      }
      wanted->push_back(static_cast<node::Id>(*id));
    }
  }
  // The value is a secret, and is not told.
  if (!std::ranges::all_of(token, [](char character) { return character > ' ' && character <= '~'; })) {
    return Fail(ErrorCode::kInvalidArgument, "ZEUSD_TOKEN: expected visible ASCII characters without spaces");
  }
  std::vector<FollowedNode> nodes;
  ZEUS_ASSIGN_OR_RETURN(const std::vector<std::string> parts, SplitList("--from", list));
  for (const std::string& part : parts) {
    ZEUS_ASSIGN_OR_RETURN(http::ServerAddress address, ParseNode(part));
    nodes.push_back({.node = {.address = std::move(address), .token = token}, .gpus = wanted, .cpus = cpus});
  }
  return nodes;
}

Result<NodesMonitor> FollowNodes(const std::vector<FollowedNode>& nodes) {
  ZEUS_ASSIGN_OR_RETURN(std::unique_ptr<PowerStreams> opened, PowerStreams::Open(nodes));
  const std::shared_ptr<PowerStreams> streams = std::move(opened);
  WaitForFirst(*streams);
  const std::vector<NodePower> power = streams->Latest();
  std::vector<Row> rows = RowsOf(power);
  if (rows.empty()) {
    return Fail(ErrorCode::kUnavailable,
                fmt::format("there is nothing to follow: {}", fmt::join(streams->TakeNotices(), "; ")));
  }
  NodesMonitor monitor;
  for (const Row& row : rows) monitor.devices.push_back(DeviceOf(power[row.node], row));
  monitor.read = [reader = NodesReader(streams, std::move(rows))]() mutable { return reader.Read(); };
  monitor.take_notices = [streams] { return streams->TakeNotices(); };
  return monitor;
}

}  // namespace zeus
