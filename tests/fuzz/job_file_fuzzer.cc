// A job file.
#include <algorithm>

#include "tests/fuzz/require.h"
#include "zeus/launcher/job_file.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using zeus::fuzz::Require;
  const auto file = zeus::ParseJobFile(zeus::fuzz::ToText(data, size), "job.toml", "/folder");
  if (!file) {
    Require(file.error().message.starts_with("job.toml"), "an error names its file", file.error().message);
    return 0;
  }
  Require(std::ranges::is_sorted(file->batch_sizes), "batch sizes ascend");
  Require(std::ranges::binary_search(file->batch_sizes, file->job.identity.default_batch_size),
          "the default is one of them");
  Require(zeus::Validate(file->job.identity).has_value(), "a job that is read is one that can be");
  return 0;
}
