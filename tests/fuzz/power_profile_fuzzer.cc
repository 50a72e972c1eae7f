// The power limits of one batch size.
#include "tests/fuzz/check_document.h"
#include "zeus/trace/power_profile.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  zeus::fuzz::CheckDocument(zeus::fuzz::ToText(data, size), zeus::ParsePowerProfile);
  return 0;
}
