// What the step-driven power-limit optimizer measured.
#include "tests/fuzz/check_document.h"
#include "zeus/trace/power_limit_profile.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  zeus::fuzz::CheckDocument(zeus::fuzz::ToText(data, size), zeus::ParsePowerLimitProfile);
  return 0;
}
