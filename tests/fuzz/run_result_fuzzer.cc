// What a training run took.
#include "tests/fuzz/check_document.h"
#include "zeus/trace/run_result.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  zeus::fuzz::CheckDocument(zeus::fuzz::ToText(data, size), zeus::ParseRunResult);
  return 0;
}
