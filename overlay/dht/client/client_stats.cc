#include "overlay/dht/client/client_stats.h"

#include <cmath>
#include <cstdint>
#include <string_view>

namespace halp {
namespace {

// About three digits, in the unit that makes the number shortest.
std::string text_of(Duration span) {
    const auto us = static_cast<double>(span.count());
    const auto rounded = [](double number) {
        const bool one_place = number < 100 && number != std::floor(number);
        const auto tenths = static_cast<std::int64_t>(std::lround(number * 10));
        const std::string whole = std::to_string(one_place ? tenths / 10 : std::lround(number));
        return one_place ? whole + "." + std::to_string(tenths % 10) : whole;
    };
    if (us < 1000) return rounded(us) + " us";
    if (us < 1'000'000) return rounded(us / 1000) + " ms";
    return rounded(us / 1'000'000) + " s";
}

}  // namespace

std::vector<std::pair<neo::RequestCode, RequestTimes>> DhtClientStats::occurred() const {
    std::vector<std::pair<neo::RequestCode, RequestTimes>> found;
    for (std::size_t i = 1; i < kinds; ++i)
        if (times[i].count > 0) found.emplace_back(static_cast<neo::RequestCode>(i), times[i]);
    return found;
}

namespace dht {

std::string describe(std::string_view what, const RequestTimes& times) {
    std::string text = std::string(what) + ": " + std::to_string(times.count);
    if (times.count == 0) return text;
    if (times.count == 1) return text + ", " + text_of(times.longest);
    return text + ", mean " + text_of(times.mean()) + ", half within " + text_of(times.quantile(0.5)) +
           ", 99 % within " + text_of(times.quantile(0.99)) + ", longest " + text_of(times.longest);
}

std::string describe(neo::RequestCode code, const RequestTimes& times) {
    return describe(std::string_view(name(code)), times);
}

std::vector<std::string> describe(const DhtClientStats& stats) {
    const auto of = [](std::size_t part, std::size_t whole) {
        return std::to_string(part) + " of " + std::to_string(whole);
    };
    std::vector<std::string> lines{"nodes connected: " + of(stats.nodes_connected, stats.nodes) +
                                   ", ranges known: " + std::to_string(stats.nodes_with_range) +
                                   "; requests active: " + of(stats.requests_active, stats.requests_limit) +
                                   ", at most " + std::to_string(stats.requests_max) + "; bytes sent " +
                                   std::to_string(stats.links.bytes_out) + ", received " +
                                   std::to_string(stats.links.bytes_in)};
    for (const auto& [code, times] : stats.occurred()) lines.push_back(describe(code, times));
    if (stats.links.stalls > 0)
        lines.push_back(describe("messages that waited to be sent", stats.links.queued) +
                        "; full connections: " + std::to_string(stats.links.stalls));
    return lines;
}

}  // namespace dht
}  // namespace halp
