// Node daemons: requests to one, and the power of many.

#include <fmt/format.h>
#include <nanobind/nanobind.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "python/bindings/errors.h"
#include "python/bindings/machine.h"
#include "python/bindings/module.h"
#include "zeus/device/remote/node_client.h"
#include "zeus/monitor/power_streams.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace zeus::python {
namespace {

using WithoutGil = nb::call_guard<nb::gil_scoped_release>;

std::chrono::milliseconds ToMilliseconds(double seconds) {
  return std::chrono::ceil<std::chrono::milliseconds>(std::chrono::duration<double>(seconds));
}

double ToSeconds(WallTime time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

/// What zeus.utils.zeusd.ZeusdConfig holds. ValueError for a token that is none, ZeusdConnectionError for an address.
NodeConfig MakeConfig(const std::optional<std::string>& host_port, const std::optional<std::string>& socket_path,
                      const std::optional<std::string>& token) {
  NodeConfig config;
  if (socket_path) {
    config.address = std::filesystem::path(*socket_path);
  } else {
    Result<http::TcpAddress> address = http::ParseHostPort(host_port.value_or(""));
    if (!address) {
      const std::string message =
          fmt::format("Cannot reach Zeusd at {}: {}", host_port.value_or("None"), address.error().message);
      throw ErrorException({ErrorCode::kUnavailable, message}, ErrorFamily::kNode);
    }
    config.address = *std::move(address);
  }
  config.token = token.value_or("");
  // The value is a secret, and is not told.
  if (!std::ranges::all_of(config.token, [](char character) { return character > ' ' && character <= '~'; })) {
    throw nb::value_error("token: expected visible ASCII characters without spaces");
  }
  return config;
}

class NodeConnection {
 public:
  NodeConnection(const std::optional<std::string>& host_port, const std::optional<std::string>& socket_path,
                 const std::optional<std::string>& token, double timeout)
      : client_(MakeConfig(host_port, socket_path, token), ToMilliseconds(timeout)) {}

  std::pair<int, nb::str> Request(const std::string& method, const std::string& target) {
    const http::Answer answer = [&] {
      const nb::gil_scoped_release release;
      Result<http::Answer> asked = client_.Ask(method, target);
      if (!asked) throw ErrorException({ErrorCode::kUnavailable, std::move(asked).error().message}, ErrorFamily::kNode);
      return *std::move(asked);
    }();
    // Whatever the server's words are made of.
    const auto size = static_cast<Py_ssize_t>(answer.body.size());
    return {answer.status, nb::steal<nb::str>(PyUnicode_DecodeUTF8(answer.body.data(), size, "replace"))};
  }

 private:
  NodeClient client_;
};

using Indices = std::optional<std::vector<int64_t>>;
/// Host and port, socket, token, GPUs, CPUs.
using Server =
    std::tuple<std::optional<std::string>, std::optional<std::string>, std::optional<std::string>, Indices, Indices>;
using GpuReading = std::pair<double, double>;                          // Time, W.
using CpuReading = std::tuple<double, double, std::optional<double>>;  // Time, W, W of the memory.
using NodeReadings = std::tuple<std::string, std::map<int64_t, GpuReading>, std::map<int64_t, CpuReading>>;

/// Thread-safe. In a forked child every call fails, and its end leaves the parent's threads alone.
class FollowedPower {
 public:
  FollowedPower(const std::vector<Server>& servers, double reconnect_delay) {
    Machine::OfThisProcess();  // From then on forks are counted.
    std::vector<FollowedNode> nodes;
    for (const auto& [host_port, socket_path, token, gpus, cpus] : servers) {
      nodes.push_back({.node = MakeConfig(host_port, socket_path, token), .gpus = gpus, .cpus = cpus});
    }
    const nb::gil_scoped_release release;
    streams_ =
        Take(PowerStreams::Open(nodes, {.reconnect_delay = ToMilliseconds(reconnect_delay)}), ErrorFamily::kNode);
  }
  ~FollowedPower() {
    if (generation_ != ForkGeneration()) {
      new (std::nothrow) std::unique_ptr<PowerStreams>(std::move(streams_));
      return;
    }
    const nb::gil_scoped_release release;
    streams_.reset();
  }
  FollowedPower(const FollowedPower&) = delete;
  FollowedPower& operator=(const FollowedPower&) = delete;

  std::vector<NodeReadings> Latest() {
    std::vector<NodeReadings> readings;
    for (const NodePower& node : streams().Latest()) {
      NodeReadings& shown =
          readings.emplace_back(node.endpoint, std::map<int64_t, GpuReading>(), std::map<int64_t, CpuReading>());
      for (const auto& [id, latest] : node.gpus.latest) {
        if (latest) std::get<1>(shown).try_emplace(id, ToSeconds(latest->time), latest->power.value());
      }
      for (const auto& [id, latest] : node.cpus.latest) {
        if (!latest) continue;
        std::optional<double> dram;
        if (latest->dram) dram = latest->dram->value();
        std::get<2>(shown).try_emplace(id, ToSeconds(latest->time), latest->power.value(), dram);
      }
    }
    return readings;
  }

  uint64_t WaitForNews(uint64_t seen, double wait) { return streams().WaitForNews(seen, ToMilliseconds(wait)); }
  std::vector<std::string> TakeNotices() { return streams().TakeNotices(); }
  void Stop() { streams().Stop(); }
  bool is_stopped() { return streams().is_stopped(); }

 private:
  PowerStreams& streams() {
    Take(CheckNotForked(generation_, "this client"));
    return *streams_;
  }

  const uint64_t generation_ = ForkGeneration();
  std::unique_ptr<PowerStreams> streams_;
};

}  // namespace

void BindNodeDaemon(nb::module_& module) {
  nb::class_<NodeConnection>(module, "NodeConnection", "Requests to a node's daemon. Thread-safe.")
      .def(nb::init<const std::optional<std::string>&, const std::optional<std::string>&,
                    const std::optional<std::string>&, double>(),
           "host_port"_a.none(), "socket_path"_a.none(), "token"_a.none(), "timeout"_a)
      .def("request", &NodeConnection::Request, "method"_a, "target"_a,
           "Status and body of the answer. A request may be sent twice.");
  nb::class_<FollowedPower>(module, "FollowedPower", "The power of devices of many nodes. Thread-safe.")
      .def(nb::init<const std::vector<Server>&, double>(), "servers"_a, "reconnect_delay"_a,
           "Each server: HOST:PORT, socket, token, GPUs, CPUs.")
      .def("latest", &FollowedPower::Latest, WithoutGil(),
           "Of each server its endpoint and, by number, times (s since the Unix epoch) and powers (W).")
      .def("wait_for_news", &FollowedPower::WaitForNews, "seen"_a, "wait"_a, WithoutGil())
      .def("take_notices", &FollowedPower::TakeNotices, WithoutGil())
      .def("stop", &FollowedPower::Stop, WithoutGil())
      .def_prop_ro("is_stopped", &FollowedPower::is_stopped);
}

}  // namespace zeus::python
