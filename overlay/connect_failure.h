// Why nobody could be reached, in the words of clients and judges of DHT nodes.
#pragma once

#include <string_view>

#include "overlay/environment.h"

namespace halp::dht {

constexpr std::string_view describe(ConnectFailure why) {
    switch (why) {
        case ConnectFailure::refused:
            return "connection refused";
        case ConnectFailure::timed_out:
            return "connecting timed out";
        case ConnectFailure::unreachable:
            return "unreachable";
        case ConnectFailure::name_unknown:
            return "the host name is unknown";
        case ConnectFailure::local_limit:
            return "no more connections are possible here";
    }
    return "cannot connect";
}

}  // namespace halp::dht
