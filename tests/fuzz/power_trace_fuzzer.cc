// A power trace's text.
#include "tests/fuzz/check_csv.h"
#include "zeus/trace/power_trace.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  zeus::fuzz::CheckCsvTrace(zeus::fuzz::ToText(data, size), zeus::ParsePowerTrace,
                            [](const zeus::PowerTrace& trace) { return trace.rows.size(); });
  return 0;
}
