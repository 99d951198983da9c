// What others have published or measured, each figure once: `halp-sim check` compares with them, reports show them
// beside ours, and a test holds the table of README.md to them.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace halp::sim {

struct PublishedFigure {
    std::string_view key;      // "newscast/clustering"; by groups of one setting
    std::string_view figure;   // as reports call it
    double value;              // of shares: 0 to 1
    int digits;                // behind the point, as published
    std::string_view setting;  // what it is a figure of
    std::string_view source;   // publication or program, and where in it
};

[[nodiscard]] std::span<const PublishedFigure> published_figures();
// It must be there: a key of our own.
[[nodiscard]] const PublishedFigure& published(std::string_view key);
[[nodiscard]] std::string value_text(const PublishedFigure& figure);

// The rounds that push-pull with uniform partners needs until so many know one item, by swarm size.
struct PublishedSpread {
    std::size_t nodes;
    double rounds[4];     // until 50, 99, 99.9 and 100 % know it
    double with_loss[2];  // until the last two, with 25 % of the exchanges lost
};
[[nodiscard]] std::span<const PublishedSpread> published_spread();
inline constexpr double published_spread_shares[]{0.5, 0.99, 0.999, 1};
inline constexpr std::string_view published_spread_source = "one run of another program, synchronous rounds";
// The row whose size is nearest to `nodes`, as a ratio.
[[nodiscard]] const PublishedSpread& nearest_published_spread(double nodes);

}  // namespace halp::sim
