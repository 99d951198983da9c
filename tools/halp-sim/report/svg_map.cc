// Maps of coloured cells (tools/halp-sim/report/svg_plot.h).
#include <algorithm>
#include <cmath>

#include "tools/halp-sim/report/console_table.h"
#include "tools/halp-sim/report/svg_parts.h"
#include "tools/halp-sim/report/svg_plot.h"

namespace halp::sim {

using namespace svg_parts;

namespace {

struct Grid {
    const Map& map;
    double cell_width, cell_height;
    explicit Grid(const Map& m)
        : map(m),
          cell_width((width - left - right) / static_cast<double>(std::max<std::size_t>(1, columns(m)))),
          cell_height((height - top - bottom) / static_cast<double>(std::max<std::size_t>(1, m.rows.size()))) {}
    static std::size_t columns(const Map& m) { return m.rows.empty() ? 0 : m.rows.front().size(); }
    [[nodiscard]] double x(std::size_t column) const { return left + cell_width * static_cast<double>(column); }
    [[nodiscard]] double y(std::size_t row) const { return top + cell_height * static_cast<double>(row); }

    // Equal neighbours become one rectangle.
    [[nodiscard]] std::string cells(std::size_t row) const {
        std::string out;
        const std::vector<MapCell>& line_of = map.rows[row];
        for (std::size_t from = 0; from < line_of.size();) {
            std::size_t to = from + 1;
            while (to < line_of.size() && line_of[to] == line_of[from]) ++to;
            const MapCell& cell = line_of[from];
            if (cell.strength > 0)
                out += "<rect x=\"" + coordinate(x(from)) + "\" y=\"" + coordinate(y(row)) + "\" width=\"" +
                       coordinate(x(to) - x(from)) + "\" height=\"" + coordinate(cell_height) + "\" fill=\"" +
                       svg_colour(static_cast<std::size_t>(map.kinds[cell.kind].colour)) +
                       "\" shape-rendering=\"crispEdges\" fill-opacity=\"" +
                       number(std::min(1.0, cell.strength), 2) + "\"/>\n";
            from = to;
        }
        return out;
    }
    // Names that are wider than their column stand askew, and take room below.
    [[nodiscard]] double column_names_room() const {
        double widest = 0;
        for (const std::string& name : map.column_names) widest = std::max(widest, text_width(name));
        return widest + 4 <= cell_width ? 0 : std::max(0.0, widest * 0.65 - 8);
    }
    [[nodiscard]] std::string column_names(bool askew) const {
        std::string out;
        const auto every = static_cast<std::size_t>(std::ceil(14 / cell_width));  // a line of text each
        for (std::size_t c = 0; c < map.column_names.size(); c += askew ? every : 1) {
            const double at = x(c) + cell_width / 2, down = height - bottom + (askew ? 12 : 17);
            out += words(at, down, askew ? "end" : "middle", map.column_names[c],
                         askew ? " transform=\"rotate(-40 " + coordinate(at) + " " + coordinate(down) + ")\"" : "");
        }
        return out;
    }
    [[nodiscard]] std::string texts(std::size_t row) const {
        std::string out;
        for (std::size_t c = 0; row < map.texts.size() && c < map.texts[row].size(); ++c)
            out += words(x(c) + cell_width / 2, y(row) + cell_height / 2 + 4, "middle", map.texts[row][c]);
        return out;
    }
};

}  // namespace

std::string svg(const Map& map) {
    const Grid grid{map};
    std::string out;
    for (std::size_t row = 0; row < map.rows.size(); ++row) {
        out += grid.cells(row) + grid.texts(row);
        if (row < map.row_names.size() && !map.row_names[row].empty())
            out += words(left - 6, grid.y(row) + grid.cell_height / 2 + 4, "end", map.row_names[row]);
    }
    const Axis x{map.x_min, map.x_max > map.x_min ? map.x_max : map.x_min + 1, false};
    if (map.column_names.empty()) out += x_ticks(x, ticks(x));
    const double names_room = grid.column_names_room();
    out += grid.column_names(names_room > 0);
    for (const PhaseMark& mark : map.marks)
        if (mark.x > x.min && mark.x < x.max)
            out += line(px(x, mark.x), top, px(x, mark.x), height - bottom, mark_style);
    out += "<rect x=\"" + coordinate(left) + "\" y=\"" + coordinate(top) + "\" width=\"" +
           coordinate(width - left - right) + "\" height=\"" + coordinate(height - top - bottom) +
           "\" fill=\"none\" " + axis_style + "/>\n";
    std::vector<LegendEntry> names;
    for (const MapKind& kind : map.kinds)
        names.push_back({kind.name, svg_colour(static_cast<std::size_t>(kind.colour)), false, true});
    const Heading kinds = legend(names);
    out += below(names_room, words((left + width - right) / 2, height - 9, "middle", map.x_axis)) +
           axis_names("", map.y_axis);
    return open(map.title, height + kinds.room + names_room) + kinds.text + below(kinds.room, out) + "</svg>\n";
}

}  // namespace halp::sim
