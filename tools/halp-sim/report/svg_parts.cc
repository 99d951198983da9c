#include "tools/halp-sim/report/svg_parts.h"

#include <algorithm>
#include <cmath>

#include "tools/halp-sim/report/console_table.h"
#include "tools/halp-sim/report/svg_plot.h"
#include "tools/program/harmless.h"

namespace halp::sim::svg_parts {
namespace {

// 1, 2 or 5 times a power of ten, so that about five ticks fit.
double round_step(double span) {
    const double raw = span / 5, power = std::pow(10, std::floor(std::log10(raw)));
    for (const double factor : {1.0, 2.0, 5.0})
        if (raw <= factor * power * (1 + 1e-9)) return factor * power;
    return 10 * power;
}

// Powers of ten; between them 2 and 5 when there are few.
std::vector<double> logarithmic_ticks(const Axis& axis) {
    std::vector<double> out;
    const double decades = std::log10(axis.max / axis.min);
    const int every = std::max(1, static_cast<int>(std::ceil(decades / 7)));
    int k = static_cast<int>(std::ceil(std::log10(axis.min) - 1e-9));
    if (decades <= 2.2) --k;
    for (; std::pow(10, k) <= axis.max * 1.001; k += every)
        for (const double factor : {1.0, 2.0, 5.0}) {
            const double t = factor * std::pow(10, k);
            if (factor > 1 && decades > 2.2) break;
            if (t >= axis.min * 0.999 && t <= axis.max * 1.001) out.push_back(t);
        }
    return out;
}

}  // namespace

double Axis::at(double value) const {
    if (!logarithmic) return (value - min) / (max - min);
    return (std::log10(value) - std::log10(min)) / (std::log10(max) - std::log10(min));
}

std::vector<double> ticks(const Axis& axis) {
    if (axis.logarithmic) return logarithmic_ticks(axis);
    std::vector<double> out;
    const double step = round_step(axis.max - axis.min);
    for (double t = std::ceil(axis.min / step - 1e-9) * step; t <= axis.max + step * 1e-6; t += step)
        out.push_back(std::abs(t) < step * 1e-6 ? 0 : t);
    return out;
}

std::string tick_text(double value) {
    if (value != 0 && std::abs(value) < 1e-3) {
        const int power = static_cast<int>(std::floor(std::log10(std::abs(value)) + 1e-9));
        return number(value / std::pow(10, power), 0) + "e" + std::to_string(power);
    }
    std::string text = number(value, std::abs(value) >= 100 ? 0 : 4);
    if (text.find('.') == std::string::npos) return text;
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return text;
}

std::string coordinate(double v) { return number(v, 1); }
double px(const Axis& x, double value) { return left + x.at(value) * (width - left - right); }
double py(const Axis& y, double value) { return height - bottom - y.at(value) * (height - top - bottom); }

std::string line(double x1, double y1, double x2, double y2, const std::string& style) {
    return "<line x1=\"" + coordinate(x1) + "\" y1=\"" + coordinate(y1) + "\" x2=\"" + coordinate(x2) + "\" y2=\"" +
           coordinate(y2) + "\" " + style + "/>\n";
}

std::string words(double x, double y, const std::string& anchor, const std::string& text, const std::string& more) {
    if (text.empty()) return "";
    return "<text x=\"" + coordinate(x) + "\" y=\"" + coordinate(y) + "\" text-anchor=\"" + anchor + "\"" + more +
           ">" + harmless_markup(text) + "</text>\n";
}

std::string open(const std::string& title, double picture_height) {
    return "<svg viewBox=\"0 0 640 " + number(picture_height, 0) + "\" role=\"img\" aria-label=\"" +
           harmless_markup(title) + "\" font-family=\"sans-serif\" font-size=\"11.5\" fill=\"currentColor\">\n" +
           words(12, 18, "start", title, " font-weight=\"bold\" font-size=\"13\"");
}

std::string axis_names(const std::string& x_axis, const std::string& y_axis) {
    const double middle = (top + height - bottom) / 2;
    return words((left + width - right) / 2, height - 9, "middle", x_axis) +
           words(15, middle, "middle", y_axis, " transform=\"rotate(-90 15 " + coordinate(middle) + ")\"");
}

std::string x_ticks(const Axis& x, const std::vector<double>& at) {
    std::string out;
    double free_from = -1e9;  // a text that would cover the one before is left out
    for (const double t : at) {
        out += line(px(x, t), height - bottom, px(x, t), height - bottom + 4, axis_style);
        const double half = text_width(tick_text(t)) / 2;
        if (px(x, t) - half < free_from) continue;
        free_from = px(x, t) + half + 4;
        out += words(px(x, t), height - bottom + 17, "middle", tick_text(t));
    }
    return out;
}

double text_width(const std::string& text) { return 6.3 * static_cast<double>(text.size()); }

std::string below(double room, const std::string& picture) {
    if (room <= 0) return picture;
    return "<g transform=\"translate(0 " + coordinate(room) + ")\">\n" + picture + "</g>\n";
}

Heading legend(const std::vector<LegendEntry>& entries) {
    std::string out;
    double x = left, y = 37;
    for (const LegendEntry& entry : entries) {
        const double wide = 26 + text_width(entry.name);
        if (x + wide > width && x > left) {
            x = left;
            y += 14;
        }
        const std::string colour = "\"" + entry.colour + "\"";
        if (entry.filled)
            out += "<rect x=\"" + coordinate(x) + "\" y=\"" + coordinate(y - 9) +
                   "\" width=\"14\" height=\"10\" fill=" + colour + "/>\n";
        else
            out +=
                line(x, y - 4, x + 16, y - 4,
                     "stroke-width=\"2.5\" stroke=" + colour + (entry.dashed ? " stroke-dasharray=\"4 3\"" : ""));
        out += words(x + 20, y, "start", entry.name);
        x += wide + 8;
    }
    return {out, y - 37};
}

}  // namespace halp::sim::svg_parts
