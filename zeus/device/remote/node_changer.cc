#include "zeus/device/remote/node_changer.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <tuple>
#include <vector>

#include "zeus/base/thread_without_signals.h"
#include "zeus/device/remote/node_answers_json.h"
#include "zeus/device/remote/not_for_children.h"

namespace zeus {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTimeout = std::chrono::seconds(5);
constexpr milliseconds kBetweenTries{100};

}  // namespace

std::shared_ptr<NodeChanger> NodeChanger::Share(const NodeConfig& config, NodeChanges changes) {
  using Key = std::tuple<pid_t, std::string, std::string, NodeChanges>;
  // Never destroyed: devices of static objects may be.
  static std::mutex& mutex = *new std::mutex;
  static auto& shared = *new std::map<Key, std::weak_ptr<NodeChanger>>;
  const std::scoped_lock lock(mutex);
  std::weak_ptr<NodeChanger>& place = shared[{::getpid(), config.Endpoint(), config.token, changes}];
  std::shared_ptr<NodeChanger> changer = place.lock();
  if (changer == nullptr) place = changer = std::make_shared<NodeChanger>(config, changes);
  return changer;
}

NodeChanger::NodeChanger(NodeConfig config, NodeChanges changes, milliseconds patience)
    : owner_(::getpid()),
      changes_(changes),
      patience_(patience),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      client_(std::move(config), kTimeout) {}

NodeChanger::~NodeChanger() {
  if (owner_ != ::getpid()) {
    // The thread is the parent's; the connection's number may be another's by now.
    if (watcher_.joinable()) watcher_.detach();
    std::ignore = lease_.release();
    return;
  }
  if (watcher_.joinable()) {
    watcher_.request_stop();
    Wake();
    watcher_.join();
  }
  if (lease_ == nullptr) return;
  // Answered once all is back; else the end of the connection does the same a little later.
  std::ignore = client_.Ask("DELETE", "/leases?lease_id=" + lease_->id);
  DropLease();
}

Result<void> NodeChanger::Change(node::Id gpu, const node::Change& change) {
  if (owner_ != ::getpid()) {
    return Fail(
        ErrorCode::kFailedPrecondition,
        fmt::format("Zeusd at {}: it was spoken to by the process that forked this one", client_.config().Endpoint()));
  }
  const auto until = std::chrono::steady_clock::now() + patience_;
  const std::scoped_lock lock(mutex_);
  for (bool has_lost_a_lease = false;;) {
    Attempt attempt = Try(gpu, change);
    if (attempt.outcome != Outcome::kAway) {
      has_waited_in_vain_ = false;
      const bool again = attempt.outcome == Outcome::kLeaseLost && !std::exchange(has_lost_a_lease, true);
      if (!again) return std::move(attempt.result);
    } else {
      if (has_waited_in_vain_ || std::chrono::steady_clock::now() >= until) {
        has_waited_in_vain_ = true;
        return std::move(attempt.result);
      }
      std::this_thread::sleep_for(kBetweenTries);
    }
  }
}

std::optional<node::Change> NodeChanger::Made(Slot slot, node::Id gpu) {
  if (owner_ != ::getpid()) return std::nullopt;
  const std::scoped_lock lock(mutex_);
  const auto found = made_.find({slot, gpu});
  return found == made_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<Watts> NodeChanger::PowerLimitOf(node::Id gpu) {
  const std::optional<node::Change> made = Made(Slot::kPowerLimit, gpu);
  return made ? std::optional(std::get<node::SetPowerLimit>(*made).limit) : std::nullopt;
}

std::optional<PersistenceMode> NodeChanger::PersistenceModeOf(node::Id gpu) {
  const std::optional<node::Change> made = Made(Slot::kPersistenceMode, gpu);
  return made ? std::optional(std::get<node::SetPersistenceMode>(*made).mode) : std::nullopt;
}

NodeChanger::Attempt NodeChanger::Try(node::Id gpu, const node::Change& change) {
  if (changes_ == NodeChanges::kLeased && lease_ == nullptr) {
    if (Attempt opened = OpenLease(); !opened.result) return opened;
  }
  Attempt attempt = Send(gpu, change);
  if (attempt.result) Remember(gpu, change);
  return attempt;
}

NodeChanger::Attempt NodeChanger::Send(node::Id gpu, const node::Change& change) {
  http::NamedTexts headers;
  if (lease_ != nullptr) headers.emplace_back("Zeus-Lease", lease_->id);
  const std::array gpus = {gpu};
  const Result<http::Answer> answer = client_.Ask("POST", TargetOf(gpus, change, node::Wait::kUntilMade), headers);
  if (!answer) {
    CheckLease();
    return {Outcome::kAway, std::unexpected(answer.error())};
  }
  constexpr int kOk = 200;
  constexpr int kConflict = 409;
  if (answer->status == kOk) return {};
  if (answer->status == kConflict && lease_ != nullptr) {
    DropLease();
    return {Outcome::kLeaseLost, client_.Refusal(NameOf(change), *answer)};
  }
  return {Outcome::kAnswered, client_.Refusal(NameOf(change), *answer)};
}

NodeChanger::Attempt NodeChanger::OpenLease() {
  const auto failed = [&](const Error& error) -> Attempt {
    return {error.code == ErrorCode::kUnavailable ? Outcome::kAway : Outcome::kAnswered,
            Fail(error.code, fmt::format("Zeusd at {}: open a lease: {}", client_.config().Endpoint(), error.message))};
  };
  {
    NotForChildren& not_for_children = NotForChildren::OfThisProcess();
    const auto no_fork = not_for_children.HoldForks();
    const NodeConfig& config = client_.config();
    Result<http::EventReader> reader = http::EventReader::Open(
        config.address, {.method = "POST", .target = "/leases", .token = config.token}, kTimeout);
    if (!reader) return failed(reader.error());
    const Result<std::optional<std::string>> first = reader->Next(kTimeout);
    if (!first) return failed(first.error());
    if (!*first) return failed({ErrorCode::kUnavailable, "no answer"});
    Result<std::string> id = node::ParseLeaseId(**first, config.Endpoint());
    if (!id) return failed(id.error());
    lease_ = std::make_unique<Lease>(Lease{*std::move(reader), *std::move(id)});
    not_for_children.Add(lease_->reader.descriptor());
  }
  for (const auto& [place, change] : made_) {
    // What a device refuses now is told by whoever reads it back; the others are still made.
    if (Attempt again = Send(place.second, change); again.outcome != Outcome::kAnswered) return again;
  }
  if (!watcher_.joinable()) watcher_ = ThreadWithoutSignals([this](const std::stop_token& stop) { Watch(stop); });
  Wake();
  return {};
}

void NodeChanger::Remember(node::Id gpu, const node::Change& change) {
  const auto slot_of = [](ClockDomain domain) {
    return domain == ClockDomain::kGraphics ? Slot::kGraphicsClocks : Slot::kMemoryClocks;
  };
  if (const auto* const reset = std::get_if<node::ResetClocks>(&change)) {
    for (const ClockDomain domain : {ClockDomain::kGraphics, ClockDomain::kMemory}) {
      if (reset->domain.value_or(domain) == domain) made_.erase({slot_of(domain), gpu});
    }
    return;
  }
  Slot slot = Slot::kPersistenceMode;
  if (std::holds_alternative<node::SetPowerLimit>(change)) slot = Slot::kPowerLimit;
  if (const auto* const clocks = std::get_if<node::LockClocks>(&change)) slot = slot_of(clocks->domain);
  made_.insert_or_assign({slot, gpu}, change);
}

void NodeChanger::CheckLease() {
  if (lease_ != nullptr && !lease_->reader.Next(milliseconds(0))) DropLease();
}

void NodeChanger::DropLease() {
  NotForChildren& not_for_children = NotForChildren::OfThisProcess();
  const auto no_fork = not_for_children.HoldForks();
  not_for_children.Remove(lease_->reader.descriptor());
  lease_.reset();
}

void NodeChanger::Watch(const std::stop_token& stop) {
  constexpr int kMostPauses = 10;
  for (int pauses = 1; !stop.stop_requested();) {
    int descriptor = -1;
    std::optional<milliseconds> wait = MendLease(descriptor);
    // A daemon that stays away is asked less often.
    if (wait) *wait *= std::exchange(pauses, std::min(pauses + 1, kMostPauses));
    if (!wait) pauses = 1;
    // Negative descriptors are left out. One that was closed meanwhile comes with a Wake().
    std::array waited = {pollfd{.fd = wake_.get(), .events = POLLIN, .revents = 0},
                         pollfd{.fd = descriptor, .events = POLLIN, .revents = 0}};
    ::poll(waited.data(), waited.size(), wait ? static_cast<int>(wait->count()) : -1);
    uint64_t count = 0;
    while (::read(wake_.get(), &count, sizeof(count)) > 0) continue;
  }
}

std::optional<milliseconds> NodeChanger::MendLease(int& descriptor) {
  const std::scoped_lock lock(mutex_);
  CheckLease();
  if (lease_ == nullptr && !made_.empty() && !OpenLease().result && lease_ == nullptr) return kBetweenTries;
  if (lease_ != nullptr) {
    descriptor = lease_->reader.descriptor();
    has_waited_in_vain_ = false;
  }
  return std::nullopt;
}

void NodeChanger::Wake() {
  const uint64_t one = 1;
  std::ignore = ::write(wake_.get(), &one, sizeof(one));
}

}  // namespace zeus
