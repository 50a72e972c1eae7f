#include "python/bindings/policy_bridge.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>

#include <cmath>
#include <string>
#include <vector>

#include "python/bindings/arguments.h"
#include "python/bindings/job.h"
#include "python/bindings/policy_beliefs.h"

namespace nb = nanobind;

namespace zeus::python {
namespace {

// A Python object whose methods C++ calls, from threads that may or may not hold the GIL.
class PythonObject {
 public:
  PythonObject(nb::handle object, nb::handle job, RaisedByPolicy* raised)
      : name_(TypeName(object)), object_(nb::borrow(object)), job_(nb::borrow(job)), raised_(raised) {}
  PythonObject(const PythonObject&) = delete;
  PythonObject& operator=(const PythonObject&) = delete;
  ~PythonObject() {
    const nb::gil_scoped_acquire gil;
    object_.reset();
    job_.reset();
    jobs_.clear();
  }

  [[nodiscard]] const std::string& name() const { return name_; }

  // What `call(object)` comes to, with the GIL; what it raises is kept for the caller of C++.
  template <class T, class Call>
  Result<T> Try(Call call) {
    const nb::gil_scoped_acquire gil;
    try {
      if constexpr (std::is_void_v<T>) {
        call(object_);
        return {};
      } else {
        return call(object_);
      }
    } catch (...) {
      return raised_->Keep(name_);
    }
  }

  // The job that Python is handed. With the GIL.
  JobId AddJob(const JobIdentity& identity) {
    jobs_.push_back(job_.is_none() ? ToPythonJob(identity) : job_);
    return static_cast<JobId>(jobs_.size() - 1);
  }
  [[nodiscard]] const nb::object& job(JobId id) const { return jobs_[static_cast<size_t>(id)]; }

 private:
  const std::string name_;
  nb::object object_;
  nb::object job_;
  std::vector<nb::object> jobs_;
  RaisedByPolicy* raised_;
};

class PythonBatchSizePolicy final : public BatchSizePolicy {
 public:
  PythonBatchSizePolicy(nb::handle object, nb::handle job, RaisedByPolicy* raised) : python_(object, job, raised) {}

  [[nodiscard]] std::string_view name() const override { return python_.name(); }

  Result<JobId> RegisterJob(const JobIdentity& job, const KnobSpace& space) override {
    return python_.Try<JobId>([&](const nb::object& object) {
      nb::list batch_sizes;
      for (const int64_t batch_size : space.batch_sizes()) batch_sizes.append(batch_size);
      const JobId id = python_.AddJob(job);
      object.attr("register_job")(python_.job(id), batch_sizes);
      spaces_.push_back(space);
      return id;
    });
  }

  Result<Proposal> Predict(JobId job) override {
    return python_.Try<Proposal>([&](const nb::object& object) {
      const std::string what = python_.name() + ".predict()";
      const int64_t batch_size = ToInteger(object.attr("predict")(python_.job(job)), what);
      const KnobSpace& space = spaces_[static_cast<size_t>(job)];
      if (!space.Find(batch_size)) {
        throw nb::value_error(fmt::format("{}: batch size {} is not among those of the job: {}", what, batch_size,
                                          fmt::join(space.batch_sizes(), ", "))
                                  .c_str());
      }
      return Proposal{.batch_size = batch_size, .power_limit = {}};
    });
  }

  Result<void> Observe(JobId job, const Observation& observation) override {
    return python_.Try<void>([&](const nb::object& object) {
      object.attr("observe")(python_.job(job), observation.batch_size, observation.cost.value(), observation.reached);
    });
  }

  [[nodiscard]] Result<std::string> SaveBeliefs() const override { return FailUnsaved(); }
  Result<void> LoadBeliefs(std::string_view /*json*/) override { return FailUnsaved(); }

 private:
  PythonObject python_;
  std::vector<KnobSpace> spaces_;
};

class PythonPowerLimitPolicy final : public PowerLimitPolicy {
 public:
  PythonPowerLimitPolicy(nb::handle object, nb::handle job, RaisedByPolicy* raised) : python_(object, job, raised) {}

  [[nodiscard]] std::string_view name() const override { return python_.name(); }

  Result<JobId> RegisterJob(const JobIdentity& job, const KnobSpace& /*space*/) override {
    return python_.Try<JobId>([&](const nb::object&) { return python_.AddJob(job); });
  }

  Result<std::optional<Watts>> Predict(JobId job, int64_t batch_size) override {
    return python_.Try<std::optional<Watts>>([&](const nb::object& object) -> std::optional<Watts> {
      const nb::object answer = object.attr("predict")(python_.job(job), batch_size);
      if (answer.is_none()) return std::nullopt;
      const double watts = ToNumber(answer, python_.name() + ".predict()");
      if (std::isfinite(watts) && watts > 0) return Watts(watts);
      throw nb::value_error(
          fmt::format("{}.predict(): expected a power limit in watts or None, not {}", python_.name(), watts).c_str());
    });
  }

  Result<void> Observe(JobId job, int64_t batch_size, const PowerLimitCost& observation) override {
    return python_.Try<void>([&](const nb::object& object) {
      object.attr("observe")(python_.job(job), batch_size, ToPythonWatts(observation.power_limit),
                             observation.epoch_cost.value());
    });
  }

  [[nodiscard]] Result<std::string> SaveBeliefs() const override { return FailUnsaved(); }
  Result<void> LoadBeliefs(std::string_view /*json*/) override { return FailUnsaved(); }

 private:
  PythonObject python_;
};

void CheckIs(nb::handle optimizer, const char* type, const char* argument) {
  if (nb::isinstance(optimizer, nb::module_::import_("zeus.policy.interface").attr(type))) return;
  throw nb::type_error(
      fmt::format("{}: expected a zeus.policy.{}, not {}", argument, type, TypeName(optimizer)).c_str());
}

// What a built-in optimizer lets C++ use in its place; null for any other.
template <class Beliefs>
std::shared_ptr<Beliefs> NativeBeliefs(nb::handle optimizer) {
  if (!nb::hasattr(optimizer, "_native")) return nullptr;
  const nb::object beliefs = optimizer.attr("_native")();
  return beliefs.is_none() ? nullptr : nb::cast<std::shared_ptr<Beliefs>>(beliefs);
}

}  // namespace

std::unexpected<Error> RaisedByPolicy::Keep(std::string_view what) {
  raised_ = std::current_exception();
  return Fail(ErrorCode::kUnavailable, fmt::format("the policy {} raised an exception", what));
}

std::unique_ptr<BatchSizePolicy> ToBatchSizePolicy(nb::handle optimizer, nb::handle job, RaisedByPolicy* raised) {
  CheckIs(optimizer, "BatchSizeOptimizer", "batch_size_optimizer");
  if (auto beliefs = NativeBeliefs<BatchSizeBeliefs>(optimizer)) return MakePolicy(std::move(beliefs));
  return std::make_unique<PythonBatchSizePolicy>(optimizer, job, raised);
}

std::unique_ptr<PowerLimitPolicy> ToPowerLimitPolicy(nb::handle optimizer, nb::handle job, RaisedByPolicy* raised) {
  CheckIs(optimizer, "PowerLimitOptimizer", "power_limit_optimizer");
  if (auto beliefs = NativeBeliefs<PowerLimitBeliefs>(optimizer)) return MakePolicy(std::move(beliefs));
  return std::make_unique<PythonPowerLimitPolicy>(optimizer, job, raised);
}

}  // namespace zeus::python
