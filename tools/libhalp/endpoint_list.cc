#include "tools/libhalp/endpoint_list.h"

#include <algorithm>

#include "tools/libhalp/include/halp/halp.h"

namespace halp::lib {

Result<std::vector<Endpoint>> parse_endpoint_list(std::string_view text, const std::string& of) {
    std::vector<Endpoint> endpoints;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t end = std::min(text.find(',', at), text.size());
        std::string_view one = text.substr(at, end - at);
        at = end + 1;
        while (one.starts_with(' ')) one.remove_prefix(1);
        while (one.ends_with(' ')) one.remove_suffix(1);
        if (one.empty()) continue;
        auto endpoint = Endpoint::parse(one);
        if (!endpoint) return Error{ErrorCode::invalid, of + ": `" + std::string{one} + "` is not HOST:PORT."};
        endpoints.push_back(std::move(*endpoint));
    }
    if (endpoints.empty()) return Error{ErrorCode::invalid, of + " names nothing: write HOST:PORT."};
    return endpoints;
}

Host host_of(const ListedHost& host) {
    const auto bit = [](bool set, int flag) { return set ? flag : 0; };
    return {host.endpoint, count(host.seen),
            static_cast<std::uint16_t>(bit(host.own, HALP_OWN) | bit(host.proved, HALP_PROVED) |
                                       bit(host.claimed, HALP_CLAIMED) | bit(host.remembered, HALP_REMEMBERED)),
            std::string{host.tags}};
}

}  // namespace halp::lib
