#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "services/http/message.h"
#include "services/node_daemon/device_ids.h"

/// Which devices a request means. Each kind of route has its own published answer for one that is not there.
namespace zeus {

using ChosenDevices = std::expected<std::vector<uint64_t>, http::Response>;

/// All that are there, where `text` is null.
ChosenDevices ChooseToRead(const DeviceKind& kind, const std::string* text, const std::vector<uint64_t>& there);
ChosenDevices ChooseToStream(const DeviceKind& kind, const std::string* text, const std::vector<uint64_t>& there);
/// Precondition: `text` is not null.
ChosenDevices ChooseToWrite(const DeviceKind& kind, const std::string& text, const std::vector<uint64_t>& there);

}  // namespace zeus
