#include "overlay/connect_failure.h"

#include <array>
#include <cstdio>
#include <string>

namespace halp {

namespace {

struct Words {
    std::string_view name, phrase;
};

// In the order of the enumerators.
constexpr std::array<Words, 8> all_words{{
    {"refused", "connection refused"},
    {"timed_out", "connecting timed out"},
    {"unreachable", "unreachable"},
    {"name_unknown", "the host name is unknown"},
    {"local_limit", "no more connections are possible here"},
    {"silent", "it takes connections, but does not answer"},
    {"text_only", "it speaks HALP text only"},
    {"not_halp", "another service answers there, not HALP"},
}};

const Words& words(ConnectFailure why) { return all_words.at(static_cast<std::size_t>(why)); }

std::string seconds_text(Duration time) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3g s", static_cast<double>(time.count()) / 1e6);
    return text;
}

}  // namespace

std::string_view name(ConnectFailure why) { return words(why).name; }

std::string_view describe(ConnectFailure why) { return words(why).phrase; }

Error connect_error(ConnectFailure why, const Endpoint& endpoint, Duration timeout) {
    const std::string whom = endpoint.text();
    switch (why) {
        case ConnectFailure::refused:
            return {ErrorCode::refused, "nothing listens on " + whom + "; check the port, or start halpd there"};
        case ConnectFailure::timed_out:
            return {ErrorCode::timed_out, whom + " did not take the connection within " + seconds_text(timeout) +
                                              "; it is down, or a firewall drops the packets"};
        case ConnectFailure::unreachable:
            return {ErrorCode::unreachable, "there is no way to " + whom + "; check the address and the network"};
        case ConnectFailure::name_unknown:
            return {ErrorCode::not_found, "the host name of " + whom + " is unknown; check its spelling"};
        case ConnectFailure::local_limit:
            return {ErrorCode::busy, "cannot connect to " + whom +
                                         ": this machine has no free socket or port left; close some programs"};
        case ConnectFailure::silent:
            return {ErrorCode::timed_out, whom + " accepted the connection but did not finish its answer within " +
                                              seconds_text(timeout)};
        case ConnectFailure::text_only:
            return {ErrorCode::refused, whom + " speaks HALP text only"};
        case ConnectFailure::not_halp:
            return {ErrorCode::refused, "another service answers at " + whom + ", not HALP; check the port"};
    }
    return {ErrorCode::io, "cannot connect to " + whom};
}

}  // namespace halp
