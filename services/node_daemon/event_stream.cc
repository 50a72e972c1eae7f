#include "services/node_daemon/event_stream.h"

#include <utility>

namespace zeus {

void EventStream::OnNews(std::function<void()> wake) {
  if (!wake) return Leave();
  {
    const std::scoped_lock lock(mutex_);
    wake_ = std::move(wake);
  }
  for (size_t slot = 0; slot < feeds_.size(); ++slot) feeds_[slot]->Join(*this, slot);
}

void EventStream::Leave() {
  for (PowerFeed* const feed : feeds_) feed->Leave(*this);
}

std::string EventStream::Take() {
  const std::scoped_lock lock(mutex_);
  woken_ = false;
  std::string events;
  for (std::string& value : waiting_) {
    if (value.empty()) continue;
    events += "data: " + value + "\n\n";
    value.clear();
  }
  return events;
}

void EventStream::Put(size_t slot, const std::string& value) {
  const std::scoped_lock lock(mutex_);
  waiting_[slot] = value;
  if (!std::exchange(woken_, true)) wake_();
}

http::Response EventStreamAnswer(std::vector<PowerFeed*> feeds) {
  return {.content_type = "text/event-stream",
          .headers = {{"Cache-Control", "no-cache"}},
          .stream = std::make_shared<EventStream>(std::move(feeds))};
}

}  // namespace zeus
