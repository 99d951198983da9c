// The table of requests that a node supports, one row each. To add a request, write its handler and add its row.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "overlay/dht/node/long_request.h"
#include "overlay/dht/node/request.h"
#include "overlay/dht/wire/neo_codec.h"

namespace halp::neo {

using SingleHandler = Reply (*)(const Request&, WriteLog&);
// Returns null for malformed parameters.
using LongHandler = std::unique_ptr<LongRequest> (*)(const Request&);

// Exactly one of the two handlers is set.
struct HandlerRow {
    RequestCode code;
    std::uint8_t version;
    std::string_view name;
    SingleHandler single;
    LongHandler lasting;
    bool long_answer;  // begins only when the output has room
    bool talkative;    // the client sends more messages, and the last of them may arrive after the request's end
};

[[nodiscard]] std::span<const HandlerRow> handler_table();

// Returns null when there is no such row. `known_code` tells an unknown version from an unknown code.
[[nodiscard]] const HandlerRow* find_handler(std::uint8_t code, std::uint8_t version, bool& known_code);

}  // namespace halp::neo
