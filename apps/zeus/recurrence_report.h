#pragma once

#include <span>
#include <string>

#include "apps/zeus/console.h"
#include "zeus/base/json_fields.h"
#include "zeus/job/job.h"
#include "zeus/simulator/run_summary.h"

/// What reports of real and of simulated recurrences have in common. For `.cc` files: it speaks JSON.
namespace zeus {

std::string WattsText(Watts power);

/// "-12.3%" against what the default takes, or "-" where that is nothing.
std::string ChangeText(double value, double of_default);

/// A row for each recurrence; those that did not reach their target stand out.
std::string RecurrenceTable(std::span<const RecurrenceSummary> recurrences, const Console& console);

Json JobToJson(const JobIdentity& job);
Json RecurrencesToJson(std::span<const RecurrenceSummary> recurrences);

}  // namespace zeus
