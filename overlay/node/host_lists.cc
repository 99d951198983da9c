#include "overlay/node/host_lists.h"

#include <algorithm>

namespace halp {

namespace {

constexpr int failures_until_forgotten = 3;
constexpr std::size_t failures_remembered_max = 4096;

UnixSeconds wall_of(Instant seen, Moment m) {
    const auto age = std::chrono::duration_cast<std::chrono::seconds>(m.now - seen).count();
    return UnixSeconds{std::max<std::int64_t>(0, count(m.wall) - age)};
}

std::vector<ListedName> listed_names(std::vector<NamedAt> page) {
    std::vector<ListedName> out;
    out.reserve(page.size());
    for (NamedAt& named : page) out.push_back({std::move(named.name), std::min(named.stated, named.ranked)});
    return out;
}

// Whoever inserted it was told that it is kept.
bool acknowledged(LearnedFrom from) { return from == LearnedFrom::text || from == LearnedFrom::application; }

}  // namespace

std::vector<ListedHost> HostLists::peers(std::size_t first, std::size_t count, Moment moment) const {
    std::vector<ListedHost> out;
    // The original's server does not list itself. A member of a swarm does, so that asking one node is enough.
    const EndpointId self = parts_.gossip.in_swarm() ? parts_.gossip.self() : no_endpoint;
    std::size_t position = 0;
    const auto take = [&](ListedHost host) {
        if (position >= first && out.size() < count) out.push_back(std::move(host));
        ++position;
    };
    if (self != no_endpoint) take({parts_.endpoints.at(self), moment.wall, true, true, false});
    for (const Peer& peer : parts_.view.listed()) {
        if (out.size() >= count) break;
        const bool claimed = !peer.vouched();
        const UnixSeconds stated = std::min({peer.claim.stated, peer.claim.ranked, moment.wall});
        ListedHost host{parts_.endpoints.at(peer.endpoint), claimed ? stated : wall_of(peer.newest(), moment),
                        false, peer.proved != never, claimed};
        if (host.proved) host.proved_at = wall_of(peer.proved, moment);
        take(std::move(host));
    }
    return out;
}

std::vector<ListedHost> HostLists::hosts(const Label& label, std::size_t first, std::size_t count,
                                         Moment moment) const {
    if (label == Label::halp()) return peers(first, count, moment);
    std::vector<ListedHost> out;
    const HostList* list = parts_.labels.find(label);
    if (!list) return out;
    for (const HostEntry& entry : list->page(first, count)) out.push_back(shown(entry, moment));
    return out;
}

ListedHost HostLists::shown(const HostEntry& e, Moment moment) const {
    const bool claimed = !e.vouched();
    // A time ahead of the clock was clamped when it was heard: served as it is, it would stay on top of the list of
    // each original that asks.
    const UnixSeconds stated = std::min({e.claim.stated, e.claim.ranked, moment.wall});
    const UnixSeconds seen = claimed ? stated : e.own ? moment.wall : wall_of(e.seen(), moment);
    ListedHost host{parts_.endpoints.at(e.endpoint), seen, e.own, e.proved != never, claimed};
    host.remembered = claimed && e.remembered;
    if (host.proved) host.proved_at = wall_of(e.proved, moment);
    return host;
}

std::optional<ListedHost> HostLists::listed(const Label& label, EndpointId id, Moment moment) const {
    if (label == Label::halp()) {
        for (ListedHost& host : peers(0, host_count(label), moment))
            if (host.endpoint == parts_.endpoints.at(id)) return std::move(host);
        return std::nullopt;
    }
    const HostList* list = parts_.labels.find(label);
    const HostEntry* entry = list ? list->find(id) : nullptr;
    return entry && !entry->withdrawn ? std::optional(shown(*entry, moment)) : std::nullopt;
}

std::size_t HostLists::host_count(const Label& label) const {
    if (label == Label::halp())
        return parts_.view.listed_count() +
               (parts_.gossip.in_swarm() && parts_.gossip.self() != no_endpoint ? 1 : 0);
    const HostList* list = parts_.labels.find(label);
    return list ? list->size() : 0;
}

std::vector<ListedName> HostLists::names(const Label& directory, std::size_t first, std::size_t count) const {
    const NameList* list = parts_.labels.names(directory);
    return list ? listed_names(list->page_of_known(first, count)) : std::vector<ListedName>{};
}

std::vector<ListedName> HostLists::names_with_asked(const Label& directory, std::size_t first,
                                                    std::size_t count) const {
    const NameList* list = parts_.labels.names(directory);
    return list ? listed_names(list->page(first, count)) : std::vector<ListedName>{};
}

std::size_t HostLists::name_count(const Label& directory) const {
    const NameList* list = parts_.labels.names(directory);
    return list ? list->known() : 0;
}

bool HostLists::known(const Label& label) const {
    return label == Label::halp() || parts_.labels.find(label) || parts_.labels.names(label);
}

bool HostLists::insert(const Label& label, const Endpoint& endpoint, UnixSeconds stated, SourceId source,
                       LearnedFrom from, Moment moment) {
    const EndpointId id = parts_.endpoints.intern(endpoint);
    // A time in the future ranks as now, so it keeps nothing on top (overlay/text/halp-text.md, defect 16).
    Claim claim{stated, std::min(stated, moment.wall), moment.now};
    // Old memory is no fresh news: heard so long ago, it is shown and not told.
    if (from == LearnedFrom::cache) claim.heard = moment.now - parts_.labels.allocation(label).ttl;
    if (label == Label::halp())
        insert_peer(id, claim, from, moment);
    else if (!merge_claim(label, id, claim, source, from, moment))
        return false;
    if (acknowledged(from)) changes().add({ListChange::Kind::inserted, label, {claim.ranked, endpoint}});
    return true;
}

bool HostLists::merge_claim(const Label& label, EndpointId endpoint, const Claim& claim, SourceId source,
                            LearnedFrom from, Moment moment) {
    HostEntry news;
    news.endpoint = endpoint;
    news.claim = claim;
    news.remembered = from == LearnedFrom::cache;
    const LabelTable::Outcome outcome = parts_.labels.merge(label, news, source, moment.now, moment.wall, from);
    if (outcome.merge == Merge::refused) return false;
    if (outcome.merge != Merge::added) return true;
    const Duration age = std::chrono::seconds{std::max<std::int64_t>(0, count(moment.wall) - count(claim.stated))};
    if (from != LearnedFrom::cache && age <= parts_.labels.allocation(label).ttl)
        parts_.gossip.push_host(label, endpoint, moment.now);
    return true;
}

void HostLists::insert_peer(EndpointId endpoint, const Claim& claim, LearnedFrom from, Moment moment) {
    if (parts_.gossip.is_self(endpoint)) return;
    const PeerMerge merged = parts_.view.merge({.endpoint = endpoint, .claim = claim}, moment.now);
    if (merged == PeerMerge::added)
        parts_.observer.note(EntryLearned{Label::halp(), parts_.endpoints.at(endpoint), from});
    parts_.view.merge_arrivals();
}

bool HostLists::insert_name(const Label& directory, const std::string& name, UnixSeconds stated, SourceId source,
                            LearnedFrom from, Moment moment) {
    const NamedAt news{name, stated, std::min(stated, moment.wall)};
    if (parts_.labels.merge_name(directory, news, source, moment.now).merge == Merge::refused) return false;
    if (acknowledged(from)) changes().add({ListChange::Kind::acknowledged, directory});
    return true;
}

void HostLists::mention(const Label& label, SourceId source, Moment moment, bool asked) {
    parts_.labels.mention(label, source, moment.now, moment.wall, asked);
}

Result<void> HostLists::confirm(const Label& label, const Endpoint& endpoint, bool worked, Moment moment) {
    if (label == Label::halp())
        return Error{ErrorCode::refused, "the nodes of `halp` are confirmed by this node itself"};
    const EndpointId id = parts_.endpoints.find(endpoint);
    const HostList* list = parts_.labels.find(label);
    const HostEntry* entry = list && id != no_endpoint ? list->find(id) : nullptr;
    if (!entry || entry->withdrawn)
        return Error{ErrorCode::not_found, endpoint.text() + " is not in the list of " + label.text()};
    if (worked)
        prove(label, *entry, moment);
    else if (!entry->own)
        count_failure(label, id);
    changes().add({ListChange::Kind::learned, label});
    return {};
}

void HostLists::prove(const Label& label, HostEntry entry, Moment moment) {
    failures_.erase({label, entry.endpoint});
    entry.proved = moment.now;
    // Its list holds it already, so it cannot be refused for want of room.
    static_cast<void>(
        parts_.labels.merge(label, entry, local_source, moment.now, moment.wall, LearnedFrom::application));
}

void HostLists::count_failure(const Label& label, EndpointId id) {
    const auto key = std::pair{label, id};
    if (failures_.size() >= failures_remembered_max) failures_.erase(failures_.begin());
    if (++failures_[key] < failures_until_forgotten) return;
    failures_.erase(key);
    parts_.labels.erase(label, id, ForgottenWhy::failed);
}

void HostLists::mark_endpoints(std::vector<bool>& marks) const {
    for (const auto& [key, failed] : failures_) marks[static_cast<std::size_t>(key.second)] = true;
}

bool HostLists::clear(const Label& label) {
    if (label == Label::halp()) {
        const bool any = parts_.view.listed_count() > 0;
        parts_.view.clear();
        return any;
    }
    return parts_.labels.clear(label);
}

void HostLists::clear_all() {
    parts_.view.clear();
    parts_.labels.clear_all();
}

}  // namespace halp
