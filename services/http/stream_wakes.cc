#include "services/http/stream_wakes.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "zeus/base/clock.h"

namespace zeus::http {

void StreamWakes::Wake(std::shared_ptr<StreamState> state) {
  const std::chrono::milliseconds gather_time = state->gather_time;
  if (gather_time.count() == 0) {
    boost::asio::post(io_, [state = std::move(state)] { state->Continue(); });
    return;
  }
  {
    const std::scoped_lock lock(mutex_);
    gathered_.push_back(std::move(state));
    if (gathered_.size() > 1) return;  // The thread knows.
  }
  boost::asio::post(io_, [this, gather_time] { Await(gather_time); });
}

// A full multiple, so that one wake-up serves all streams.
void StreamWakes::Await(std::chrono::milliseconds gather_time) {
  timer_.expires_at(NextMultiple(std::chrono::steady_clock::now(), gather_time));
  timer_.async_wait([this](const boost::system::error_code&) { WakeGathered(); });
}

void StreamWakes::WakeGathered() {
  std::vector<std::shared_ptr<StreamState>> woken;
  {
    const std::scoped_lock lock(mutex_);
    woken.swap(gathered_);
  }
  for (const std::shared_ptr<StreamState>& each : woken) each->Continue();
}

}  // namespace zeus::http
