#include "zeus/trace/run_result.h"

#include <fmt/format.h>

#include <cmath>

#include "zeus/base/json_fields.h"
#include "zeus/base/text_file.h"

namespace zeus {
namespace {

/// A field that is a finite number of 0 or more.
Result<double> Amount(const JsonPlace& document, std::string_view name) {
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace field, document.Field(name));
  ZEUS_ASSIGN_OR_RETURN(const double value, field.Number());
  if (!std::isfinite(value) || value < 0) return field.Expected("a number of 0 or more");
  return value;
}

}  // namespace

std::string RunResultName(std::string_view job_id, int64_t batch_size) {
  return fmt::format("{}+bs{}.train.json", job_id, batch_size);
}

std::string ToText(const RunResult& result) {
  const Json json{{"energy", NumberToJson(result.energy.value())},
                  {"time", NumberToJson(result.time.value())},
                  {"cost", NumberToJson(result.cost.value())},
                  {"num_epochs", result.num_epochs},
                  {"reached", result.reached}};
  return json.dump(2) + "\n";
}

Result<RunResult> ParseRunResult(std::string_view text, std::string_view source) {
  ZEUS_ASSIGN_OR_RETURN(const Json json, ParseJson(text, source));
  const JsonPlace document(json, std::string(source));
  RunResult result;
  ZEUS_ASSIGN_OR_RETURN(const double energy, Amount(document, "energy"));
  ZEUS_ASSIGN_OR_RETURN(const double time, Amount(document, "time"));
  ZEUS_ASSIGN_OR_RETURN(const double cost, Amount(document, "cost"));
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace epochs, document.Field("num_epochs"));
  ZEUS_ASSIGN_OR_RETURN(result.num_epochs, epochs.Integer());
  if (result.num_epochs < 0) return epochs.Expected("a count of 0 or more");
  ZEUS_ASSIGN_OR_RETURN(const JsonPlace reached, document.Field("reached"));
  ZEUS_ASSIGN_OR_RETURN(result.reached, reached.Boolean());
  result.energy = Joules(energy);
  result.time = Seconds(time);
  result.cost = Joules(cost);
  return result;
}

Result<RunResult> ReadRunResult(const std::filesystem::path& path) {
  ZEUS_ASSIGN_OR_RETURN(const std::string text, ReadTextFile(path));
  return ParseRunResult(text, path.string());
}

}  // namespace zeus
