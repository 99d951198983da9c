// A plot as inline SVG: lines or steps over two axes with round ticks. No script, no style sheet, no font of its
// own.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace halp::sim {

struct Series {
    std::string name;
    std::vector<std::pair<double, double>> points;
    bool steps = false;
};

struct Plot {
    std::string title, x_axis, y_axis;
    std::vector<Series> series;
    bool y_logarithmic = false;  // only positive values are drawn
    double y_max = 0;            // 0: what the points need
    std::vector<double> marks;   // vertical lines: where phases begin
};

std::string svg(const Plot& plot);
std::string escaped(const std::string& text);  // for HTML and SVG

// Of any values: what share is at most x; what share is at least x.
std::vector<std::pair<double, double>> share_up_to(std::vector<double> values);
std::vector<std::pair<double, double>> share_from(std::vector<double> values);

}  // namespace halp::sim
