// The latency matrix as text and back (simulations/world/latency_model.h).
#include <charconv>
#include <cmath>
#include <cstdio>
#include <iterator>

#include "simulations/world/latency_model.h"
#include "store/files/named_file.h"

namespace halp {
namespace {

constexpr double milliseconds_max = 10'000;

Error wrong(const std::string& file, std::size_t line, const std::string& what) {
    return Error{ErrorCode::invalid, file + ":" + std::to_string(line) + ": " + what};
}

bool separates(char c) { return c == ',' || c == ' ' || c == '\t' || c == ';' || c == '\r'; }

// The numbers of one line; nothing when a word is no number.
Result<std::vector<std::uint32_t>> cells_of(std::string_view line, const std::string& file, std::size_t number) {
    std::vector<std::uint32_t> cells;
    line = line.substr(0, line.find('#'));
    for (std::size_t at = 0; at < line.size();) {
        if (separates(line[at])) {
            ++at;
            continue;
        }
        std::size_t end = at;
        while (end < line.size() && !separates(line[end])) ++end;
        const std::string_view text = line.substr(at, end - at);
        double ms = 0;
        const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), ms);
        if (error != std::errc{} || rest != text.data() + text.size() || !(ms >= 0 && ms <= milliseconds_max))
            return wrong(file, number,
                         "column " + std::to_string(cells.size() + 1) + ": \"" + std::string{text.substr(0, 20)} +
                             "\" is not allowed; allowed: milliseconds from 0 to 10000");
        cells.push_back(static_cast<std::uint32_t>(std::llround(ms * 1000)));
        if (cells.size() > routers_max)
            return wrong(file, number, "more than " + std::to_string(routers_max) + " columns");
        at = end;
    }
    return cells;
}

}  // namespace

Result<LatencyMatrix> parse_latency_matrix(const std::string& file, std::string_view content) {
    LatencyMatrix out;
    std::size_t width = 0, number = 0;
    while (!content.empty()) {
        const std::size_t end = std::min(content.find('\n'), content.size());
        const Result<std::vector<std::uint32_t>> cells = cells_of(content.substr(0, end), file, ++number);
        content.remove_prefix(std::min(end + 1, content.size()));
        if (!cells) return cells.error();
        if (cells->empty()) continue;
        if (width == 0) width = cells->size();
        if (cells->size() != width)
            return wrong(file, number,
                         std::to_string(cells->size()) + " columns; the first row has " + std::to_string(width));
        if (++out.rows > width)
            return wrong(file, number, "more rows than the " + std::to_string(width) + " columns");
        out.cells.insert(out.cells.end(), cells->begin(), cells->end());
    }
    if (out.rows == 0) return wrong(file, std::max<std::size_t>(number, 1), "no rows; allowed: as many as columns");
    if (out.rows != width)
        return wrong(file, number,
                     "the file ends after " + std::to_string(out.rows) + " rows of " + std::to_string(width) +
                         " columns; allowed: as many rows as columns");
    return out;
}

Result<LatencyMatrix> read_latency_matrix(const std::string& path) {
    const auto file = read_named_file(path, matrix_bytes_max, Pipes::awaited);
    if (!file) return Error{file.error().code, path + ": " + file.error().message};
    return parse_latency_matrix(path, file->text);
}

std::string print_latency_matrix(const LatencyMatrix& matrix) {
    std::string out = "# one way, ms, row to column\n";
    for (std::size_t i = 0; i < matrix.cells.size(); ++i) {
        char text[32];
        std::snprintf(text, sizeof text, "%u.%03u", matrix.cells[i] / 1000, matrix.cells[i] % 1000);
        out += text;
        out += (i + 1) % matrix.rows == 0 ? '\n' : ',';
    }
    return out;
}

}  // namespace halp
