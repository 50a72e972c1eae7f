#pragma once

#include <algorithm>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "zeus/trace/problem.h"

namespace zeus {

/// Reports every row whose key an earlier row has. `lines[i]` is where row i stands, `key(i)` what makes it unique.
template <class Key>
void ReportDuplicateRows(const std::string& source, const std::vector<size_t>& lines, Key key, std::string_view what,
                         Problems* problems) {
  std::vector<size_t> order(lines.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const auto before = [&](size_t a, size_t b) {
    const auto key_a = key(a);
    const auto key_b = key(b);
    return key_a != key_b ? key_a < key_b : a < b;
  };
  std::ranges::sort(order, before);
  Problems found;
  for (size_t i = 1; i < order.size(); ++i) {
    if (key(order[i - 1]) != key(order[i])) continue;
    found.push_back({.source = source,
                     .line = lines[order[i]],
                     .column = 0,
                     .message = std::string(what) + " stands in line " + std::to_string(lines[order[i - 1]])});
  }
  std::ranges::sort(found, {}, &Problem::line);
  problems->insert(problems->end(), found.begin(), found.end());
}

}  // namespace zeus
