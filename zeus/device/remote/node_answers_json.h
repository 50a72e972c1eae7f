#pragma once

#include <map>
#include <string>
#include <string_view>

#include "zeus/base/result.h"
#include "zeus/device/remote/node_messages.h"
#include "zeus/http_client/answer.h"

/// The daemon's bodies of JSON. Errors are kInvalidData, and name the daemon as `endpoint`.
namespace zeus::node {

/// kFailedPrecondition for a daemon that does not tell all of it: it is older than this client.
Result<Discovery> ParseDiscovery(std::string_view body, std::string_view endpoint);
Result<Identity> ParseIdentity(std::string_view body, std::string_view endpoint);
/// Of the event that a lease begins with.
Result<std::string> ParseLeaseId(std::string_view data, std::string_view endpoint);
Result<int64_t> ParseTime(std::string_view body, std::string_view endpoint);
Result<GpuPower> ParseGpuPower(std::string_view body, std::string_view endpoint);
Result<std::map<Id, Joules>> ParseGpuEnergy(std::string_view body, std::string_view endpoint);
Result<std::map<Id, Watts>> ParsePowerLimit(std::string_view body, std::string_view endpoint);
Result<std::map<Id, PowerLimits>> ParsePowerLimits(std::string_view body, std::string_view endpoint);
Result<std::map<Id, PersistenceMode>> ParsePersistenceMode(std::string_view body, std::string_view endpoint);
Result<std::map<Id, CpuEnergy>> ParseCpuEnergy(std::string_view body, std::string_view endpoint);
Result<CpuPowers> ParseCpuPowers(std::string_view body, std::string_view endpoint);

/// What an error's body says, whichever of its forms it has: {"error"}, {"errors": {id: text}}, or plain text.
std::string WordsOf(const http::Answer& answer);

}  // namespace zeus::node
