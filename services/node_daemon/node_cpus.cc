#include "services/node_daemon/node_cpus.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "services/node_daemon/node_gpu.h"
#include "zeus/base/json_fields.h"
#include "zeus/base/wall_time.h"

namespace zeus {
namespace {

int64_t Microjoules(Joules energy) {
  return std::llround(energy.value() * 1e6);
}

Result<CpuEnergies> ReadCpu(Cpu& cpu) {
  ZEUS_ASSIGN_OR_RETURN(const CpuEnergySample sample, cpu.ReadEnergy());
  CpuEnergies energies{.package_uj = Microjoules(sample.package), .dram_uj = {}, .time = sample.time};
  if (sample.dram) energies.dram_uj = Microjoules(*sample.dram);
  return energies;
}

Result<CpuPowers> PowersOf(const Result<CpuEnergies>& before, const Result<CpuEnergies>& after) {
  if (!before) return std::unexpected(before.error());
  if (!after) return std::unexpected(after.error());
  const auto elapsed = std::chrono::duration_cast<std::chrono::microseconds>(after->time - before->time);
  return PowersBetween(*before, *after, std::max<int64_t>(elapsed.count(), 1));
}

}  // namespace

CpuPowers PowersBetween(const CpuEnergies& before, const CpuEnergies& after, int64_t microseconds) {
  CpuPowers powers{.package_mw = (after.package_uj - before.package_uj) * 1000 / microseconds, .dram_mw = {}};
  if (before.dram_uj && after.dram_uj) powers.dram_mw = (*after.dram_uj - *before.dram_uj) * 1000 / microseconds;
  return powers;
}

NodeCpus::NodeCpus(const std::vector<Cpu*>& cpus, Seconds poll_period, NodeLog log)
    : poll_period_(std::chrono::duration_cast<Time::duration>(std::chrono::duration<double>(poll_period.value()))),
      log_(std::move(log)) {
  for (Cpu* const cpu : cpus) {
    const auto id = static_cast<uint64_t>(cpu->info().index);
    places_.emplace(id, std::make_unique<Place>(*cpu, [this, id] {
                      owner_.Post([this, id] { Sample(*places_.at(id), std::chrono::steady_clock::now()); });
                    }));
  }
}

std::vector<uint64_t> NodeCpus::ids() const {
  std::vector<uint64_t> ids;
  for (const auto& [id, place] : places_) ids.push_back(id);
  return ids;
}

Gather<CpuEnergies>::Results NodeCpus::Read(const std::vector<uint64_t>& ids) const {
  Gather<CpuEnergies>::Results energies;
  for (const uint64_t id : ids) energies.emplace(id, ReadCpu(places_.at(id)->cpu));
  return energies;
}

void NodeCpus::ReadEnergies(std::vector<uint64_t> ids, Done<CpuEnergies> done) {
  owner_.Do([this, ids = std::move(ids), done = std::move(done)]() mutable { done(Read(ids)); });
}

void NodeCpus::ReadPowers(std::vector<uint64_t> ids, Done<CpuPowers> done) {
  owner_.Post([this, ids = std::move(ids), done = std::move(done)]() mutable {
    auto before = Read(ids);
    owner_.PostAt(std::chrono::steady_clock::now() + poll_period_,
                  [this, ids = std::move(ids), before = std::move(before), done = std::move(done)]() mutable {
                    const auto after = Read(ids);
                    Gather<CpuPowers>::Results powers;
                    for (const auto& [id, energies] : after) powers.emplace(id, PowersOf(before.at(id), energies));
                    done(std::move(powers));
                  });
  });
}

void NodeCpus::Sample(Place& place, Time due) {
  if (!place.feed.GoesOn()) {
    place.before.reset();
    place.streamed.reset();
    return;
  }
  Result<CpuEnergies> now = ReadCpu(place.cpu);
  if (!now) {
    if (!std::exchange(place.told_failure, true)) log_("warning", now.error().message, {});
  } else {
    place.told_failure = false;
    // Over the nominal period, as published.
    const auto period = std::chrono::duration_cast<std::chrono::microseconds>(poll_period_).count();
    const std::optional<CpuPowers> powers =
        place.before ? std::optional(PowersBetween(*place.before, *now, std::max<int64_t>(period, 1))) : std::nullopt;
    if (powers && powers != place.streamed) {
      place.streamed = powers;
      const Json dram = powers->dram_mw ? Json(*powers->dram_mw) : Json();
      place.feed.Publish(Json{
          {"timestamp_ms", NowMilliseconds()},
          {"cpu_id", place.cpu.info().index},
          {"cpu_mw", powers->package_mw},
          {"dram_mw", dram}}.dump());
    }
    place.before = *now;
  }
  due = std::max(due + poll_period_, std::chrono::steady_clock::now());
  owner_.PostAt(due, [this, &place, due] { Sample(place, due); });
}

}  // namespace zeus
