#include "tools/halp-sim/svg_plot.h"

#include <algorithm>
#include <cmath>

#include "tools/halp-sim/console_table.h"

namespace halp::sim {
namespace {

constexpr double width = 640, height = 300, left = 62, right = 16, top = 30, bottom = 46;
constexpr const char* colours[]{"#1f6fb2", "#c4501b", "#2b8a3e", "#7a3fa0"};

std::string coordinate(double v) { return number(v, 1); }

struct Axis {
    double min = 0, max = 1;
    bool logarithmic = false;
    [[nodiscard]] double at(double value) const {
        if (!logarithmic) return (value - min) / (max - min);
        return (std::log10(value) - std::log10(min)) / (std::log10(max) - std::log10(min));
    }
};

double px(const Axis& x, double value) { return left + x.at(value) * (width - left - right); }
double py(const Axis& y, double value) { return height - bottom - y.at(value) * (height - top - bottom); }

// 1, 2 or 5 times a power of ten, so that about five ticks fit.
double round_step(double span) {
    const double raw = span / 5, power = std::pow(10, std::floor(std::log10(raw)));
    for (const double factor : {1.0, 2.0, 5.0})
        if (raw <= factor * power) return factor * power;
    return 10 * power;
}

std::vector<double> ticks(const Axis& axis) {
    std::vector<double> out;
    if (axis.logarithmic) {
        for (double t = axis.min; t <= axis.max * 1.001; t *= 10) out.push_back(t);
        return out;
    }
    const double step = round_step(axis.max - axis.min);
    for (double t = std::ceil(axis.min / step) * step; t <= axis.max + step * 1e-6; t += step) out.push_back(t);
    return out;
}

std::string tick_text(double value) {
    std::string text = number(value, std::abs(value) >= 100 ? 0 : 4);
    if (text.find('.') == std::string::npos) return text;
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return text;
}

bool drawable(const Plot& plot, double y) { return !plot.y_logarithmic || y > 0; }

std::pair<Axis, Axis> axes(const Plot& plot) {
    double x_min = 1e300, x_max = -1e300, y_low = 1e300, y_high = plot.y_max;
    for (const Series& s : plot.series)
        for (const auto& [x, y] : s.points) {
            if (!drawable(plot, y)) continue;
            x_min = std::min(x_min, x);
            x_max = std::max(x_max, x);
            y_low = std::min(y_low, y);
            y_high = std::max(y_high, y);
        }
    if (x_min > x_max) x_min = 0, x_max = 1, y_low = 0.1;
    if (x_min == x_max) x_max = x_min + 1;
    Axis y{0, y_high > 0 ? y_high * (plot.y_max > 0 ? 1 : 1.05) : 1, false};
    if (plot.y_logarithmic) y = {std::pow(10, std::floor(std::log10(y_low) + 1e-9)), std::max(1.0, y_high), true};
    if (y.logarithmic && y.min >= y.max) y.min = y.max / 10;
    return {Axis{std::min(0.0, x_min), x_max, false}, y};
}

std::string line(double x1, double y1, double x2, double y2, const std::string& style) {
    return "<line x1=\"" + coordinate(x1) + "\" y1=\"" + coordinate(y1) + "\" x2=\"" + coordinate(x2) + "\" y2=\"" +
           coordinate(y2) + "\" " + style + "/>\n";
}

std::string label(double x, double y, const std::string& anchor, const std::string& text,
                  const std::string& more = "") {
    return "<text x=\"" + coordinate(x) + "\" y=\"" + coordinate(y) + "\" text-anchor=\"" + anchor + "\"" + more +
           ">" + escaped(text) + "</text>\n";
}

std::string frame(const Plot& plot, const Axis& x, const Axis& y) {
    std::string out;
    for (const double t : ticks(y)) {
        out += line(left, py(y, t), width - right, py(y, t), "stroke=\"#e2e2e2\"");
        out += label(left - 6, py(y, t) + 4, "end", tick_text(t));
    }
    for (const double t : ticks(x)) {
        out += line(px(x, t), height - bottom, px(x, t), height - bottom + 4, "stroke=\"#555\"");
        out += label(px(x, t), height - bottom + 17, "middle", tick_text(t));
    }
    for (const double mark : plot.marks)
        if (mark > x.min && mark < x.max)
            out += line(px(x, mark), top, px(x, mark), height - bottom, "stroke=\"#aaa\" stroke-dasharray=\"3 3\"");
    out += line(left, height - bottom, width - right, height - bottom, "stroke=\"#555\"");
    out += line(left, top, left, height - bottom, "stroke=\"#555\"");
    out += label(left, 17, "start", plot.title, " font-weight=\"bold\"");
    out += label((left + width - right) / 2, height - 10, "middle", plot.x_axis);
    const double middle = (top + height - bottom) / 2;
    out += label(14, middle, "middle", plot.y_axis, " transform=\"rotate(-90 14 " + coordinate(middle) + ")\"");
    return out;
}

std::string curve(const Plot& plot, const Series& series, const Axis& x, const Axis& y, const char* colour) {
    std::string path;
    double previous = 0;
    for (const auto& [px_value, py_value] : series.points) {
        if (!drawable(plot, py_value)) continue;
        const std::string at_x = coordinate(px(x, px_value)), at_y = coordinate(py(y, py_value));
        if (!path.empty() && series.steps) path += "L" + at_x + " " + coordinate(previous);
        path += (path.empty() ? "M" : "L") + at_x + " " + at_y;
        previous = py(y, py_value);
    }
    return "<path d=\"" + path + "\" fill=\"none\" stroke-width=\"1.8\" stroke=\"" + colour + "\"/>\n";
}

}  // namespace

std::string svg(const Plot& plot) {
    const auto scales = axes(plot);
    std::string out = "<svg viewBox=\"0 0 640 300\" role=\"img\" aria-label=\"" + escaped(plot.title) +
                      "\" font-family=\"sans-serif\" font-size=\"11\" fill=\"#222\">\n";
    out += frame(plot, scales.first, scales.second);
    double legend = width - right;
    for (std::size_t i = 0; i < plot.series.size(); ++i) {
        const char* colour = colours[i % std::size(colours)];
        out += curve(plot, plot.series[i], scales.first, scales.second, colour);
        if (plot.series.size() < 2) continue;
        out += label(legend, 17, "end", plot.series[i].name, std::string{" fill=\""} + colour + "\"");
        legend -= 7.0 * static_cast<double>(plot.series[i].name.size()) + 14;
    }
    return out + "</svg>\n";
}

std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

std::vector<std::pair<double, double>> share_up_to(std::vector<double> values) {
    std::ranges::sort(values);
    std::vector<std::pair<double, double>> out;
    for (std::size_t i = 0; i < values.size(); ++i)
        if (i + 1 == values.size() || values[i + 1] != values[i])
            out.emplace_back(values[i], static_cast<double>(i + 1) / static_cast<double>(values.size()));
    return out;
}

std::vector<std::pair<double, double>> share_from(std::vector<double> values) {
    std::ranges::sort(values);
    std::vector<std::pair<double, double>> out;
    for (std::size_t i = 0; i < values.size(); ++i)
        if (i == 0 || values[i - 1] != values[i])
            out.emplace_back(values[i],
                             static_cast<double>(values.size() - i) / static_cast<double>(values.size()));
    return out;
}

}  // namespace halp::sim
