#include "zeus/job/command_template.h"

#include "zeus/base/number_text.h"
#include "zeus/job/learning_rate.h"

namespace zeus {
namespace {

Result<std::string> LearningRateText(const JobIdentity& identity, int64_t batch_size) {
  if (!identity.default_learning_rate) {
    return Fail(ErrorCode::kInvalidArgument,
                "the command asks for {learning_rate}, but the job has no default learning rate");
  }
  ZEUS_ASSIGN_OR_RETURN(const LearningRateRule rule, LearningRateRuleFor(identity.workload.optimizer));
  return ShortestText(
      ScaleLearningRate(rule, *identity.default_learning_rate, identity.default_batch_size, batch_size));
}

Result<std::string> FillArgument(const std::string& argument, const JobIdentity& identity,
                                 const CommandValues& values) {
  if (argument == "{bs}" || argument == "{batch_size}") return std::to_string(values.batch_size);
  if (argument == "{lr}" || argument == "{learning_rate}") return LearningRateText(identity, values.batch_size);
  if (argument == "{seed}") return std::to_string(values.seed);
  if (argument == "{epoch}" || argument == "{epochs}") return std::to_string(identity.max_epochs);
  if (argument == "{slice_number}") return std::to_string(values.recurrence);
  if (argument == "{target_metric}") return ShortestText(identity.target_metric);
  return argument;
}

}  // namespace

Result<std::vector<std::string>> FillCommand(const Job& job, const CommandValues& values) {
  std::vector<std::string> command;
  command.reserve(job.command.size());
  for (const std::string& argument : job.command) {
    ZEUS_ASSIGN_OR_RETURN(std::string filled, FillArgument(argument, job.identity, values));
    command.push_back(std::move(filled));
  }
  return command;
}

}  // namespace zeus
