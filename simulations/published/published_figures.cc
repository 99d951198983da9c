#include "simulations/published/published_figures.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdio>

namespace halp::sim {
namespace {

constexpr std::string_view of_peersim = "PeerSim 1.0.5, its own Newscast and observers";
constexpr std::string_view of_second = "second program, event-driven";
constexpr std::string_view newscast_20 = "Newscast c = 20, N = 10 000, cycle 100";
constexpr std::string_view newscast_delay = "Newscast c = 20, N = 10 000, cycle 50, with delay";
constexpr std::string_view newscast_large = "Newscast c = 20, N = 100 000, cycle 60, with delay";
constexpr std::string_view of_rules = "one run of another program, rule of Jelasity et al., TOCS 2007";
constexpr std::string_view dsn_table = "HyParView, DSN 2007, table 1";
constexpr std::string_view dsn_degrees = "HyParView, DSN 2007, plot of in-degrees";
constexpr std::string_view dsn_reliability = "HyParView, DSN 2007, section 5.2, text and plot";
constexpr std::string_view dsn_healing = "HyParView, DSN 2007, healing time, text and plot";
constexpr std::string_view as_in_dsn = "active view 5, passive 30, N = 10 000, 50 cycles";

constexpr PublishedFigure figures_known[]{
    {"newscast/clustering", "clustering", 0.2911, 4, newscast_20, of_peersim},
    {"newscast/path_length", "path length", 3.487, 3, newscast_20, of_peersim},
    {"newscast/in_degree_sd", "in-degree sd", 8.24, 2, newscast_delay, of_second},
    {"newscast/degree", "undirected degree", 33.5, 1, newscast_delay, of_second},
    {"newscast_large/clustering", "clustering", 0.2825, 4, newscast_large, of_second},
    {"newscast_large/path_length", "path length", 4.396, 3, newscast_large, of_second},
    {"newscast_large/in_degree_sd", "in-degree sd", 8.35, 2, newscast_large, of_second},
    {"newscast/clean_50", "cycles until 99 % of the entries live", 10, 0, "Newscast c = 20, N = 10 000, 50 % died",
     of_rules},
    {"newscast/clean_70", "cycles until 99 % of the entries live", 19, 0, "Newscast c = 20, N = 10 000, 70 % died",
     of_rules},
    {"hyparview/clustering", "clustering", 0.00092, 5, as_in_dsn, dsn_table},
    {"hyparview/path_length", "path length", 6.38542, 5, as_in_dsn, dsn_table},
    {"hyparview/last_delivery", "hops until the last node has a broadcast", 9.0, 1, as_in_dsn, dsn_table},
    {"hyparview/full_share", "share of nodes with in-degree 5", 1, 0, as_in_dsn, dsn_degrees},
    {"hyparview/reached", "share reached by a broadcast, 10 to 80 % failed", 1, 0, as_in_dsn, dsn_reliability},
    {"hyparview/reached_95", "share reached by a broadcast, 95 % failed", 0.9, 1, as_in_dsn, dsn_reliability},
    {"hyparview/healing", "cycles until healed, less than 80 % failed", 2, 0, as_in_dsn, dsn_healing},
    {"hyparview/healing_90", "cycles until healed, 90 % failed", 4, 0, as_in_dsn, dsn_healing},
};

constexpr PublishedSpread spread_rows[]{{100, {4.5, 6.3, 6.6, 6.6}, {8.6, 8.6}},
                                        {1'000, {6.6, 8.6, 9.0, 9.2}, {11.4, 12.0}},
                                        {10'000, {8.7, 10.6, 11.3, 11.8}, {14.2, 15.8}},
                                        {100'000, {10.8, 12.8, 13.4, 13.8}, {16.6, 19.2}}};

}  // namespace

std::span<const PublishedFigure> published_figures() { return figures_known; }

const PublishedFigure& published(std::string_view key) {
    const auto* const found = std::ranges::find(figures_known, key, &PublishedFigure::key);
    assert(found != std::end(figures_known));
    return *found;
}

std::string value_text(const PublishedFigure& figure) {
    char text[32];
    std::snprintf(text, sizeof text, "%.*f", figure.digits, figure.value);
    return text;
}

std::span<const PublishedSpread> published_spread() { return spread_rows; }

const PublishedSpread& nearest_published_spread(double nodes) {
    const auto distance = [&](const PublishedSpread& row) {
        return std::abs(std::log(static_cast<double>(row.nodes) / std::max(1.0, nodes)));
    };
    return *std::ranges::min_element(spread_rows, {}, distance);
}

}  // namespace halp::sim
