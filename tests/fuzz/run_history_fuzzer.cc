// What is known of a run.
#include "tests/fuzz/check_document.h"
#include "zeus/launcher/run_history.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  zeus::fuzz::CheckDocument(zeus::fuzz::ToText(data, size), zeus::ParseRunHistory);
  return 0;
}
