#pragma once

#include <nanobind/nanobind.h>

#include <exception>
#include <memory>
#include <utility>

#include "python/bindings/errors.h"
#include "zeus/optimizer/batch_size/batch_size_policy.h"
#include "zeus/optimizer/power_limit/power_limit_policy.h"

namespace zeus::python {

/// What a Python policy raised, on its way past C++ that knows no exceptions: the policy answers with an Error, and
/// whoever called into C++ takes the exception from here, traceback and all. One a run; not thread-safe.
class RaisedByPolicy {
 public:
  /// Keeps the exception that is being handled and gives the error that stands for it.
  std::unexpected<Error> Keep(std::string_view what);

  /// The value; else what the policy raised, or the result's own error as Take() does. With the GIL.
  template <class T>
  T TakeFrom(Result<T> result) {
    if (const std::exception_ptr raised = std::exchange(raised_, nullptr); raised && !result) {
      std::rethrow_exception(raised);
    }
    return Take(std::move(result));
  }

 private:
  std::exception_ptr raised_;
};

/// A C++ policy of a Python one (`zeus.policy.BatchSizeOptimizer`, `zeus.policy.PowerLimitOptimizer`), which shares its
/// beliefs. A built-in one that is neither subclassed nor verbose runs wholly in C++, without the GIL; of any other the
/// Python methods are called, which the policy takes the GIL for. It may be called and destroyed with the GIL or
/// without.
///
/// `job`: the zeus.job.Job that the Python methods are handed; None: one made of the identity that C++ registers.
/// `raised` outlives the policy. TypeError when the object is no such optimizer. The GIL is held.
std::unique_ptr<BatchSizePolicy> ToBatchSizePolicy(nanobind::handle optimizer, nanobind::handle job,
                                                   RaisedByPolicy* raised);
std::unique_ptr<PowerLimitPolicy> ToPowerLimitPolicy(nanobind::handle optimizer, nanobind::handle job,
                                                     RaisedByPolicy* raised);

}  // namespace zeus::python
