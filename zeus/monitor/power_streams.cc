#include "zeus/monitor/power_streams.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <utility>

#include "zeus/device/remote/node_access.h"
#include "zeus/device/remote/node_client.h"
#include "zeus/monitor/node_clock.h"
#include "zeus/monitor/power_board.h"
#include "zeus/monitor/power_stream.h"

namespace zeus {
namespace {

/// The devices of one kind that a node has, and what is wanted of them.
struct Offer {
  const char* device;    // "GPU"
  const char* argument;  // "gpu_indices", as the published package calls it.
  const char* group;     // "gpu-read"
  std::vector<node::Id> there;
  bool may_be_read;
};

template <class Entry>
std::vector<node::Id> IdsOf(const std::vector<Entry>& entries) {
  std::vector<node::Id> ids;
  for (const Entry& entry : entries) ids.push_back(entry.id);
  return ids;
}

Offer GpusOf(const NodeAccess& access) {
  return {.device = "GPU",
          .argument = "gpu_indices",
          .group = "gpu-read",
          .there = IdsOf(access.discovery.gpus),
          .may_be_read = access.can_read_gpu()};
}

Offer CpusOf(const NodeAccess& access) {
  return {.device = "CPU",
          .argument = "cpu_indices",
          .group = "cpu-read",
          .there = IdsOf(access.discovery.cpus),
          .may_be_read = access.can_read_cpu()};
}

std::string List(const std::vector<node::Id>& ids) {
  return fmt::format("[{}]", fmt::join(ids, ", "));
}

std::string WhyNot(const NodeAccess& access, const char* group) {
  if (!access.auth_error.empty()) return ": " + access.auth_error;
  const std::vector<std::string>& groups = access.discovery.enabled_api_groups;
  const bool is_enabled = std::ranges::find(groups, group) != groups.end();
  return is_enabled ? "" : fmt::format(": API group '{}' is not enabled on this server", group);
}

/// The devices to follow; absent: no stream. The words are those of the published package.
Result<std::optional<std::vector<node::Id>>> Choose(const NodeAccess& access, const Offer& offer,
                                                    const std::optional<std::vector<node::Id>>& wanted) {
  if (!wanted) {
    if (offer.there.empty() || !offer.may_be_read) return std::nullopt;
    return offer.there;
  }
  if (wanted->empty()) return std::nullopt;
  const std::set<node::Id> chosen(wanted->begin(), wanted->end());
  std::vector<node::Id> missing;
  std::ranges::copy_if(chosen, std::back_inserter(missing),
                       [&](node::Id id) { return std::ranges::find(offer.there, id) == offer.there.end(); });
  if (!missing.empty()) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{} indices {} requested for {} but only {} are available", offer.device, List(missing),
                            access.endpoint, List(offer.there)));
  }
  if (!offer.may_be_read) {
    return Fail(ErrorCode::kPermissionDenied,
                fmt::format("Token for {} lacks required scope '{}' (explicitly requested {}={}){}", access.endpoint,
                            offer.group, offer.argument, List(*wanted), WhyNot(access, offer.group)));
  }
  return std::vector<node::Id>(chosen.begin(), chosen.end());
}

// Without numbers where all are wanted, so that a device that a node gets later is there, too.
std::string TargetOf(const char* route, const char* parameter, const std::optional<std::vector<node::Id>>& wanted) {
  return wanted ? fmt::format("{}?{}={}", route, parameter, fmt::join(*wanted, ",")) : std::string(route);
}

Result<void> CheckEndpoints(const std::vector<FollowedNode>& nodes) {
  std::set<std::string> endpoints;
  std::set<std::string> twice;
  for (const FollowedNode& each : nodes) {
    if (!endpoints.insert(each.node.Endpoint()).second) twice.insert(fmt::format("'{}'", each.node.Endpoint()));
  }
  if (twice.empty()) return {};
  return Fail(ErrorCode::kInvalidArgument, fmt::format("Duplicate server endpoints: [{}]", fmt::join(twice, ", ")));
}

/// A node that was asked, and how to follow it.
struct Plan {
  PowerBoard::Node node;
  std::string auth_error;
  std::vector<std::pair<StreamedKind, PowerStream::Source>> streams;
};

Result<Plan> MakePlan(const FollowedNode& followed, const PowerStreamsOptions& options) {
  NodeClient client(followed.node, options.timeout);
  Result<NodeAccess> access = FindNodeAccess(client);
  // Whatever is wrong with an answer, it is the daemon that cannot be asked, and not what was wanted of it.
  if (!access) return Fail(ErrorCode::kUnavailable, std::move(access).error().message);
  Plan plan{.node = {.endpoint = access->endpoint, .gpu_names = {}, .cpus_with_dram = {}, .gpus = {}, .cpus = {}},
            .auth_error = access->auth_error,
            .streams = {}};
  for (const node::GpuEntry& gpu : access->discovery.gpus) plan.node.gpu_names.emplace(gpu.id, gpu.name);
  for (const node::CpuEntry& cpu : access->discovery.cpus) {
    if (cpu.dram_available) plan.node.cpus_with_dram.insert(cpu.id);
  }
  ZEUS_ASSIGN_OR_RETURN(plan.node.gpus, Choose(*access, GpusOf(*access), followed.gpus));
  ZEUS_ASSIGN_OR_RETURN(plan.node.cpus, Choose(*access, CpusOf(*access), followed.cpus));
  if (!plan.node.gpus && !plan.node.cpus) return plan;
  const Result<std::chrono::nanoseconds> offset =
      MeasureClockOffset(TimeOf(followed.node, options.timeout), options.now);
  if (!offset) {
    return Fail(ErrorCode::kUnavailable,
                fmt::format("Cannot reach Zeusd at {}: {}", access->endpoint, offset.error().message));
  }
  const auto add = [&](StreamedKind kind, std::string target) {
    plan.streams.emplace_back(
        kind, PowerStream::Source{.node = followed.node, .target = std::move(target), .clock_offset = *offset});
  };
  if (plan.node.gpus) add(StreamedKind::kGpu, TargetOf("/gpu/stream_power", "gpu_ids", followed.gpus));
  if (plan.node.cpus) add(StreamedKind::kCpu, TargetOf("/cpu/stream_power", "cpu_ids", followed.cpus));
  return plan;
}

}  // namespace

PowerStreams::PowerStreams(std::unique_ptr<PowerBoard> board) : board_(std::move(board)) {}

PowerStreams::~PowerStreams() {
  Stop();
}

Result<std::unique_ptr<PowerStreams>> PowerStreams::Open(const std::vector<FollowedNode>& nodes,
                                                         const PowerStreamsOptions& options) {
  ZEUS_RETURN_IF_ERROR(CheckEndpoints(nodes));
  std::vector<Plan> plans;
  std::vector<PowerBoard::Node> shown;
  for (const FollowedNode& each : nodes) {
    ZEUS_ASSIGN_OR_RETURN(plans.emplace_back(), MakePlan(each, options));
    shown.push_back(plans.back().node);
  }
  std::unique_ptr<PowerStreams> streams(new PowerStreams(std::make_unique<PowerBoard>(shown, options.now)));
  for (size_t i = 0; i < plans.size(); ++i) {
    if (!plans[i].auth_error.empty()) streams->board_->Tell(plans[i].auth_error);
    if (plans[i].streams.empty()) streams->board_->Tell(fmt::format("{}: no power is followed", shown[i].endpoint));
    for (auto& [kind, source] : plans[i].streams) {
      streams->streams_.push_back(std::make_unique<PowerStream>(StreamKey{.node = i, .kind = kind}, std::move(source),
                                                                options, *streams->board_));
    }
  }
  return streams;
}

std::vector<NodePower> PowerStreams::Latest() const {
  return board_->Latest();
}

uint64_t PowerStreams::WaitForNews(uint64_t seen, std::chrono::milliseconds wait) const {
  return board_->WaitForNews(seen, wait);
}

std::vector<std::string> PowerStreams::TakeNotices() {
  return board_->TakeNotices();
}

void PowerStreams::Stop() {
  board_->Close();
  const std::scoped_lock lock(stop_mutex_);
  for (const std::unique_ptr<PowerStream>& stream : streams_) stream->RequestStop();
  for (const std::unique_ptr<PowerStream>& stream : streams_) stream->Join();
}

bool PowerStreams::is_stopped() const {
  return board_->is_closed();
}

}  // namespace zeus
