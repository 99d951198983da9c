// What neo requests are about, before they are carried out (lookahead.h).
#pragma once

#include <optional>
#include <variant>

#include "overlay/dht/node/lookahead.h"
#include "overlay/dht/wire/neo_codec.h"
#include "overlay/dht/wire/neo_wire.h"

namespace halp::neo {

struct ArrivedFrames {
    static std::optional<ArrivedRequest> arrived(Bytes rest) {
        const auto header = decode_header(rest, FrameType::request, rest.size());
        const auto* frame = std::get_if<FrameHeader>(&header);
        if (!frame || rest.size() - header_bytes < frame->body_bytes) return std::nullopt;
        const auto body_bytes = static_cast<std::size_t>(frame->body_bytes);
        ArrivedRequest request{.bytes = header_bytes + body_bytes};
        FieldReader read(rest.substr(header_bytes, body_bytes));
        static_cast<void>(read.number<std::uint64_t>());  // its id
        const auto code = static_cast<RequestCode>(read.number<std::uint8_t>());
        static_cast<void>(read.number<std::uint8_t>());  // the version
        request.channel = read.array();
        request.key = Key{read.number<std::uint64_t>()};
        request.is_put = code == RequestCode::put;
        request.of_a_record = !read.failed() && (request.is_put || code == RequestCode::get ||
                                                 code == RequestCode::exists || code == RequestCode::remove);
        return request;
    }
};

}  // namespace halp::neo
