// The parts of plots and maps: frame, axes with round ticks, lines, text.
#pragma once

#include <string>
#include <vector>

namespace halp::sim::svg_parts {

inline constexpr double width = 640, height = 320, left = 64, right = 18, top = 50, bottom = 46;

struct Axis {
    double min = 0, max = 1;
    bool logarithmic = false;
    [[nodiscard]] double at(double value) const;  // 0 at min, 1 at max
};
std::vector<double> ticks(const Axis& axis);
std::string tick_text(double value);  // "12000", "0.05", "1e-6"

double px(const Axis& x, double value);
double py(const Axis& y, double value);
std::string coordinate(double v);

std::string line(double x1, double y1, double x2, double y2, const std::string& style);
std::string words(double x, double y, const std::string& anchor, const std::string& text,
                  const std::string& more = "");

inline constexpr const char* axis_style = "stroke=\"currentColor\" stroke-opacity=\".7\"";
inline constexpr const char* grid_style = "stroke=\"currentColor\" stroke-opacity=\".15\"";
inline constexpr const char* mark_style = "stroke=\"currentColor\" stroke-opacity=\".45\" stroke-dasharray=\"3 3\"";

std::string open(const std::string& title, double picture_height = height);
std::string axis_names(const std::string& x_axis, const std::string& y_axis);
std::string x_ticks(const Axis& x, const std::vector<double>& at);

struct LegendEntry {
    std::string name, colour;
    bool dashed = false, filled = false;
};
// A part of the picture above the plot, and the room that it takes beyond what is there anyhow.
struct Heading {
    std::string text;
    double room = 0;
};
// Rows below the title, from the left.
Heading legend(const std::vector<LegendEntry>& entries);

// So wide is a text, about: what has to be known of it so that none covers another.
double text_width(const std::string& text);
// What stands above and what stands below it: the latter moves down.
std::string below(double room, const std::string& picture);

}  // namespace halp::sim::svg_parts
