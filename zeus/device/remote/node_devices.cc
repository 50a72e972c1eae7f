#include "zeus/device/remote/node_devices.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "zeus/device/remote/node_access.h"
#include "zeus/device/remote/node_read_gpu.h"
#include "zeus/device/remote/remote_cpu.h"
#include "zeus/device/remote/remote_gpu.h"

namespace zeus {
namespace {

using Gpus = std::vector<std::unique_ptr<Gpu>>;
using Cpus = std::vector<std::unique_ptr<Cpu>>;

std::string ListOf(const std::vector<node::GpuEntry>& entries) {
  std::vector<std::string> texts;
  for (const node::GpuEntry& entry : entries) {
    texts.push_back(fmt::format("{} ({}, {})", entry.id, entry.name, entry.pci_address));
  }
  return texts.empty() ? "none" : fmt::format("{}", fmt::join(texts, ", "));
}

// The daemon's number of each of `gpus`.
Result<std::vector<node::Id>> Match(const Gpus& gpus, const NodeAccess& node) {
  const std::vector<node::GpuEntry>& entries = node.discovery.gpus;
  std::vector<node::Id> ids;
  std::string problem;
  for (const std::unique_ptr<Gpu>& gpu : gpus) {
    const std::string address = NormalPciAddress(gpu->info().pci_address);
    const auto fits = [&](const node::GpuEntry& entry) { return NormalPciAddress(entry.pci_address) == address; };
    const auto found = std::ranges::find_if(entries, fits);
    if (found != entries.end() && std::ranges::count_if(entries, fits) == 1) {
      ids.push_back(found->id);
    } else if (problem.empty()) {
      problem = fmt::format("Zeusd at {}: GPU {} ({}, {}) is {} among its GPUs: {}", node.endpoint, gpu->info().index,
                            gpu->info().name, gpu->info().pci_address,
                            found == entries.end() ? "not" : "more than once", ListOf(entries));
    }
  }
  if (problem.empty()) return ids;
  if (!ids.empty() || entries.size() != gpus.size()) return Fail(ErrorCode::kNotFound, problem);
  for (const node::GpuEntry& entry : entries) ids.push_back(entry.id);
  return ids;
}

// Whether what is changed comes back by a lease. The published daemon has none.
Result<NodeChanges> ChangesOf(NodeClient& client, NodeChanges wanted) {
  if (wanted == NodeChanges::kForGood) return wanted;
  ZEUS_ASSIGN_OR_RETURN(const http::Answer answer, client.Ask("GET", "/leases"));
  if (answer.status == 200) return NodeChanges::kLeased;
  if (answer.status == 404 || answer.status == 405) return NodeChanges::kForGood;
  return client.Refusal("list leases", answer);
}

Result<void> SendGpusThrough(const std::shared_ptr<NodeClient>& client, const NodeAccess& node, NodeChanges wanted,
                             const Clock& clock, Gpus& gpus) {
  if (gpus.empty() && node.discovery.gpus.empty()) return {};
  ZEUS_RETURN_IF_ERROR(node.Require({.read_gpu = gpus.empty(), .control_gpu = true}));
  ZEUS_ASSIGN_OR_RETURN(const NodeChanges changes, ChangesOf(*client, wanted));
  std::vector<node::Id> ids;
  if (gpus.empty()) {
    for (const node::GpuEntry& entry : node.discovery.gpus) {
      gpus.push_back(std::make_unique<NodeReadGpu>(client, entry, clock));
      ids.push_back(entry.id);
    }
  } else {
    ZEUS_ASSIGN_OR_RETURN(ids, Match(gpus, node));
  }
  const std::shared_ptr<NodeChanger> changer = NodeChanger::Share(client->config(), changes);
  for (size_t i = 0; i < gpus.size(); ++i) {
    gpus[i] = std::make_unique<RemoteGpu>(std::move(gpus[i]), changer, ids[i], changes);
  }
  return {};
}

Result<void> ReadCpusThrough(const std::shared_ptr<NodeClient>& client, const NodeAccess& node, const Clock& clock,
                             Cpus& cpus) {
  if (!node.auth_error.empty()) return Fail(ErrorCode::kPermissionDenied, node.auth_error);
  if (!cpus.empty()) return {};
  ZEUS_RETURN_IF_ERROR(node.Require({.read_cpu = true}));
  for (const node::CpuEntry& entry : node.discovery.cpus) {
    cpus.push_back(std::make_unique<RemoteCpu>(client, entry, clock));
  }
  return {};
}

bool IsHexadecimal(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

std::string NodeReport::WhyNot() const {
  if (why_no_gpus == why_no_cpus || why_no_cpus.empty()) return why_no_gpus;
  return why_no_gpus.empty() ? why_no_cpus : why_no_gpus + "; " + why_no_cpus;
}

NodeReport RefuseSettings(const std::string& why, Gpus& gpus) {
  for (std::unique_ptr<Gpu>& gpu : gpus) gpu = std::make_unique<RemoteGpu>(std::move(gpu), why);
  return {.why_no_gpus = why, .why_no_cpus = why};
}

NodeReport GoThroughNode(const NodeConfig& config, NodeChanges changes, const Clock& clock, Gpus& gpus, Cpus& cpus) {
  const auto client = std::make_shared<NodeClient>(config);
  const Result<NodeAccess> node = FindNodeAccess(*client);
  if (!node) return RefuseSettings(node.error().message, gpus);
  NodeReport report;
  if (Result<void> sent = SendGpusThrough(client, *node, changes, clock, gpus); !sent) {
    report.why_no_gpus = RefuseSettings(sent.error().message, gpus).why_no_gpus;
  }
  if (Result<void> read = ReadCpusThrough(client, *node, clock, cpus); !read) {
    report.why_no_cpus = std::move(read).error().message;
  }
  return report;
}

std::string NormalPciAddress(std::string_view address) {
  std::string normal(address);
  for (char& character : normal) {
    if (character >= 'A' && character <= 'Z') character = static_cast<char>(character - 'A' + 'a');
  }
  const size_t colon = normal.find(':');
  constexpr size_t kDomainDigits = 4;
  if (colon == std::string::npos || colon <= kDomainDigits) return normal;
  const std::string_view extra = std::string_view(normal).substr(0, colon - kDomainDigits);
  if (!IsHexadecimal(normal.substr(0, colon)) || extra.find_first_not_of('0') != std::string_view::npos) return normal;
  return normal.substr(colon - kDomainDigits);
}

}  // namespace zeus
