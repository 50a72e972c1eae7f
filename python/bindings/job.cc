#include "python/bindings/job.h"

#include <fmt/format.h>
#include <nanobind/stl/string.h>

#include <cmath>

#include "python/bindings/arguments.h"
#include "python/bindings/errors.h"
#include "python/bindings/module.h"
#include "zeus/job/learning_rate.h"

namespace nb = nanobind;

namespace zeus::python {
namespace {

nb::object Attribute(nb::handle job, const char* name) {
  if (nb::hasattr(job, name)) return job.attr(name);
  throw nb::type_error(
      fmt::format("job: expected a zeus.job.Job, not {}: it has no attribute {}", TypeName(job), name).c_str());
}

std::string Text(nb::handle job, const char* name) {
  return ToText(Attribute(job, name), fmt::format("job.{}", name));
}

}  // namespace

JobIdentity ToJobIdentity(nb::handle job) {
  JobIdentity identity{.workload = {.dataset = Text(job, "dataset"),
                                    .network = Text(job, "network"),
                                    .optimizer = Text(job, "optimizer")},
                       .target_metric = ToNumber(Attribute(job, "target_metric"), "job.target_metric"),
                       .max_epochs = ToInteger(Attribute(job, "max_epochs"), "job.max_epochs"),
                       .default_batch_size = 0,
                       .default_learning_rate = {},
                       .workdir = {}};
  if (const nb::object value = Attribute(job, "default_bs"); !value.is_none()) {
    identity.default_batch_size = ToInteger(value, "job.default_bs");
    if (identity.default_batch_size < 1) {
      throw nb::value_error(
          fmt::format("job.default_bs: expected 1 or more, not {}", identity.default_batch_size).c_str());
    }
  }
  if (const nb::object value = Attribute(job, "default_lr"); !value.is_none()) {
    identity.default_learning_rate = ToNumber(value, "job.default_lr");
  }
  if (const nb::object value = Attribute(job, "workdir"); !value.is_none()) identity.workdir = Text(job, "workdir");
  return identity;
}

JobIdentity ToJobIdentityWithDefault(nb::handle job) {
  JobIdentity identity = ToJobIdentity(job);
  if (identity.default_batch_size > 0) return identity;
  throw nb::value_error("job.default_bs: the job needs a default batch size, one that is known to reach the target");
}

nb::object ToPythonJob(const JobIdentity& identity) {
  nb::object learning_rate = nb::none();
  if (identity.default_learning_rate) learning_rate = nb::float_(*identity.default_learning_rate);
  nb::object workdir = nb::none();
  if (!identity.workdir.empty()) workdir = nb::str(identity.workdir.c_str(), identity.workdir.size());
  return nb::module_::import_("zeus.job")
      .attr("Job")(identity.workload.dataset, identity.workload.network, identity.workload.optimizer,
                   identity.target_metric, identity.max_epochs, identity.default_batch_size, learning_rate, workdir);
}

nb::object ToPythonWatts(Watts watts) {
  const double value = watts.value();
  if (std::rint(value) == value && std::abs(value) < 1e15) return nb::int_(static_cast<int64_t>(value));
  return nb::float_(value);
}

void BindJob(nb::module_& module) {
  module.def(
      "scale_learning_rate",
      [](const std::string& optimizer, double learning_rate, int64_t default_batch_size, int64_t batch_size) {
        if (default_batch_size < 1 || batch_size < 1) throw nb::value_error("batch sizes are 1 or more");
        return ScaleLearningRate(Take(LearningRateRuleFor(optimizer)), learning_rate, default_batch_size, batch_size);
      },
      nb::arg("optimizer"), nb::arg("learning_rate"), nb::arg("default_batch_size"), nb::arg("batch_size"),
      "The learning rate for `batch_size`, by the rule of `optimizer`. ValueError where there is none.");
}

}  // namespace zeus::python
