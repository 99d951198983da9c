#include "overlay/dht/wire/session_limits.h"

namespace halp::neo {

std::string_view name(SessionEnd end) {
    switch (end) {
        case SessionEnd::none:
            return "goes on";
        case SessionEnd::malformed:
            return "malformed message";
        case SessionEnd::version:
            return "wrong version";
        case SessionEnd::rejected:
            return "rejected";
        case SessionEnd::too_slow:
            return "no handshake in time";
        case SessionEnd::request_zero:
            return "request id zero";
        case SessionEnd::too_many:
            return "too many requests";
        case SessionEnd::out_of_turn:
            return "message out of turn";
        case SessionEnd::failed:
            return "a request could not go on";
        case SessionEnd::gone:
            return "connection lost";
    }
    return "?";
}

}  // namespace halp::neo
