// The settings of connections as the limits of those who hold them.
#pragma once

#include "config/settings.h"
#include "overlay/libevent/limits.h"
#include "tools/halpd/admin/admin_server.h"

namespace halp {

[[nodiscard]] inline WorldLimits world_limits(const config::ConnectionSettings& connections) {
    WorldLimits limits;
    limits.accepted_max = connections.connections_max;
    limits.accepted_per_source_max = connections.connections_per_source_max;
    limits.output_total_max = connections.output_bytes_max;
    return limits;
}

[[nodiscard]] inline AdminLimits admin_limits(const config::ConnectionSettings& connections) {
    AdminLimits limits;
    limits.connections_max = connections.admin_connections_max;
    limits.streams_max = connections.admin_streams_max;
    return limits;
}

[[nodiscard]] inline AdminLimits admin_limits(const config::HttpSettings& http) {
    AdminLimits limits;
    limits.connections_max = http.connections_max;
    limits.streams_max = http.streams_max;
    limits.unsent_max = std::size_t{16} << 20;  // whoever reaches the port may ask for long lists and not read them
    return limits;
}

}  // namespace halp
