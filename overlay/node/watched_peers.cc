#include "overlay/node/watched_peers.h"

#include <utility>

namespace halp {

void WatchedPeers::begin(const std::vector<ListedHost>& listed) {
    if (watchers_++ > 0) return;
    told_.clear();
    for (const ListedHost& host : listed) told_[host.endpoint] = {host.own, host.proved, host.claimed, true};
}

void WatchedPeers::end() {
    if (watchers_ > 0 && --watchers_ == 0) told_.clear();
}

void WatchedPeers::on_event(const Event& event) {
    if (!watched()) return;
    const auto gone = [this](const Endpoint& peer) { told_.erase(peer); };
    const auto listed = [this](const Endpoint& peer) { told_.try_emplace(peer); };
    match(
        event, [&](const PeerJoined& e) { listed(e.peer); }, [&](const PeerBuried& e) { gone(e.peer); },
        [&](const PeerLeft& e) { gone(e.peer); }, [&](const PeerExpired& e) { gone(e.peer); },
        [&](const EntryLearned& e) {
            if (e.label == Label::halp()) listed(e.endpoint);
        },
        [](const auto&) {});
}

std::vector<Event> WatchedPeers::differences(const std::vector<ListedHost>& listed) {
    std::vector<Event> out;
    std::map<Endpoint, Told> now;
    for (const ListedHost& host : listed) {
        now[host.endpoint] = {host.own, host.proved, host.claimed, true};
        const auto before = told_.find(host.endpoint);
        const bool again = before != told_.end();
        if (!again || !before->second.as(host))
            out.push_back({NodeListed{host.endpoint, host.own ? LearnedFrom::own : LearnedFrom::gossip, again}});
    }
    for (const auto& [endpoint, told] : told_)
        if (!now.contains(endpoint)) out.push_back({NodeUnlisted{endpoint, ForgottenWhy::evicted}});
    told_ = std::move(now);
    return out;
}

}  // namespace halp
