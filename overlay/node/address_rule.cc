#include "overlay/node/address_rule.h"

#include <string>
#include <string_view>
#include <vector>

#include "overlay/gossip/self/own_address.h"

namespace halp {

namespace {

std::string_view without_brackets(std::string_view host) {
    const bool brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
    return brackets ? host.substr(1, host.size() - 2) : host;
}

std::string_view zone_of(std::string_view host) {
    host = without_brackets(host);
    const auto at = host.find('%');
    return at == std::string_view::npos ? std::string_view{} : host.substr(at + 1);
}

std::string without_zone(std::string_view host) {
    host = without_brackets(host);
    return std::string{host.substr(0, host.find('%'))};
}

bool is_ipv4(std::string_view host) { return host.find(':') == std::string_view::npos; }

// Most addresses mean the same everywhere; this sees so at their first letters.
bool may_be_special(std::string_view host) {
    if (host.starts_with('1')) return host.starts_with("127.") || host.starts_with("169.");
    return host.empty() || std::string_view{"fF[l:0"}.find(host.front()) != std::string_view::npos;
}

}  // namespace

std::optional<Endpoint> AddressRule::as_told(const Endpoint& endpoint, const Endpoint& receiver) {
    switch (scope_of(endpoint.host)) {
        case AddressScope::everywhere:
            return endpoint;
        case AddressScope::machine:
            if (is_loopback(receiver.host)) return endpoint;
            return std::nullopt;
        case AddressScope::link: {
            if (scope_of(receiver.host) != AddressScope::link) return std::nullopt;
            if (is_ipv4(endpoint.host)) return is_ipv4(receiver.host) ? std::optional{endpoint} : std::nullopt;
            const std::string_view zone = zone_of(endpoint.host);
            if (zone.empty() || zone != zone_of(receiver.host)) return std::nullopt;
            return Endpoint{without_zone(endpoint.host), endpoint.port};
        }
        case AddressScope::nowhere:
            break;
    }
    return std::nullopt;
}

std::optional<Endpoint> AddressRule::as_heard(const Endpoint& endpoint, const Endpoint& speaker) {
    if (scope_of(endpoint.host) != AddressScope::link) return endpoint;
    if (scope_of(speaker.host) != AddressScope::link) return std::nullopt;
    if (is_ipv4(endpoint.host)) return is_ipv4(speaker.host) ? std::optional{endpoint} : std::nullopt;
    const std::string_view zone = zone_of(speaker.host);
    if (zone.empty() || !zone_of(endpoint.host).empty()) return std::nullopt;
    return Endpoint{without_zone(endpoint.host) + "%" + std::string{zone}, endpoint.port};
}

// `rule` gives the endpoint to put in place of each one; loopback is what it is where `loopback_is_known`. Returns
// how many were removed.
template <class Rule>
std::uint64_t AddressRule::apply(gossip::Message& message, bool loopback_is_known, Rule rule) {
    std::uint64_t removed = 0;
    const auto good = [&](EndpointId& id) {
        if (id == no_endpoint || !may_be_special(endpoints_.at(id).host)) return true;
        if (loopback_is_known && is_loopback(endpoints_.at(id).host)) return true;
        const Endpoint before = endpoints_.at(id);
        const std::optional<Endpoint> after = rule(before);
        if (after && *after != before) id = endpoints_.intern(*after);
        if (!after) ++removed;
        return after.has_value();
    };
    const auto bad_entry = [&](gossip::Entry& entry) { return !good(entry.endpoint); };
    for (EndpointId* one : {&message.hello.self, &message.observed, &message.target})
        if (!good(*one)) *one = no_endpoint;
    std::erase_if(message.peers, bad_entry);
    for (gossip::LabelEntries& label : message.labels) std::erase_if(label.entries, bad_entry);
    return removed;
}

void AddressRule::before_sending(gossip::Message& message, const Endpoint& receiver) {
    not_told_ += apply(message, is_loopback(receiver.host),
                       [&](const Endpoint& endpoint) { return as_told(endpoint, receiver); });
}

void AddressRule::after_receiving(gossip::Message& message, const Endpoint& speaker) {
    not_taken_ += apply(message, true, [&](const Endpoint& endpoint) { return as_heard(endpoint, speaker); });
}

}  // namespace halp
