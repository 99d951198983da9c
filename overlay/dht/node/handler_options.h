// What an operator may set for the request handlers of a node.
#pragma once

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <string_view>

namespace halp::neo {

struct HandlerLimits {
    std::size_t value_bytes_max = std::size_t{64} << 20;  // longer values are answered with Error
    std::size_t mirror_queue_max = 262144;                // unsent updates of one Mirror
    std::size_t hash_range_queue_max = 65536;             // unsent news of one GetHashRange
};

struct Permissions {
    bool anyone_removes_channels = false;  // true in the original's fake node
    std::set<std::string, std::less<>> remove_channels{"admin"};

    [[nodiscard]] bool removes_channels(std::string_view client) const {
        return anyone_removes_channels || remove_channels.contains(client);
    }
};

}  // namespace halp::neo
