#include "services/node_daemon/power_feed.h"

namespace zeus {

void PowerFeed::Join(FeedListener& listener, size_t slot) {
  {
    const std::scoped_lock lock(mutex_);
    joined_.push_back({&listener, slot});
    if (!newest_.empty()) listener.Put(slot, newest_);
    if (measured_) return;
    measured_ = true;
  }
  start_();
}

void PowerFeed::Leave(FeedListener& listener) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(joined_, [&](const Joined& each) { return each.listener == &listener; });
}

void PowerFeed::Publish(const std::string& value) {
  const std::scoped_lock lock(mutex_);
  newest_ = value;
  for (const Joined& each : joined_) each.listener->Put(each.slot, value);
}

bool PowerFeed::GoesOn() {
  const std::scoped_lock lock(mutex_);
  measured_ = !joined_.empty();
  return measured_;
}

}  // namespace zeus
