#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "services/http/message.h"
#include "services/node_daemon/power_feed.h"

namespace zeus {

/// Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) of several feeds to one client.
/// Of each feed only the newest value waits: a client that is slow misses those in between. Thread-safe.
class EventStream final : public http::BodyStream, private FeedListener {
 public:
  /// Listens from when the answer has begun to its end. The feeds must outlive it.
  explicit EventStream(std::vector<PowerFeed*> feeds) : feeds_(std::move(feeds)), waiting_(feeds_.size()) {}
  ~EventStream() override { Leave(); }

  void OnNews(std::function<void()> wake) override;
  std::string Take() override;
  /// Devices are read at about the same time; a power that comes this late is as good.
  [[nodiscard]] std::chrono::milliseconds GatherTime() const override { return std::chrono::milliseconds(2); }

 private:
  void Put(size_t slot, const std::string& value) override;
  void Leave();

  const std::vector<PowerFeed*> feeds_;

  std::mutex mutex_;  // Guards the following. Taken within the feeds' own.
  std::function<void()> wake_;
  bool woken_ = false;                // Since the last Take().
  std::vector<std::string> waiting_;  // By feed; empty: nothing.
};

/// The published answer that goes on with it.
http::Response EventStreamAnswer(std::vector<PowerFeed*> feeds);

}  // namespace zeus
