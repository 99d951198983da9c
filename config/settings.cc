#include "config/settings.h"

namespace halp::config {

std::string ListenAddress::text() const {
    const bool bare_ipv6 = host.find(':') != std::string::npos;
    return (bare_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

OverlayOptions overlay_options(const Settings& settings) {
    OverlayOptions options = settings.node;
    options.listen_port = settings.listen.port;
    return options;
}

}  // namespace halp::config
