#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace zeus {

/// Who listens to feeds.
class FeedListener {
 public:
  virtual ~FeedListener() = default;
  /// A new value of the feed in that slot of the listener's. On any thread; must be quick, and must not call the feed.
  virtual void Put(size_t slot, const std::string& value) = 0;
};

/// The newest value of something that is measured as long as somebody listens. Thread-safe.
class PowerFeed {
 public:
  /// `start` is called when a listener comes while nobody measures: from then on values are to be published until
  /// GoesOn() says no.
  explicit PowerFeed(std::function<void()> start) : start_(std::move(start)) {}

  /// Tells the newest value there is, however old, and each that comes. The listener must leave before it goes away.
  void Join(FeedListener& listener, size_t slot);
  /// When this returns no call of the listener is under way.
  void Leave(FeedListener& listener);

  void Publish(const std::string& value);
  /// Whether anybody listens. If not, whoever publishes has to end; the next listener starts it anew.
  bool GoesOn();

 private:
  struct Joined {
    FeedListener* listener;
    size_t slot;
  };

  const std::function<void()> start_;

  std::mutex mutex_;  // Guards the following; held while listeners are called.
  std::vector<Joined> joined_;
  std::string newest_;
  bool measured_ = false;
};

}  // namespace zeus
