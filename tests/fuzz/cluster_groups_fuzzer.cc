// The text of cluster groups.
#include "tests/fuzz/check_csv.h"
#include "zeus/trace/cluster_groups.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  zeus::fuzz::CheckCsvTrace(zeus::fuzz::ToText(data, size), zeus::ParseClusterGroups,
                            [](const std::vector<zeus::ClusterGroup>& groups) {
                              size_t submissions = 0;
                              for (const zeus::ClusterGroup& group : groups) submissions += group.submissions.size();
                              return submissions;
                            });
  return 0;
}
