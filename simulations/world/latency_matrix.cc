// The latency matrix as text and back (simulations/world/latency_model.h).
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <iterator>

#include "simulations/world/latency_model.h"
#include "store/files/named_file.h"

namespace halp {
namespace {

constexpr double milliseconds_max = 10'000;
constexpr double missing = -1;
constexpr std::string_view strictly = "strictly ";
// Round trips and one-way latencies of real networks are below a second; above it the unit is doubtful.
constexpr double median_max_ms = 1000;

enum class Layout : std::uint8_t { full, lower, upper };
enum class Missing : std::uint8_t { refused, mirror, median };

// What the comments before the first row say of the file: `# unit: us`, `# layout: lower`, `# missing: mirror`.
struct Header {
    double to_ms = 1;
    bool unit_given = false;
    Layout layout = Layout::full;
    bool diagonal = true;  // a strictly lower or upper triangle has none
    Missing rule = Missing::refused;
};

Error wrong(const std::string& file, std::size_t line, const std::string& what) {
    return Error{ErrorCode::invalid, file + ":" + std::to_string(line) + ": " + what};
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r";
    const std::size_t from = text.find_first_not_of(blanks);
    if (from == std::string_view::npos) return {};
    return text.substr(from, text.find_last_not_of(blanks) - from + 1);
}

// A comment with a word of the header changes it; any other is a comment.
Result<void> read_comment(std::string_view comment, const std::string& file, std::size_t line, Header& out) {
    const std::size_t colon = comment.find(':');
    if (colon == std::string_view::npos) return {};
    const std::string_view key = trimmed(comment.substr(0, colon)), value = trimmed(comment.substr(colon + 1));
    const auto refuse = [&](const char* allowed) {
        return wrong(file, line,
                     std::string{key} + ": \"" + std::string{value.substr(0, 20)} +
                         "\" is not allowed; allowed: " + allowed);
    };
    if (key == "unit") {
        if (value != "us" && value != "ms" && value != "s") return refuse("us, ms or s");
        out.to_ms = value == "us" ? 0.001 : value == "s" ? 1000 : 1;
        out.unit_given = true;
    } else if (key == "layout") {
        out.diagonal = !value.starts_with(strictly);
        const std::string_view half = out.diagonal ? value : value.substr(strictly.size());
        if (value != "full" && half != "lower" && half != "upper")
            return refuse("full, lower, upper, strictly lower or strictly upper");
        out.layout = half == "lower" ? Layout::lower : half == "upper" ? Layout::upper : Layout::full;
    } else if (key == "missing") {
        if (value != "mirror" && value != "median") return refuse("mirror or median");
        out.rule = value == "mirror" ? Missing::mirror : Missing::median;
    }
    return {};
}

struct Row {
    std::size_t line = 0;
    std::vector<double> cells;  // ms, or missing
};

bool says_missing(std::string_view text) {
    return text.empty() || text == "-1" || text == "NaN" || text == "nan" || text == "NAN" || text == "NA" ||
           text == "-";
}

// One cell: milliseconds, or why not.
Result<double> cell_of(std::string_view text, const Header& header, const std::string& place) {
    if (says_missing(text)) return missing;
    double value = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool number = error == std::errc{} && rest == text.data() + text.size();
    if (number && value >= 0 && value * header.to_ms <= milliseconds_max) return value * header.to_ms;
    return Error{ErrorCode::invalid, place + "\"" + std::string{text.substr(0, 20)} +
                                         "\" is not allowed; allowed: milliseconds from 0 to 10000" +
                                         (number && value > 0 && !header.unit_given
                                              ? "; microseconds need a line `# unit: us` before the rows"
                                              : "")};
}

// Cells are separated by commas, semicolons or blanks; between two commas or semicolons there is an empty one.
Result<Row> row_of(std::string_view line, const Header& header, const std::string& file, std::size_t number) {
    Row out{number, {}};
    bool after_comma = true;  // an empty cell may stand here
    const bool has_commas = line.find_first_of(",;") != std::string_view::npos;
    for (std::size_t at = 0; at <= line.size();) {
        const std::size_t end = std::min(line.find_first_of(", \t;\r", at), line.size());
        const bool comma = end < line.size() && (line[end] == ',' || line[end] == ';');
        const bool last = end == line.size();
        if (end > at || (has_commas && after_comma && (comma || last))) {
            const auto cell = cell_of(
                line.substr(at, end - at), header,
                file + ":" + std::to_string(number) + ": column " + std::to_string(out.cells.size() + 1) + ": ");
            if (!cell) return cell.error();
            out.cells.push_back(*cell);
            if (out.cells.size() > routers_max)
                return wrong(file, number, "more than " + std::to_string(routers_max) + " columns");
            after_comma = false;
        }
        if (comma) after_comma = true;
        at = end + 1;
    }
    return out;
}

Result<std::vector<Row>> rows_of(const std::string& file, std::string_view content, Header& header,
                                 std::size_t& lines) {
    std::vector<Row> out;
    while (!content.empty()) {
        const std::size_t end = std::min(content.find('\n'), content.size());
        const std::string_view line = content.substr(0, end);
        content.remove_prefix(std::min(end + 1, content.size()));
        ++lines;
        const std::size_t hash = line.find('#');
        if (hash != std::string_view::npos && out.empty())
            if (auto read = read_comment(line.substr(hash + 1), file, lines, header); !read) return read.error();
        const std::string_view cells = trimmed(line.substr(0, hash));
        if (cells.empty()) continue;
        auto row = row_of(cells, header, file, lines);
        if (!row) return row.error();
        out.push_back(std::move(*row));
        if (out.size() > routers_max)
            return wrong(file, lines, "more than " + std::to_string(routers_max) + " rows");
    }
    if (out.empty()) return wrong(file, std::max<std::size_t>(lines, 1), "no rows; allowed: as many as columns");
    // A comma behind every row ends it; it is no empty cell.
    const auto ends_open = [](const Row& row) { return row.cells.size() > 1 && row.cells.back() == missing; };
    if (out.front().cells.size() == out.size() + 1 && std::ranges::all_of(out, ends_open))
        for (Row& row : out) row.cells.pop_back();
    return out;
}

// A square of cells; of a triangle both halves are the same. Its first row may be empty, and thus not be there.
class Square {
public:
    explicit Square(std::size_t size) : size_(size), cells_(size * size, missing), lines_(size) {}
    double& at(std::size_t row, std::size_t column) { return cells_[row * size_ + column]; }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::vector<double> known() const {
        std::vector<double> out;
        for (std::size_t i = 0; i < cells_.size(); ++i)
            if (i / size_ != i % size_ && cells_[i] != missing) out.push_back(cells_[i]);
        std::ranges::sort(out);
        return out;
    }
    std::vector<std::size_t>& lines() { return lines_; }

private:
    std::size_t size_;
    std::vector<double> cells_;
    std::vector<std::size_t> lines_;  // of the file, by row
};

Result<Square> full_square(const std::string& file, const std::vector<Row>& rows, std::size_t last_line) {
    const std::size_t width = rows.front().cells.size();
    for (std::size_t r = 0; r < rows.size(); ++r) {
        if (rows[r].cells.size() != width)
            return wrong(file, rows[r].line,
                         std::to_string(rows[r].cells.size()) + " columns; the first row has " +
                             std::to_string(width) +
                             "; a triangle needs a line `# layout: lower` or `# layout: upper` before the rows");
        if (r >= width)
            return wrong(file, rows[r].line, "more rows than the " + std::to_string(width) + " columns");
    }
    if (rows.size() != width)
        return wrong(file, last_line,
                     "the file ends after " + std::to_string(rows.size()) + " rows of " + std::to_string(width) +
                         " columns; allowed: as many rows as columns");
    Square out{width};
    for (std::size_t r = 0; r < width; ++r) {
        out.lines()[r] = rows[r].line;
        for (std::size_t c = 0; c < width; ++c) out.at(r, c) = rows[r].cells[c];
    }
    return out;
}

Result<Square> triangle(const std::string& file, const std::vector<Row>& rows, const Header& header) {
    const bool lower = header.layout == Layout::lower, diagonal = header.diagonal;
    Square out{rows.size() + (diagonal ? 0 : 1)};
    for (std::size_t r = 0; r < rows.size(); ++r) {
        const std::size_t row = lower && !diagonal ? r + 1 : r;
        const std::size_t wanted = lower ? r + 1 : rows.size() - r;
        if (rows[r].cells.size() != wanted)
            return wrong(file, rows[r].line,
                         std::to_string(rows[r].cells.size()) + " columns; this row of the triangle has " +
                             std::to_string(wanted));
        out.lines()[row] = rows[r].line;
        for (std::size_t c = 0; c < wanted; ++c) {
            const std::size_t column = lower ? c : row + (diagonal ? 0 : 1) + c;
            out.at(row, column) = out.at(column, row) = rows[r].cells[c];
        }
    }
    return out;
}

// The rules for missing cells. The diagonal is only used by hosts of one row: without a figure it is the smallest
// latency of its row.
Result<void> fill_missing(const std::string& file, const Header& header, Square& square) {
    const std::vector<double> known = square.known();
    if (header.rule == Missing::median && square.size() > 1 && known.empty())
        return wrong(file, square.lines().front(), "every cell is missing");
    for (std::size_t r = 0; r < square.size(); ++r)
        for (std::size_t c = 0; c < square.size(); ++c) {
            if (r == c || square.at(r, c) != missing) continue;
            const bool mirror = header.rule != Missing::refused && square.at(c, r) != missing;
            if (mirror)
                square.at(r, c) = square.at(c, r);
            else if (header.rule == Missing::median)
                square.at(r, c) = known[known.size() / 2];
            else
                return wrong(
                    file, square.lines()[r],
                    "column " + std::to_string(c + 1) + ": the cell is missing" +
                        (header.rule == Missing::mirror
                             ? " in both directions; `# missing: median` puts the median of all cells there"
                             : "; a line `# missing: mirror` before the rows takes the other direction, `# "
                               "missing: "
                               "median` that or else the median of all cells"));
        }
    for (std::size_t r = 0; r < square.size(); ++r) {
        if (square.at(r, r) != missing) continue;
        double least = milliseconds_max;
        for (std::size_t c = 0; c < square.size(); ++c)
            if (c != r) least = std::min(least, square.at(r, c));
        square.at(r, r) = square.size() > 1 ? least : 0;
    }
    return {};
}

}  // namespace

Result<LatencyMatrix> parse_latency_matrix(const std::string& file, std::string_view content) {
    Header header;
    std::size_t lines = 0;
    const auto rows = rows_of(file, content, header, lines);
    if (!rows) return rows.error();
    auto square = header.layout == Layout::full ? full_square(file, *rows, lines) : triangle(file, *rows, header);
    if (!square) return square.error();
    const std::vector<double> known = square->known();
    if (!header.unit_given && !known.empty() && known[known.size() / 2] > median_max_ms)
        return wrong(file, rows->front().line,
                     "the median is " + std::to_string(std::llround(known[known.size() / 2])) +
                         " ms: say what the unit is, by a line `# unit: us` or `# unit: ms` before the rows");
    if (auto filled = fill_missing(file, header, *square); !filled) return filled.error();
    LatencyMatrix out;
    out.rows = square->size();
    for (std::size_t r = 0; r < out.rows; ++r)
        for (std::size_t c = 0; c < out.rows; ++c)
            out.cells.push_back(static_cast<std::uint32_t>(std::llround(square->at(r, c) * 1000)));
    return out;
}

Result<LatencyMatrix> read_latency_matrix(const std::string& path) {
    const auto file = read_named_file(path, matrix_bytes_max, Pipes::awaited);
    if (!file) return Error{file.error().code, path + ": " + file.error().message};
    return parse_latency_matrix(path, file->text);
}

std::string print_latency_matrix(const LatencyMatrix& matrix) {
    std::string out = "# one way, row to column\n# unit: ms\n";
    for (std::size_t i = 0; i < matrix.cells.size(); ++i) {
        char text[32];
        std::snprintf(text, sizeof text, "%u.%03u", matrix.cells[i] / 1000, matrix.cells[i] % 1000);
        out += text;
        out += (i + 1) % matrix.rows == 0 ? '\n' : ',';
    }
    return out;
}

}  // namespace halp
