// A request as its handler gets it, and the reply of a request that has exactly one.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "overlay/dht/node/handler_context.h"
#include "overlay/dht/node/holdings.h"
#include "overlay/dht/records/turn_scheduler.h"
#include "overlay/dht/records/write_log.h"
#include "overlay/dht/wire/neo_codec.h"
#include "overlay/environment.h"
#include "store/time.h"

namespace halp::neo {

struct Request {
    RequestId id;
    Bytes parameters;  // valid until the handler returns
    std::string_view client;
    Requester requester;  // for writes
    Instant now;
    TurnScheduler& turns;
    Holdings& holdings;
    HandlerContext& context;
};

// `value` is valid until the next handler is called.
struct Reply {
    // The code of the reply to a write, by how the write ended.
    using CodeOf = std::uint8_t (*)(Wrote);

    enum class Kind : std::uint8_t { answer, when_written, malformed };
    Kind kind = Kind::answer;
    std::uint8_t code = 0;       // of answer
    std::optional<Bytes> value;  // a second message after the code
    CodeOf code_of = nullptr;    // of when_written

    template <class Code>
    static Reply answer(Code code) {
        return {Kind::answer, static_cast<std::uint8_t>(code), std::nullopt, nullptr};
    }
    static Reply when_written(CodeOf code_of) { return {Kind::when_written, 0, std::nullopt, code_of}; }
    // `wrote` is what the write log has returned.
    static Reply written(std::optional<Wrote> wrote, CodeOf code_of) {
        return wrote ? Reply{Kind::answer, code_of(*wrote), std::nullopt, nullptr} : when_written(code_of);
    }
    static Reply malformed() { return {Kind::malformed, 0, std::nullopt, nullptr}; }
};

}  // namespace halp::neo
