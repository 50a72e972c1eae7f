#include "apps/zeus/env_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "apps/zeus/env_facts.h"
#include "apps/zeus/table.h"
#include "zeus/base/json_fields.h"
#include "zeus/base/version.h"

namespace zeus {
namespace {

constexpr double kBytesPerGibibyte = 1024.0 * 1024.0 * 1024.0;
constexpr const char* kNone = "-";

std::string VendorName(GpuVendor vendor) {
  switch (vendor) {
    case GpuVendor::kNvidia:
      return "nvidia";
    case GpuVendor::kAmd:
      return "amd";
    case GpuVendor::kFake:
      break;
  }
  return "fake";
}

std::string WattsText(std::optional<Watts> power) {
  return power ? fmt::format("{:.0f} W", power->value()) : kNone;
}

std::string LimitText(const GpuFacts& facts) {
  if (!facts.power_limit) return kNone;
  if (!facts.power_limit_range) return WattsText(facts.power_limit);
  return fmt::format("{:.0f} W ({:.0f} to {:.0f}, default {:.0f})", facts.power_limit->value(),
                     facts.power_limit_range->minimum.value(), facts.power_limit_range->maximum.value(),
                     facts.power_limit_range->factory_default.value());
}

std::string ClockText(const GpuFacts& facts) {
  if (!facts.status.graphics_clock) return kNone;
  std::string text = fmt::format("{:.0f} MHz", facts.status.graphics_clock->value());
  if (facts.graphics_clocks && !facts.graphics_clocks->empty()) {
    text += fmt::format(" ({:.0f} to {:.0f})", facts.graphics_clocks->back().value(),
                        facts.graphics_clocks->front().value());
  }
  return text;
}

std::string MemoryText(const GpuStatus& status) {
  if (!status.memory_total) return kNone;
  return fmt::format("{:.1f} of {:.1f} GiB", static_cast<double>(status.memory_used.value_or(0)) / kBytesPerGibibyte,
                     static_cast<double>(*status.memory_total) / kBytesPerGibibyte);
}

std::string Heading(const Console& console, std::string_view text) {
  return "\n" + console.Styled(Style::kBold, text) + "\n";
}

// A paragraph that begins with "- ", broken at spaces before `width`.
std::string Bullet(std::string_view text, int width) {
  const auto room = static_cast<size_t>(std::max(width - 2, 20));
  std::string lines;
  for (bool first = true; !text.empty(); first = false) {
    size_t end = text.size();
    if (end > room) {
      end = text.rfind(' ', room);
      if (end == std::string_view::npos || end == 0) end = std::min(text.find(' '), text.size());
    }
    lines += fmt::format("{}{}\n", first ? "- " : "  ", text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string BackendsText(const DeviceInventory& inventory, const Console& console) {
  Table table(
      {{"library", Align::kLeft}, {"version", Align::kLeft}, {"driver", Align::kLeft}, {"state", Align::kLeft}});
  for (const Backend& backend : inventory.backends()) {
    table.AddRow({backend.name, backend.library_version.empty() ? kNone : backend.library_version,
                  backend.driver_version.empty() ? kNone : backend.driver_version,
                  backend.available() ? "usable" : "not usable"},
                 backend.available() ? Style::kPlain : Style::kDim);
  }
  std::string text = table.ToText(console);
  for (const Backend& backend : inventory.backends()) {
    if (!backend.available()) text += Bullet(fmt::format("{}: {}", backend.name, backend.why_not), console.width);
  }
  return text;
}

std::string GpusText(const std::vector<GpuFacts>& gpus, const Console& console) {
  if (gpus.empty()) return "none\n";
  Table table({{"GPU"},
               {"name", Align::kLeft},
               {"power"},
               {"limit", Align::kLeft},
               {"temperature"},
               {"graphics clock", Align::kLeft},
               {"memory", Align::kLeft}});
  for (const GpuFacts& facts : gpus) {
    table.AddRow({facts.visible_index ? std::to_string(*facts.visible_index) : "hidden", facts.gpu->info().name,
                  WattsText(facts.power), LimitText(facts),
                  facts.temperature ? fmt::format("{:.0f} °C", facts.temperature->value()) : kNone, ClockText(facts),
                  MemoryText(facts.status)},
                 facts.visible_index ? Style::kPlain : Style::kDim);
  }
  std::string text = table.ToText(console);
  for (const GpuFacts& facts : gpus) {
    const GpuInfo& info = facts.gpu->info();
    text += fmt::format("{} {}: {}, PCI {}, {}\n", VendorName(info.vendor), info.index, info.name, info.pci_address,
                        info.uuid);
  }
  return text;
}

/// GPUs that can do exactly the same stand together.
struct Alike {
  std::vector<const GpuFacts*> gpus;

  [[nodiscard]] std::string Label() const {
    std::string label;
    for (const GpuFacts* facts : gpus) {
      label += fmt::format("{}{} {}", label.empty() ? "" : ", ", VendorName(facts->gpu->info().vendor),
                           facts->gpu->info().index);
    }
    return label;
  }
};

bool CanTheSame(const Gpu& a, const Gpu& b) {
  return std::ranges::all_of(kAllCapabilities, [&](Capability capability) {
    return a.capabilities().WhyNot(capability) == b.capabilities().WhyNot(capability);
  });
}

std::string CapabilitiesText(const Environment& environment, const DeviceInventory& inventory,
                             const std::vector<GpuFacts>& gpus, const Console& console) {
  std::vector<Alike> groups;
  for (const GpuFacts& facts : gpus) {
    const auto known = std::ranges::find_if(
        groups, [&](const Alike& group) { return CanTheSame(*group.gpus.front()->gpu, *facts.gpu); });
    if (known == groups.end()) {
      groups.push_back({{&facts}});
    } else {
      known->gpus.push_back(&facts);
    }
  }
  std::string text;
  for (const Alike& group : groups) {
    Table table(
        {{group.Label(), Align::kLeft}, {"can", Align::kLeft}, {"may", Align::kLeft}, {"why not", Align::kLeft}});
    for (const Capability capability : kAllCapabilities) {
      const GpuCapabilities& can = group.gpus.front()->gpu->capabilities();
      const std::string may_not = WhyMayNot(capability, environment.privileges, inventory);
      const bool has = can.Has(capability);
      table.AddRow({std::string(CapabilityName(capability)), has ? "yes" : "no",
                    !has              ? kNone
                    : may_not.empty() ? "yes"
                                      : "no",
                    has ? may_not : can.WhyNot(capability)},
                   has && may_not.empty() ? Style::kPlain : Style::kDim);
    }
    text += (text.empty() ? "" : "\n") + table.ToText(console);
  }
  return text;
}

std::string CpusText(const std::vector<CpuFacts>& cpus, const Console& console) {
  if (cpus.empty()) return "none that tells its energy\n";
  Table table({{"CPU"}, {"name", Align::kLeft}, {"package energy"}, {"DRAM energy"}, {"why not", Align::kLeft}});
  for (const CpuFacts& facts : cpus) {
    const bool read = facts.energy.has_value();
    table.AddRow({std::to_string(facts.cpu->info().index), facts.cpu->info().name,
                  read ? JoulesText(facts.energy->package.value()) : kNone,
                  read && facts.energy->dram ? JoulesText(facts.energy->dram->value()) : kNone,
                  read ? facts.cpu->info().why_no_dram : facts.failure});
  }
  return table.ToText(console);
}

std::string MayChangeText(const Result<Privileges>& privileges, const DeviceInventory& inventory) {
  if (inventory.node()) return ChangesThroughNode(inventory) ? "yes (through zeusd)" : "no: zeusd cannot be used";
  if (!privileges) return privileges.error().message;
  if (privileges->root) return "yes (root)";
  return privileges->sys_admin ? "yes (CAP_SYS_ADMIN)" : "no: neither root nor CAP_SYS_ADMIN";
}

template <class Value>
Json OrNull(const std::optional<Value>& value) {
  if constexpr (requires { value->value(); }) {
    return value ? NumberToJson(value->value()) : Json();
  } else {
    return value ? Json(*value) : Json();
  }
}

Json ClocksToJson(const std::optional<std::vector<Megahertz>>& clocks) {
  if (!clocks) return {};
  Json list = Json::array();
  for (const Megahertz clock : *clocks) list.push_back(clock.value());
  return list;
}

Json CapabilitiesToJson(const Gpu& gpu, const Result<Privileges>& privileges, const DeviceInventory& inventory) {
  Json all = Json::object();
  for (const Capability capability : kAllCapabilities) {
    const bool can = gpu.capabilities().Has(capability);
    const std::string may_not =
        can ? WhyMayNot(capability, privileges, inventory) : gpu.capabilities().WhyNot(capability);
    all[std::string(CapabilityName(capability))] = {
        {"can", can}, {"may", can && may_not.empty()}, {"why_not", may_not.empty() ? Json() : Json(may_not)}};
  }
  return all;
}

Json GpuToJson(const GpuFacts& facts, const Result<Privileges>& privileges, const DeviceInventory& inventory) {
  const GpuInfo& info = facts.gpu->info();
  Json range;
  if (facts.power_limit_range) {
    range = {{"minimum_w", facts.power_limit_range->minimum.value()},
             {"maximum_w", facts.power_limit_range->maximum.value()},
             {"default_w", facts.power_limit_range->factory_default.value()}};
  }
  Json reasons;
  if (facts.status.throttle_reasons) {
    reasons = Json::array();
    for (const ThrottleReason reason : *facts.status.throttle_reasons) reasons.push_back(ThrottleReasonName(reason));
  }
  return {{"index", OrNull(facts.visible_index)},
          {"vendor", VendorName(info.vendor)},
          {"vendor_index", info.index},
          {"name", info.name},
          {"uuid", info.uuid},
          {"pci_address", info.pci_address},
          {"power_w", OrNull(facts.power)},
          {"energy_j", OrNull(facts.energy)},
          {"temperature_c", OrNull(facts.temperature)},
          {"power_limit_w", OrNull(facts.power_limit)},
          {"power_limit_range", range},
          {"persistence_mode", facts.persistence_mode ? Json(*facts.persistence_mode == PersistenceMode::kOn) : Json()},
          {"graphics_clock_mhz", OrNull(facts.status.graphics_clock)},
          {"memory_clock_mhz", OrNull(facts.status.memory_clock)},
          {"supported_graphics_clocks_mhz", ClocksToJson(facts.graphics_clocks)},
          {"supported_memory_clocks_mhz", ClocksToJson(facts.memory_clocks)},
          {"gpu_utilization", OrNull(facts.status.gpu_utilization)},
          {"memory_utilization", OrNull(facts.status.memory_utilization)},
          {"memory_used_bytes", OrNull(facts.status.memory_used)},
          {"memory_total_bytes", OrNull(facts.status.memory_total)},
          {"throttle_reasons", reasons},
          {"processes", OrNull(facts.processes)},
          {"capabilities", CapabilitiesToJson(*facts.gpu, privileges, inventory)},
          {"notes", info.notes},
          {"failures", facts.failures}};
}

Json CpuToJson(const CpuFacts& facts) {
  const CpuInfo& info = facts.cpu->info();
  return {{"index", info.index},
          {"name", info.name},
          {"package_energy_j", facts.energy ? Json(facts.energy->package.value()) : Json()},
          {"dram_energy_j", facts.energy && facts.energy->dram ? Json(facts.energy->dram->value()) : Json()},
          {"why_no_dram", info.why_no_dram.empty() ? Json() : Json(info.why_no_dram)},
          {"failure", facts.failure.empty() ? Json() : Json(facts.failure)}};
}

}  // namespace

std::string EnvText(const Environment& environment, const DeviceInventory& inventory, const Console& console) {
  const std::vector<GpuFacts> gpus = ReadGpuFacts(inventory);
  std::string text = fmt::format("Zeus {}, {}\n", kVersion, environment.operating_system);
  for (const auto& [package, version] : environment.python) text += fmt::format("{} {}\n", package, version);
  text += Heading(console, "Libraries") + BackendsText(inventory, console);
  text += Heading(console, "GPUs") + GpusText(gpus, console);
  if (!gpus.empty())
    text += Heading(console, "What they can do") + CapabilitiesText(environment, inventory, gpus, console);
  text += Heading(console, "CPUs") + CpusText(ReadCpuFacts(inventory), console);
  text += Heading(console, "This process");
  text += fmt::format("may change settings: {}\n", MayChangeText(environment.privileges, inventory));
  text += fmt::format("settings to restore are noted in {}\n", environment.journal_folder);
  for (const auto& [name, value] : environment.variables) {
    text += value ? fmt::format("{}={}\n", name, *value) : fmt::format("{} is not set\n", name);
  }
  std::vector<std::string> problems = inventory.problems();
  for (const GpuFacts& facts : gpus) {
    for (const std::string& note : facts.gpu->info().notes) {
      problems.push_back(fmt::format("GPU {}: {}", facts.gpu->info().index, note));
    }
    problems.insert(problems.end(), facts.failures.begin(), facts.failures.end());
  }
  if (!environment.leftovers) problems.push_back(environment.leftovers.error().message);
  for (const Leftover& leftover : environment.leftovers ? *environment.leftovers : std::vector<Leftover>()) {
    if (leftover.state == LeftoverState::kHeld) continue;
    problems.push_back(fmt::format("{}: {}; `zeus restore` sees to it", leftover.uuid, leftover.message));
  }
  if (!problems.empty()) {
    text += Heading(console, "Worth knowing");
    for (const std::string& problem : problems) text += Bullet(problem, console.width);
  }
  return text;
}

std::string EnvJson(const Environment& environment, const DeviceInventory& inventory) {
  const Result<Privileges>& privileges = environment.privileges;
  Json document{{"zeus", kVersion}, {"operating_system", environment.operating_system}, {"python", environment.python}};
  document["libraries"] = Json::array();
  for (const Backend& backend : inventory.backends()) {
    document["libraries"].push_back({{"name", backend.name},
                                     {"version", backend.library_version},
                                     {"driver_version", backend.driver_version},
                                     {"usable", backend.available()},
                                     {"why_not", backend.available() ? Json() : Json(backend.why_not)}});
  }
  document["gpus"] = Json::array();
  for (const GpuFacts& facts : ReadGpuFacts(inventory)) {
    document["gpus"].push_back(GpuToJson(facts, privileges, inventory));
  }
  document["cpus"] = Json::array();
  for (const CpuFacts& facts : ReadCpuFacts(inventory)) document["cpus"].push_back(CpuToJson(facts));
  document["may_change_settings"] =
      inventory.node() ? ChangesThroughNode(inventory) : privileges && privileges->MaySet();
  document["journal_folder"] = environment.journal_folder;
  document["leftovers"] = Json::array();
  for (const Leftover& leftover : environment.leftovers ? *environment.leftovers : std::vector<Leftover>()) {
    document["leftovers"].push_back(
        {{"uuid", leftover.uuid}, {"state", LeftoverStateName(leftover.state)}, {"message", leftover.message}});
  }
  document["variables"] = Json::object();
  for (const auto& [name, value] : environment.variables) document["variables"][name] = OrNull(value);
  document["problems"] = inventory.problems();
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace zeus
