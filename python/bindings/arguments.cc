#include "python/bindings/arguments.h"

#include <fmt/format.h>
#include <nanobind/stl/string.h>

namespace nb = nanobind;

namespace zeus::python {
namespace {

[[noreturn]] void FailType(nb::handle value, std::string_view argument, std::string_view expected) {
  throw nb::type_error(fmt::format("{}: expected {}, not {}", argument, expected, TypeName(value)).c_str());
}

// The value's elements, each by `convert`; what is no list of anything is a TypeError.
template <class T, class Convert>
std::vector<T> ToVector(nb::handle value, std::string_view argument, std::string_view expected, Convert convert) {
  const nb::object iterator = nb::steal(PyObject_GetIter(value.ptr()));
  if (!iterator.is_valid() || nb::isinstance<nb::str>(value)) {
    PyErr_Clear();
    FailType(value, argument, expected);
  }
  std::vector<T> values;
  for (PyObject* next = PyIter_Next(iterator.ptr()); next != nullptr; next = PyIter_Next(iterator.ptr())) {
    const nb::object element = nb::steal(next);
    values.push_back(convert(element, fmt::format("{}[{}]", argument, values.size())));
  }
  if (PyErr_Occurred() != nullptr) throw nb::python_error();
  return values;
}

}  // namespace

std::string TypeName(nb::handle value) {
  return nb::cast<std::string>(value.type().attr("__name__"));
}

std::string ToText(nb::handle value, std::string_view argument) {
  if (!nb::isinstance<nb::str>(value)) FailType(value, argument, "a str");
  return nb::cast<std::string>(value);
}

double ToNumber(nb::handle value, std::string_view argument) {
  // A text has no __float__, so that "1.0" is refused as it should be.
  const double number = PyFloat_AsDouble(value.ptr());
  if (number == -1.0 && PyErr_Occurred() != nullptr) {
    PyErr_Clear();
    FailType(value, argument, "a number");
  }
  return number;
}

int64_t ToInteger(nb::handle value, std::string_view argument) {
  const nb::object index = nb::steal(PyNumber_Index(value.ptr()));
  if (!index.is_valid()) {
    PyErr_Clear();
    FailType(value, argument, "an int");
  }
  int overflow = 0;
  const int64_t integer = PyLong_AsLongLongAndOverflow(index.ptr(), &overflow);
  if (overflow != 0) throw nb::value_error(fmt::format("{}: the number does not fit into 64 bits", argument).c_str());
  return integer;
}

std::vector<int64_t> ToIntegers(nb::handle value, std::string_view argument) {
  return ToVector<int64_t>(value, argument, "a list of int", ToInteger);
}

std::vector<double> ToNumbers(nb::handle value, std::string_view argument) {
  return ToVector<double>(value, argument, "a list of numbers", ToNumber);
}

}  // namespace zeus::python
