// Plots as inline SVG: lines, steps and bands over two axes with round ticks, and maps of coloured cells. No
// script, no style sheet, no font of their own; text and axes take the colour of the page, so that they are read on
// a dark one too.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace halp::sim {

struct Series {
    std::string name;  // in the legend; "" is not listed
    std::vector<std::pair<double, double>> points;
    bool steps = false;  // a value holds until the next point
    bool dashed = false, dots = false;
    // For a band around the line: at the x of each point, from and to. Empty: no band.
    std::vector<std::pair<double, double>> band{};
    int colour = -1;  // of svg_colour(); -1: by place among the series
    bool thin = false;     // one of many that belong together
    bool no_line = false;  // dots alone
};

// Where a phase begins: a vertical line, and its name above the plot.
struct PhaseMark {
    double x = 0;
    std::string name{};
};

struct Plot {
    std::string title, x_axis, y_axis;
    std::vector<Series> series;
    bool y_logarithmic = false;  // only positive values are drawn
    double y_max = 0;            // 0: what the points need
    std::vector<PhaseMark> marks;
    bool x_logarithmic = false;
    std::vector<double> x_values{};  // where ticks stand on the x axis; empty: round ones
    // An axis ends where the bulk of the values does, when few are far beyond; those are marked at its edge.
    bool y_robust = false, x_robust = false;
};

std::string svg(const Plot& plot);

// Rows from the top, cells from the left; each cell names one of the kinds and how strong its colour is.
struct MapKind {
    std::string name;
    int colour = 0;
};
struct MapCell {
    std::size_t kind = 0;
    double strength = 1;  // 0: nothing is drawn
    bool operator==(const MapCell&) const = default;
};
struct Map {
    std::string title, x_axis, y_axis;
    double x_min = 0, x_max = 1;
    std::vector<std::string> row_names;       // from the top; empty ones are not written
    std::vector<std::string> column_names{};  // instead of ticks from x_min to x_max
    std::vector<std::vector<MapCell>> rows;
    std::vector<std::vector<std::string>> texts{};  // in the cells; may be empty
    std::vector<MapKind> kinds;
    std::vector<PhaseMark> marks{};
};
std::string svg(const Map& map);
// The same picture as a file of its own: dark on white.
std::string svg_file(const std::string& svg);

const char* svg_colour(std::size_t i);  // readable on white and on dark grey

}  // namespace halp::sim
