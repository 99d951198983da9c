#include "tools/halp-sim/report/svg_plot.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "tools/halp-sim/report/console_table.h"
#include "tools/halp-sim/report/svg_parts.h"

namespace halp::sim {

using namespace svg_parts;

namespace {

bool drawable(const Plot& plot, double x, double y) {
    return (!plot.y_logarithmic || y > 0) && (!plot.x_logarithmic || x > 0);
}

struct Extent {
    double min = 1e300, max = -1e300;
    void take(double v) {
        min = std::min(min, v);
        max = std::max(max, v);
    }
};

Axis x_axis_of(const Plot& plot, Extent x) {
    if (x.min > x.max) x = {plot.x_logarithmic ? 1.0 : 0.0, 1};
    if (plot.x_logarithmic) {
        if (x.min == x.max) return {x.min / 2, x.max * 2, true};
        return {x.min, x.max, true};
    }
    x.min = std::min(0.0, x.min);
    return {x.min, x.min == x.max ? x.min + 1 : x.max, false};
}

Axis y_axis_of(const Plot& plot, const Extent& y) {
    const double high = std::max(plot.y_max, y.min > y.max ? 0 : y.max);
    if (!plot.y_logarithmic) return {0, high > 0 ? high * (plot.y_max > 0 ? 1 : 1.05) : 1, false};
    const double low = y.min > y.max ? 0.1 : y.min;
    Axis axis{std::pow(10, std::floor(std::log10(low) + 1e-9)), std::max(1.0, high), true};
    if (axis.min >= axis.max) axis.min = axis.max / 10;
    return axis;
}

std::pair<Axis, Axis> axes(const Plot& plot) {
    Extent x, y;
    for (const Series& s : plot.series) {
        for (const auto& [px_value, py_value] : s.points) {
            if (!drawable(plot, px_value, py_value)) continue;
            x.take(px_value);
            y.take(py_value);
        }
        for (const auto& [low, high] : s.band)
            if (low > 0 || !plot.y_logarithmic) y.take(high);
    }
    return {x_axis_of(plot, x), y_axis_of(plot, y)};
}

std::string frame(const Plot& plot, const Axis& x, const Axis& y) {
    std::string out;
    for (const double t : ticks(y)) {
        out += line(left, py(y, t), width - right, py(y, t), grid_style);
        out += words(left - 6, py(y, t) + 4, "end", tick_text(t));
    }
    out += x_ticks(x, plot.x_values.empty() ? ticks(x) : plot.x_values);
    for (const double mark : plot.marks)
        if (mark > x.min && mark < x.max) out += line(px(x, mark), top, px(x, mark), height - bottom, mark_style);
    out += line(left, height - bottom, width - right, height - bottom, axis_style);
    out += line(left, top, left, height - bottom, axis_style);
    return out + axis_names(plot.x_axis, plot.y_axis);
}

std::string colour_of(const Plot& plot, std::size_t i) {
    const int colour = plot.series[i].colour;
    return svg_colour(colour < 0 ? i : static_cast<std::size_t>(colour));
}

std::string curve(const Plot& plot, const Series& series, const Axis& x, const Axis& y, const std::string& colour) {
    std::string path, dots;
    double previous = 0;
    for (const auto& [px_value, py_value] : series.points) {
        if (!drawable(plot, px_value, py_value)) continue;
        const std::string at_x = coordinate(px(x, px_value)), at_y = coordinate(py(y, py_value));
        if (!path.empty() && series.steps) path += "L" + at_x + " " + coordinate(previous);
        path += (path.empty() ? "M" : "L") + at_x + " " + at_y;
        previous = py(y, py_value);
        if (series.dots)
            dots += "<circle cx=\"" + at_x + "\" cy=\"" + at_y + "\" r=\"3\" fill=\"" + colour + "\"/>\n";
    }
    return "<path d=\"" + path + "\" fill=\"none\" stroke-width=\"1.8\" stroke=\"" + colour + "\"" +
           (series.dashed ? " stroke-dasharray=\"5 4\"" : "") + "/>\n" + dots;
}

std::string band(const Plot& plot, const Series& series, const Axis& x, const Axis& y, const std::string& colour) {
    std::string up, down;
    for (std::size_t i = 0; i < std::min(series.band.size(), series.points.size()); ++i) {
        const auto& [low, high] = series.band[i];
        if (!drawable(plot, series.points[i].first, low)) continue;
        const std::string at_x = coordinate(px(x, series.points[i].first)) + " ";
        up += (up.empty() ? "M" : "L") + at_x + coordinate(py(y, high));
        down = "L" + at_x + coordinate(py(y, low)) + down;
    }
    return "<path d=\"" + up + down + "Z\" stroke=\"none\" fill=\"" + colour + "\" fill-opacity=\".25\"/>\n";
}

}  // namespace

const char* svg_colour(std::size_t i) {
    static constexpr const char* colours[]{"#2f7fc1", "#d9622b", "#38985a", "#9763c4", "#b58a1c", "#8a8f98"};
    return colours[i % std::size(colours)];
}

std::string svg(const Plot& plot) {
    const auto scales = axes(plot);
    std::string out = open(plot.title) + frame(plot, scales.first, scales.second);
    std::vector<LegendEntry> names;
    for (std::size_t i = 0; i < plot.series.size(); ++i)
        if (!plot.series[i].band.empty())
            out += band(plot, plot.series[i], scales.first, scales.second, colour_of(plot, i));
    for (std::size_t i = 0; i < plot.series.size(); ++i) {
        out += curve(plot, plot.series[i], scales.first, scales.second, colour_of(plot, i));
        if (!plot.series[i].name.empty())
            names.push_back({plot.series[i].name, colour_of(plot, i), plot.series[i].dashed});
    }
    return out + legend(names) + "</svg>\n";
}

}  // namespace halp::sim
