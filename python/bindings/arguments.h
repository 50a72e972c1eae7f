#pragma once

#include <nanobind/nanobind.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace zeus::python {

// A Python value of an argument, or TypeError that names the argument ("job.max_epochs: expected an int, not str").
// NumPy's scalars are as good as Python's. The GIL is held.

std::string TypeName(nanobind::handle value);
std::string ToText(nanobind::handle value, std::string_view argument);
double ToNumber(nanobind::handle value, std::string_view argument);
/// ValueError where it does not fit into 64 bits.
int64_t ToInteger(nanobind::handle value, std::string_view argument);
std::vector<int64_t> ToIntegers(nanobind::handle value, std::string_view argument);
std::vector<double> ToNumbers(nanobind::handle value, std::string_view argument);

}  // namespace zeus::python
