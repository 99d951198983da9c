#include "overlay/node/own_hosts.h"

#include <algorithm>
#include <utility>

namespace halp {

void OwnHosts::add(const Label& label, const std::string& host, const Endpoint& announced, bool of_this_machine,
                   std::string tags) {
    const auto same = std::ranges::find_if(
        all_, [&](const Wish& w) { return w.label == label && w.host == host && w.port == announced.port; });
    if (same != all_.end()) {
        same->announced = announced;
        same->of_this_machine = of_this_machine;
        same->tags = std::move(tags);
    } else {
        all_.push_back({label, host, announced.port, of_this_machine, announced, std::move(tags)});
    }
}

std::optional<OwnHosts::Wish> OwnHosts::remove(const Label& label, const std::string& host, std::uint16_t port) {
    const auto found = std::ranges::find_if(
        all_, [&](const Wish& w) { return w.label == label && w.host == host && w.port == port; });
    if (found == all_.end()) return std::nullopt;
    Wish gone = std::move(*found);
    all_.erase(found);
    return gone;
}

std::optional<OwnHosts::Wish> OwnHosts::remove_at(const Label& label, const Endpoint& endpoint) {
    if (std::optional<Wish> named = remove(label, endpoint.host, endpoint.port)) return named;
    for (const Wish& wish : all_)
        if (wish.label == label && wish.announced == endpoint) return remove(label, wish.host, wish.port);
    return std::nullopt;
}

bool OwnHosts::waits(const Label& label, const Endpoint& endpoint) const {
    return std::ranges::any_of(all_, [&](const Wish& w) {
        return w.label == label && w.host == endpoint.host && w.port == endpoint.port && w.of_this_machine &&
               !w.announced;
    });
}

bool OwnHosts::wanted_at(const Label& label, const Endpoint& endpoint) const {
    return std::ranges::any_of(all_, [&](const Wish& w) { return w.label == label && w.announced == endpoint; });
}

std::size_t OwnHosts::waiting() const {
    return static_cast<std::size_t>(std::ranges::count_if(all_, [](const Wish& w) { return !w.announced; }));
}

}  // namespace halp
