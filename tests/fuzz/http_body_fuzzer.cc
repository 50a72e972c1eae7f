// A JSON body of an HTTP request, every field read as every type.
#include <cmath>

#include "services/http/body_fields.h"
#include "tests/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using zeus::fuzz::Require;
  zeus::http::BodyFields body(zeus::fuzz::ToText(data, size));
  for (const char* const name : {"job_id", "batch_sizes", "eta_knob", "higher_is_better_metric", "max_epochs"}) {
    body.Text(name);
    body.Integer(name);
    Require(std::isfinite(body.Number(name)), "numbers are finite");
    body.Boolean(name);
    body.Integers(name);
  }
  Require(!body.ok(), "no field is of every type");
  Require(zeus::ParseJson(body.Refusal().body, "refusal").has_value(), "a refusal is JSON");
  return 0;
}
