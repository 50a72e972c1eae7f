#pragma once

#include <string>
#include <vector>

#include "apps/zeus/console.h"

namespace zeus {

enum class Align { kLeft, kRight };

/// A table for people: columns as wide as their widest cell, two spaces between them, the header underlined.
class Table {
 public:
  struct Column {
    std::string title;
    Align align = Align::kRight;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// As many cells as there are columns.
  void AddRow(std::vector<std::string> cells, Style style = Style::kPlain);
  [[nodiscard]] size_t rows() const { return rows_.size(); }

  [[nodiscard]] std::string ToText(const Console& console) const;

 private:
  struct Row {
    std::vector<std::string> cells;
    Style style = Style::kPlain;
  };

  std::vector<Column> columns_;
  std::vector<Row> rows_;
};

/// Numbers as people read them: "12.3 kJ", "2 h 05 min", "-42.1%".
std::string JoulesText(double joules);
std::string SecondsText(double seconds);
std::string PercentText(double fraction);

}  // namespace zeus
