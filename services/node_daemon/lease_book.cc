#include "services/node_daemon/lease_book.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <stdexcept>
#include <string_view>

#include "zeus/base/wall_time.h"

namespace zeus {
namespace {

// 128 random bits in hexadecimal.
std::string NewId() {
  std::array<unsigned char, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw std::runtime_error("the kernel gives no random numbers");
  }
  std::string id;
  for (const unsigned char byte : bytes) id += fmt::format("{:02x}", byte);
  return id;
}

Time After(Seconds time) {
  return std::chrono::steady_clock::now() +
         std::chrono::duration_cast<Time::duration>(std::chrono::duration<double>(time.value()));
}

}  // namespace

LeaseBook::Opened LeaseBook::Open(std::string holder, std::optional<Seconds> ttl) {
  Lease lease{.id = NewId(),
              .view = {.holder = std::move(holder), .since_ms = NowMilliseconds(), .ttl = ttl},
              .deadline = After(ttl.value_or(Seconds(0)))};
  const std::scoped_lock lock(mutex_);
  lease.view.number = ++last_number_;
  Opened opened{.number = last_number_, .id = lease.id};
  if (ttl) Watch(last_number_, lease.deadline);
  leases_.emplace(last_number_, std::move(lease));
  return opened;
}

std::optional<int64_t> LeaseBook::Find(const std::string& id) const {
  const std::scoped_lock lock(mutex_);
  const auto found = std::ranges::find_if(leases_, [&](const auto& entry) { return entry.second.id == id; });
  return found == leases_.end() ? std::nullopt : std::optional(found->first);
}

bool LeaseBook::IsLive(int64_t lease) const {
  const std::scoped_lock lock(mutex_);
  return leases_.contains(lease);
}

std::optional<Seconds> LeaseBook::Renew(const std::string& id) {
  const std::optional<int64_t> number = Find(id);
  const std::scoped_lock lock(mutex_);
  const auto found = number ? leases_.find(*number) : leases_.end();
  if (found == leases_.end() || !found->second.view.ttl) return std::nullopt;
  found->second.deadline = After(*found->second.view.ttl);
  return found->second.view.ttl;
}

bool LeaseBook::End(const std::string& id) {
  const std::optional<int64_t> number = Find(id);
  return number && Remove(*number);
}

void LeaseBook::Note(int64_t lease, uint64_t gpu, const std::string& change) {
  const std::scoped_lock lock(mutex_);
  const auto found = leases_.find(lease);
  if (found == leases_.end()) return;
  std::vector<std::string>& changes = found->second.view.changes[gpu];
  const std::string_view kind = std::string_view(change).substr(0, change.find(' '));
  std::erase_if(changes, [&](const std::string& other) { return other.substr(0, other.find(' ')) == kind; });
  changes.push_back(change);
}

std::vector<LeaseView> LeaseBook::List() const {
  const Time now = std::chrono::steady_clock::now();
  const std::scoped_lock lock(mutex_);
  std::vector<LeaseView> views;
  for (const auto& [number, lease] : leases_) {
    views.push_back(lease.view);
    if (!lease.view.ttl) continue;
    const double left = std::chrono::duration<double>(lease.deadline - now).count();
    views.back().expires_in = Seconds(std::max(left, 0.0));
  }
  return views;
}

void LeaseBook::Stop() {
  keeper_.Stop();
  for (const LeaseView& lease : List()) Remove(lease.number);
}

void LeaseBook::Watch(int64_t lease, Time deadline) {
  keeper_.PostAt(deadline, [this, lease] { Expire(lease); });
}

void LeaseBook::Expire(int64_t lease) {
  {
    const std::scoped_lock lock(mutex_);
    const auto found = leases_.find(lease);
    if (found == leases_.end()) return;
    if (found->second.deadline > std::chrono::steady_clock::now()) return Watch(lease, found->second.deadline);
  }
  Remove(lease);
}

bool LeaseBook::Remove(int64_t lease) {
  {
    const std::scoped_lock lock(mutex_);
    if (leases_.erase(lease) == 0) return false;
  }
  ended_(lease);
  return true;
}

}  // namespace zeus
