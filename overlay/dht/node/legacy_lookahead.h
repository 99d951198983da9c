// What legacy requests are about, before they are carried out (lookahead.h).
#pragma once

#include <optional>

#include "overlay/dht/node/lookahead.h"
#include "overlay/dht/wire/legacy_codec.h"

namespace halp::legacy {

struct ArrivedRequests {
    // Only those about one record: behind another one nothing is looked for.
    static std::optional<ArrivedRequest> arrived(Bytes rest) {
        ArrivedReader read(rest);
        const Command command{read.number<std::uint32_t>()};
        const bool is_put = command == Command::put;
        if (!is_put && command != Command::get && command != Command::exists && command != Command::remove)
            return std::nullopt;
        ArrivedRequest request{.of_a_record = true, .is_put = is_put};
        request.channel = read.array();
        const auto key = parse_key(read.array());
        if (is_put) static_cast<void>(read.array());  // its value
        if (!read.whole() || !key) return std::nullopt;
        request.key = *key;
        request.bytes = read.taken();
        return request;
    }
};

}  // namespace halp::legacy
