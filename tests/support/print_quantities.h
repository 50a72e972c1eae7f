#pragma once

#include <ostream>

#include "zeus/base/units.h"

namespace zeus {

/// Lets a failing test show quantities as numbers.
template <class Unit>
void PrintTo(const Quantity<Unit>& quantity, std::ostream* out) {
  *out << quantity.value();
}

}  // namespace zeus
