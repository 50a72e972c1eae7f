#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "services/store/store.h"
#include "tests/support/files.h"

/// What every Store must do. Instantiate the suite with the stores there are.
namespace zeus::testing {

struct StoreCase {
  std::string name;
  bool lasts = true;  ///< Whether it outlives its object.
  /// The folder's own store: empty at first, later with what was put into it. Throws where there is none to be had.
  std::function<std::unique_ptr<store::Store>(const std::filesystem::path& folder)> open;

  friend void PrintTo(const StoreCase& each, std::ostream* out) { *out << each.name; }
};

inline std::string StoreCaseName(const ::testing::TestParamInfo<StoreCase>& info) {
  return info.param.name;
}

/// A job and trials of it to put into stores.
store::JobRecord SomeJob(const std::string& id);
store::TrialRecord SomeTrial(const std::string& job, int64_t number);

class StoreContract : public ::testing::TestWithParam<StoreCase> {
 protected:
  StoreContract();

  /// Forgets all of the store but what it promised to keep.
  void Reopen();
  Result<void> Put(const store::JobRecord& job, const std::vector<store::TrialRecord>& trials = {});

  TemporaryFolder folder_;
  std::unique_ptr<store::Store> store_;
};

}  // namespace zeus::testing
