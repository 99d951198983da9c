// Everything of a node that its request handlers may use. All sessions of a node share one context.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "overlay/dht/node/handler_options.h"
#include "overlay/dht/node/request_counts.h"
#include "overlay/dht/ranges/hash_ranges.h"
#include "overlay/dht/records/write_log.h"
#include "store/records/channel.h"
#include "store/result.h"

namespace halp {
class Redistribution;
}

namespace halp::neo {

// Failures for the operator, counted since the last report (DhtNode::report_failures).
struct FailureCounts {
    std::uint64_t reads_failed = 0;
    std::uint64_t records_left_out = 0;  // by GetAll and Mirror: too long for any batch
    std::uint64_t changes_dropped = 0;   // by Listen: more of them waited than it keeps
    std::string last;                    // the last failed read: request, client and cause

    [[nodiscard]] bool any() const { return reads_failed > 0 || records_left_out > 0 || changes_dropped > 0; }
    void read_failed(std::string_view request, std::string_view client, const Error& why) {
        ++reads_failed;
        last = std::string(request) + " of the client `" + std::string(client) + "`: " + why.message;
    }
};

struct HandlerContext {
    WriteLog& records;
    HashRanges& ranges;
    const HandlerLimits& limits;
    const Permissions& permissions;
    CompletionHandler& completions;  // is told how writes end
    std::string value = {};          // buffer of single handlers for the value of their reply
    FailureCounts failures = {};
    RequestCounts counts = {};                 // of one protocol, by the row of its table of handlers
    Redistribution* redistribution = nullptr;  // null: the range does not change
    std::optional<Channel> channel = {};  // that of the last request, which is nearly always that of the next one

    // Null: it is no name of a channel. Valid until the next call.
    [[nodiscard]] const Channel* channel_named(std::string_view name) {
        if (channel && channel->name() == name) return &*channel;
        Result<Channel> parsed = Channel::parse(name);
        if (!parsed) return nullptr;
        channel = std::move(parsed).value();
        return &*channel;
    }
};

}  // namespace halp::neo
