#include "zeus/device/energy_counter.h"

#include <gtest/gtest.h>

namespace zeus {
namespace {

void ExpectReading(const EnergyCounter::Reading& reading, uint64_t total, CounterStep step) {
  EXPECT_EQ(reading.total, total);
  EXPECT_EQ(reading.step, step);
}

TEST(EnergyCounter, StartsAtItsFirstValue) {
  EnergyCounter counter;
  ExpectReading(counter.Advance(500), 500, CounterStep::kFirst);
  ExpectReading(counter.Advance(500), 500, CounterStep::kAdvanced);
  ExpectReading(counter.Advance(700), 700, CounterStep::kAdvanced);
}

TEST(EnergyCounter, AWrapIsExact) {
  EnergyCounter counter(1000);
  counter.Advance(900);
  ExpectReading(counter.Advance(100), 1100, CounterStep::kWrapped);
  counter.Advance(999);
  ExpectReading(counter.Advance(0), 2000, CounterStep::kWrapped);
}

TEST(EnergyCounter, AResetLosesOnlyWhatCannotBeKnown) {
  EnergyCounter counter;
  counter.Advance(900);
  ExpectReading(counter.Advance(100), 1000, CounterStep::kReset);
  ExpectReading(counter.Advance(150), 1050, CounterStep::kAdvanced);
}

// A value beyond the range says that the range is not the counter's.
TEST(EnergyCounter, AValueBeyondTheRangeIsAReset) {
  EnergyCounter counter(1000);
  counter.Advance(5000);
  ExpectReading(counter.Advance(10), 5010, CounterStep::kReset);
}

}  // namespace
}  // namespace zeus
