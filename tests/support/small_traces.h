#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/support/result_matchers.h"
#include "zeus/simulator/joined_trace.h"

/// Traces small enough to reckon with by hand.
namespace zeus::testing {

/// Rows of a train trace and a power trace, without their headers, joined.
inline Result<JoinedTrace> Join(std::string_view train_rows, std::string_view power_rows) {
  Problems problems;
  TrainTrace train =
      ParseTrainTrace(std::string("dataset,network,batch_size,optimizer,learning_rate,run,target_metric,target_epoch\n")
                          .append(train_rows),
                      "train", &problems);
  const PowerTrace power = ParsePowerTrace(
      std::string("dataset,network,batch_size,optimizer,power_limit,time_per_epoch,average_power\n").append(power_rows),
      "power", &problems);
  ZEUS_RETURN_IF_ERROR(ToResult(problems));
  return JoinedTrace::Create(std::move(train), power);
}

/// A job with batch sizes 16, 32 (b0), 64 and 128 at 100 and 200 W, ten epochs at most. It reaches 0.5 at 16 in 2
/// epochs, at 32 in 3 or 5, at 64 in 4 or never, at 128 never; it reaches 0.4 at 32 in 1. The GPU's MaxPower is 250 W,
/// because of another workload.
inline JoinedTrace SmallTraces() {
  return *Join(
      "pictures,small,16,adam,0.1,1,0.5,2\n"
      "pictures,small,16,adam,0.1,2,0.5,2\n"
      "pictures,small,32,adam,0.1,1,0.5,3\n"
      "pictures,small,32,adam,0.1,1,0.4,1\n"
      "pictures,small,32,adam,0.1,2,0.5,5\n"
      "pictures,small,64,adam,0.1,1,0.5,\n"
      "pictures,small,64,adam,0.1,2,0.5,4\n"
      "pictures,small,128,adam,0.1,1,0.5,nan\n"
      "words,large,8,sgd,0.1,1,20,7\n"
      "unpowered,large,8,sgd,0.1,1,20,7\n",
      "pictures,small,16,adam,100,10,80\n"
      "pictures,small,16,adam,200,6,150\n"
      "pictures,small,32,adam,200,5,180\n"
      "pictures,small,32,adam,100,8,90\n"
      "pictures,small,64,adam,100,6,95\n"
      "pictures,small,64,adam,200,4,190\n"
      "pictures,small,128,adam,100,5,99\n"
      "pictures,small,128,adam,200,3,198\n"
      "pictures,small,256,adam,275,3,198\n"
      "words,large,8,sgd,250,3,240\n"
      "untrained,large,8,sgd,400,3,240\n");
}

inline JobIdentity SmallJob() {
  return {.workload = {.dataset = "pictures", .network = "small", .optimizer = "adam"},
          .target_metric = 0.5,
          .max_epochs = 10,
          .default_batch_size = 32,
          .default_learning_rate = {},
          .workdir = {}};
}

inline JobTrace SmallJobTrace() {
  return *SmallTraces().Select(SmallJob());
}

}  // namespace zeus::testing
