#include "tools/program/durations.h"

#include <cmath>
#include <cstdio>
#include <ctime>

namespace halp {
namespace {

std::string number(double value, const char* format) {
    char text[64];
    std::snprintf(text, sizeof text, format, value);
    return text;
}

// The larger unit, and below ten of it the smaller one, too.
std::string pair(double big, const char* big_unit, double small, const char* small_unit) {
    std::string text = number(big, "%.0f ") + big_unit;
    if (small >= 1 && big < 10) text += number(std::floor(small), " %.0f ") + small_unit;
    return text;
}

}  // namespace

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

std::string human_span(double seconds) {
    if (seconds < 10) return number(seconds, seconds < 1 ? "%.2f s" : "%.1f s");
    const double whole = std::floor(seconds);
    if (whole < 120) return number(whole, "%.0f s");
    if (whole < 7200) return pair(std::floor(whole / 60), "min", std::fmod(whole, 60), "s");
    if (whole < 172800) return pair(std::floor(whole / 3600), "h", std::fmod(whole, 3600) / 60, "min");
    return pair(std::floor(whole / 86400), "d", std::fmod(whole, 86400) / 3600, "h");
}

std::string human_age(double seconds) {
    return seconds < 0 ? "in " + human_span(-seconds) : human_span(seconds) + " ago";
}

std::string human_age(UnixSeconds seen, UnixSeconds now) {
    const auto age = static_cast<double>(count(now) - count(seen));
    if (std::abs(age) >= 10) return human_age(age);
    return age < 0 ? "in " + number(-age, "%.0f s") : number(age, "%.0f s ago");
}

}  // namespace halp
