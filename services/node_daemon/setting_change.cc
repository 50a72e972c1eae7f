#include "services/node_daemon/setting_change.h"

#include <fmt/format.h>

#include "zeus/base/number_text.h"

namespace zeus {
namespace {

template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};

}  // namespace

const char* OperationName(const SettingChange& change) {
  return std::visit(Overloaded{[](const PowerLimitChange&) { return "set_power_limit"; },
                               [](const PersistenceChange&) { return "set_persistence_mode"; },
                               [](const ClockLock& lock) {
                                 return lock.domain == ClockDomain::kGraphics ? "set_gpu_locked_clocks"
                                                                              : "set_mem_locked_clocks";
                               },
                               [](const ClockReset& reset) {
                                 if (!reset.domain) return "reset_locked_clocks";
                                 return reset.domain == ClockDomain::kGraphics ? "reset_gpu_locked_clocks"
                                                                               : "reset_mem_locked_clocks";
                               }},
                    change);
}

std::string ValueText(const SettingChange& change) {
  return std::visit(
      Overloaded{[](const PowerLimitChange& power) { return ShortestTextWhole(power.limit.value()) + " W"; },
                 [](const PersistenceChange& persistence) {
                   return std::string(persistence.mode == PersistenceMode::kOn ? "on" : "off");
                 },
                 [](const ClockLock& lock) {
                   return fmt::format("{} to {} MHz", lock.range.minimum.value(), lock.range.maximum.value());
                 },
                 [](const ClockReset&) { return std::string("default"); }},
      change);
}

std::string Describe(const SettingChange& change) {
  std::string text = OperationName(change);
  if (!std::holds_alternative<ClockReset>(change)) text.append(" ").append(ValueText(change));
  return text;
}

std::string ReadBefore(Gpu& gpu, const SettingChange& change) {
  if (std::holds_alternative<PowerLimitChange>(change)) {
    const Result<Watts> limit = gpu.settings().ReadPowerLimit();
    return limit ? ValueText(PowerLimitChange{*limit}) : "";
  }
  if (std::holds_alternative<PersistenceChange>(change)) {
    const Result<PersistenceMode> mode = gpu.settings().ReadPersistenceMode();
    return mode ? ValueText(PersistenceChange{*mode}) : "";
  }
  return "";
}

Result<void> ApplyByLibrary(Gpu& gpu, const SettingChange& change) {
  GpuSettings& settings = gpu.settings();
  return std::visit(
      Overloaded{[&](const PowerLimitChange& power) { return settings.SetPowerLimit(power.limit); },
                 [&](const PersistenceChange& persistence) { return settings.SetPersistenceMode(persistence.mode); },
                 [&](const ClockLock& lock) { return settings.LockClocks(lock.domain, lock.range); },
                 [&](const ClockReset& reset) { return settings.ResetClocks(reset.domain); }},
      change);
}

}  // namespace zeus
