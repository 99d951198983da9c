// CSV files of results (RFC 4180). One writer quotes every cell, and every column is explained in one place: the
// headers are made from that table, so that columns.csv cannot say anything else.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace halp::sim {

struct CsvColumn {
    std::string_view file, name, unit, meaning;
};
[[nodiscard]] std::span<const CsvColumn> csv_columns();

// With the line end.
[[nodiscard]] std::string csv_row(const std::vector<std::string>& cells);
[[nodiscard]] std::string csv_header(std::string_view file);
// columns.csv: file, column, unit, meaning of every column of these files.
[[nodiscard]] std::string columns_csv(const std::vector<std::string>& files);
[[nodiscard]] std::string quoted_cell(const std::string& text);
// The cells of one line without its end.
[[nodiscard]] std::vector<std::string> csv_cells(std::string_view line);

// A whole number as one ("60"), anything else with at most so many decimals and no zeros behind ("0.125"); "" of
// NaN, because an empty cell is what all readers take for a missing figure.
[[nodiscard]] std::string plain_number(double value, int decimals = 6);

}  // namespace halp::sim
