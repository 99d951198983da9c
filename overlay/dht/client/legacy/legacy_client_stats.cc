#include "overlay/dht/client/legacy/legacy_client_stats.h"

#include "overlay/dht/client/client_stats.h"

namespace halp::legacy {
namespace {

std::string counted(std::uint64_t count, const char* what) {
    return count == 0 ? "" : ", " + std::to_string(count) + " " + what;
}

std::string line_of(const std::string& whom, const LegacyNodeStats& stats) {
    return whom + ": " + std::to_string(stats.connections) + " connections, " + std::to_string(stats.under_way) +
           " requests under way, " + std::to_string(stats.queued) + " queued in " +
           std::to_string(stats.queued_bytes) + " bytes; so far " + std::to_string(stats.requests) + " requests" +
           counted(stats.errors, "errors") + counted(stats.io_timeouts, "time-outs") +
           counted(stats.connection_timeouts, "time-outs of connecting") +
           counted(stats.queue_full, "refused by a full queue") +
           counted(stats.connect_failures, "failed connections") + counted(stats.losses, "lost connections") +
           ", bytes sent " + std::to_string(stats.bytes_out) + ", received " + std::to_string(stats.bytes_in);
}

}  // namespace

LegacyNodeStats LegacyClientStats::total() const {
    LegacyNodeStats all;
    for (const LegacyNodeStats& one : nodes) {
        all.connections += one.connections, all.under_way += one.under_way;
        all.queued += one.queued, all.queued_bytes += one.queued_bytes;
        all.requests += one.requests, all.answers += one.answers, all.errors += one.errors;
        all.io_timeouts += one.io_timeouts, all.connection_timeouts += one.connection_timeouts;
        all.queue_full += one.queue_full, all.connects += one.connects;
        all.connect_failures += one.connect_failures, all.losses += one.losses;
        all.bytes_in += one.bytes_in, all.bytes_out += one.bytes_out;
    }
    return all;
}

std::vector<std::string> describe(const LegacyClientStats& stats) {
    std::vector<std::string> lines;
    for (const LegacyNodeStats& node : stats.nodes) lines.push_back(line_of(node.node.text(), node));
    for (const auto& [command, times] : stats.times) lines.push_back(dht::describe(name(command), times));
    return lines;
}

}  // namespace halp::legacy
