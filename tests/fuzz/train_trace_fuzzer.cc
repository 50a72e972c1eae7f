// A train trace's text.
#include "tests/fuzz/check_csv.h"
#include "zeus/trace/train_trace.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  zeus::fuzz::CheckCsvTrace(zeus::fuzz::ToText(data, size), zeus::ParseTrainTrace,
                            [](const zeus::TrainTrace& trace) { return trace.rows.size(); });
  return 0;
}
