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

// Where an axis ends that shows the bulk: with less than one value in fifty far beyond the others.
double robust_max(std::vector<double> values, double max) {
    if (values.size() < 20) return max;
    std::ranges::sort(values);
    const double bulk = values[values.size() * 98 / 100 - 1];
    return bulk > 0 && max > 2.5 * bulk ? 1.25 * bulk : max;
}

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

struct Scales {
    Axis x, y;
    std::size_t beyond = 0;                   // points outside
    double most_x = -1e300, most_y = -1e300;  // the farthest of them
};

void count_outliers(const Plot& plot, Scales& scales) {
    for (const Series& s : plot.series)
        for (const auto& [x, y] : s.points) {
            if (!drawable(plot, x, y)) continue;
            scales.most_x = std::max(scales.most_x, x);
            scales.most_y = std::max(scales.most_y, y);
            scales.beyond += x > scales.x.max * (1 + 1e-9) || y > scales.y.max * (1 + 1e-9);
        }
}

Scales axes(const Plot& plot) {
    Extent x, y;
    std::vector<double> xs, ys;
    for (const Series& s : plot.series) {
        for (const auto& [px_value, py_value] : s.points) {
            if (!drawable(plot, px_value, py_value)) continue;
            x.take(px_value);
            y.take(py_value);
            xs.push_back(px_value);
            ys.push_back(py_value);
        }
        for (const auto& [low, high] : s.band)
            if (low > 0 || !plot.y_logarithmic) y.take(high);
    }
    if (plot.x_robust) x.max = robust_max(xs, x.max);
    if (plot.y_robust) y.max = robust_max(ys, y.max);
    Scales out{x_axis_of(plot, x), y_axis_of(plot, y)};
    count_outliers(plot, out);
    return out;
}

std::string frame(const Plot& plot, const Axis& x, const Axis& y) {
    std::string out;
    for (const double t : ticks(y)) {
        out += line(left, py(y, t), width - right, py(y, t), grid_style);
        out += words(left - 6, py(y, t) + 4, "end", tick_text(t));
    }
    out += x_ticks(x, plot.x_values.empty() ? ticks(x) : plot.x_values);
    for (const PhaseMark& mark : plot.marks)
        if (mark.x > x.min && mark.x < x.max)
            out += line(px(x, mark.x), top, px(x, mark.x), height - bottom, mark_style);
    out += line(left, height - bottom, width - right, height - bottom, axis_style);
    out += line(left, top, left, height - bottom, axis_style);
    return out + axis_names(plot.x_axis, plot.y_axis);
}

// Names of phases where they begin, above the plot. One that would cover another goes into a row above.
Heading phase_names(const std::vector<PhaseMark>& marks, const Axis& x) {
    constexpr double row = 13;
    std::vector<double> free_from;
    std::string out;
    for (const PhaseMark& mark : marks) {
        if (mark.name.empty() || mark.x < x.min || mark.x > x.max) continue;
        const double wide = text_width(mark.name);
        const double at = std::max(left, std::min(px(x, mark.x), width - right - wide));
        std::size_t n = 0;
        while (n < free_from.size() && free_from[n] > at) ++n;
        if (n == free_from.size()) free_from.push_back(0);
        free_from[n] = at + wide + 8;
        out += words(at, top - 4 - row * static_cast<double>(n), "start", mark.name, " font-style=\"italic\"");
    }
    return {out, row * static_cast<double>(free_from.size())};
}

std::string colour_of(const Plot& plot, std::size_t i) {
    const int colour = plot.series[i].colour;
    return svg_colour(colour < 0 ? i : static_cast<std::size_t>(colour));
}

// The point in the picture; what is beyond an axis is drawn at its edge.
std::pair<double, double> place(const Scales& s, double x, double y) {
    return {px(s.x, std::min(x, s.x.max)), py(s.y, std::min(y, s.y.max))};
}

std::string triangle(double x, double y, const std::string& colour) {
    return "<path class=\"outlier\" d=\"M" + coordinate(x - 4) + " " + coordinate(y + 7) + "L" + coordinate(x + 4) +
           " " + coordinate(y + 7) + "L" + coordinate(x) + " " + coordinate(y) + "Z\" fill=\"" + colour + "\"/>\n";
}

std::string curve(const Plot& plot, const Series& series, const Scales& scales, const std::string& colour) {
    std::string path, dots;
    double previous = 0;
    for (const auto& [x, y] : series.points) {
        if (!drawable(plot, x, y)) continue;
        const auto [at_x, at_y] = place(scales, x, y);
        const std::string text_x = coordinate(at_x), text_y = coordinate(at_y);
        if (!path.empty() && series.steps) path += "L" + text_x + " " + coordinate(previous);
        path += (path.empty() ? "M" : "L") + text_x + " " + text_y;
        previous = at_y;
        if (series.dots)
            dots += "<circle cx=\"" + text_x + "\" cy=\"" + text_y + "\" r=\"" + (series.no_line ? "2" : "3") +
                    "\" fill=\"" + colour + "\"/>\n";
        if (y > scales.y.max * (1 + 1e-9)) dots += triangle(at_x, at_y, colour);
    }
    if (series.no_line) return dots;
    // Where two lines coincide, the dashes of one lie on the broader other.
    const char* wide = series.thin ? "1" : series.dashed ? "1.6" : "2.4";
    return "<path d=\"" + path + "\" fill=\"none\" stroke-width=\"" + wide + "\" stroke=\"" + colour + "\"" +
           (series.dashed ? " stroke-dasharray=\"5 4\"" : "") + (series.thin ? " stroke-opacity=\".6\"" : "") +
           "/>\n" + dots;
}

std::string band(const Plot& plot, const Series& series, const Scales& scales, const std::string& colour) {
    std::string up, down, before_up, before_down;
    for (std::size_t i = 0; i < std::min(series.band.size(), series.points.size()); ++i) {
        const auto& [low, high] = series.band[i];
        if (!drawable(plot, series.points[i].first, low)) continue;
        const std::string at_x = coordinate(place(scales, series.points[i].first, low).first) + " ";
        const std::string at_up = coordinate(place(scales, 0, high).second);
        const std::string at_down = coordinate(place(scales, 0, low).second);
        if (series.steps && !up.empty()) {
            up += "L" + at_x + before_up;
            down.insert(0, "L" + at_x + before_down);
        }
        up += (up.empty() ? "M" : "L") + at_x + at_up;
        down.insert(0, "L" + at_x + at_down);
        before_up = at_up;
        before_down = at_down;
    }
    return "<path d=\"" + up + down + "Z\" stroke=\"none\" fill=\"" + colour + "\" fill-opacity=\".25\"/>\n";
}

// "3 points beyond the axis, up to 812": in the upper right corner.
std::string outliers(const Scales& s) {
    if (s.beyond == 0) return "";
    const bool above = s.most_y > s.y.max * (1 + 1e-9);
    return words(width - right - 4, top + 22, "end",
                 std::to_string(s.beyond) + (s.beyond == 1 ? " point" : " points") + " beyond the axis, up to " +
                     tick_text(above ? s.most_y : s.most_x));
}

}  // namespace

const char* svg_colour(std::size_t i) {
    static constexpr const char* colours[]{"#2f7fc1", "#d9622b", "#38985a", "#9763c4", "#b58a1c", "#8a8f98"};
    return colours[i % std::size(colours)];
}

std::string svg(const Plot& plot) {
    const Scales scales = axes(plot);
    const Heading phases = phase_names(plot.marks, scales.x);
    std::string out = frame(plot, scales.x, scales.y) + phases.text;
    std::vector<LegendEntry> names;
    for (std::size_t i = 0; i < plot.series.size(); ++i)
        if (!plot.series[i].band.empty()) out += band(plot, plot.series[i], scales, colour_of(plot, i));
    for (std::size_t i = 0; i < plot.series.size(); ++i) {
        out += curve(plot, plot.series[i], scales, colour_of(plot, i));
        if (!plot.series[i].name.empty())
            names.push_back({plot.series[i].name, colour_of(plot, i), plot.series[i].dashed});
    }
    const Heading entries = legend(names);
    const double room = entries.room + phases.room - (names.empty() && !phases.text.empty() ? 13 : 0);
    return open(plot.title, height + room) + entries.text + below(room, out + outliers(scales)) + "</svg>\n";
}

std::string svg_file(const std::string& svg) {
    constexpr std::string_view begin = "<svg ";
    return "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"640\" style=\"color:#222;background:#fff\" " +
           svg.substr(begin.size());
}

}  // namespace halp::sim
