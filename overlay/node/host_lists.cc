#include "overlay/node/host_lists.h"

#include <algorithm>
#include <iterator>

#include "overlay/cache/line_origins.h"
#include "store/hash.h"
#include "store/incarnation.h"

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

std::vector<ListedHost> HostLists::peers(std::size_t first, std::size_t count, Moment moment, bool for_disk) const {
    std::vector<ListedHost> out;
    // The original's server does not list itself. A member of a swarm does, so that asking one node is enough.
    const EndpointId self = parts_.gossip.in_swarm() ? parts_.gossip.self() : no_endpoint;
    std::size_t position = 0;
    const auto take = [&](ListedHost host) {
        if (position >= first && out.size() < count) out.push_back(std::move(host));
        ++position;
    };
    if (self != no_endpoint && !for_disk) take({parts_.endpoints.at(self), moment.wall, true, true, false});
    const Duration listed_max = parts_.gossip.doubted_listed_max();
    for (const Peer& peer : parts_.view.listed()) {
        if (out.size() >= count) break;
        const bool kept = for_disk && peer.known_since != never;
        if (peer.unanswering(moment.now, listed_max) && !kept) continue;
        const bool claimed = !peer.vouched();
        const UnixSeconds stated = std::min({peer.claim.stated, peer.claim.ranked, moment.wall});
        ListedHost host{parts_.endpoints.at(peer.endpoint), claimed ? stated : wall_of(peer.newest(), moment),
                        false, peer.proved != never, claimed};
        if (host.proved) host.proved_at = wall_of(peer.proved, moment);
        host.met = host.proved || peer.met;
        if (peer.known_since != never) host.known_since = wall_of(peer.known_since, moment);
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
    const std::vector<HostEntry> entries = page(label, *list, first, count);
    out.reserve(entries.size());
    for (const HostEntry& entry : entries) out.push_back(shown(entry, moment));
    if (!parts_.gossip.tags().empty())
        for (std::size_t i = 0; i < entries.size(); ++i)
            out[i].tags = parts_.gossip.tags().find(label, entries[i].endpoint);
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
        for (ListedHost& host : peers(0, host_count(label, moment.now), moment))
            if (host.endpoint == parts_.endpoints.at(id)) return std::move(host);
        return std::nullopt;
    }
    const HostList* list = parts_.labels.find(label);
    const HostEntry* entry = list ? list->find(id) : nullptr;
    if (!entry || entry->withdrawn || unlisted(label, id)) return std::nullopt;
    ListedHost host = shown(*entry, moment);
    host.tags = parts_.gossip.tags().find(label, id);
    return host;
}

std::size_t HostLists::unlisted_peers(Instant now) const {
    const std::vector<Peer> suspects = parts_.view.suspects();
    return static_cast<std::size_t>(std::ranges::count_if(
        suspects, [&](const Peer& peer) { return peer.unanswering(now, parts_.gossip.doubted_listed_max()); }));
}

bool HostLists::unlisted(const Label& label, EndpointId host) const {
    if (placed_ == 0) return false;
    const auto failed = failures_.find({label, host});
    return failed != failures_.end() && failed->second.unlisted;
}

std::size_t HostLists::host_count(const Label& label, Instant now) const {
    if (label == Label::halp())
        return parts_.view.listed_count() - unlisted_peers(now) +
               (parts_.gossip.in_swarm() && parts_.gossip.self() != no_endpoint ? 1 : 0);
    const HostList* list = parts_.labels.find(label);
    if (!list) return 0;
    std::size_t unlisted = 0;
    for (const auto& [key, failures] : failures_)
        if (failures.unlisted && key.first == label && list->find(key.second)) ++unlisted;
    return list->size() - std::min(unlisted, list->size());
}

std::size_t HostLists::lines_held(const Label& label) const {
    if (label == Label::halp()) return parts_.view.listed_count() + 1;
    if (const HostList* hosts = parts_.labels.find(label)) return hosts->size();
    const NameList* names = parts_.labels.names(label);
    return names ? names->size() : 0;
}

// ---- hosts out of their usual place ----

// A host of another label may be on the machine of a node that stalls. It is known to be when no node that answers
// has its address.
std::vector<std::string> HostLists::stalled_machines() const {
    std::vector<std::string> out;
    for (const Peer& peer : parts_.view.suspects())
        if (peer.stalled()) out.push_back(parts_.endpoints.at(peer.endpoint).host);
    if (out.empty()) return out;
    const EndpointId self = parts_.gossip.self();
    if (self != no_endpoint) std::erase(out, parts_.endpoints.at(self).host);
    for (const Peer& peer : parts_.view.all())
        if (peer.presentable()) std::erase(out, parts_.endpoints.at(peer.endpoint).host);
    return out;
}

HostLists::Place HostLists::place_of(const Label& label, const HostEntry& entry,
                                     const std::vector<std::string>& stalled) const {
    if (entry.own) return Place::usual;
    const auto failed = placed_ == 0 ? failures_.end() : failures_.find({label, entry.endpoint});
    if (failed != failures_.end() && failed->second.unlisted) return Place::nowhere;
    if (failed != failures_.end() && failed->second.last) return Place::last;
    const bool stalls =
        !stalled.empty() && std::ranges::find(stalled, parts_.endpoints.at(entry.endpoint).host) != stalled.end();
    return stalls ? Place::last : Place::usual;
}

std::vector<HostEntry> HostLists::page(const Label& label, const HostList& list, std::size_t first,
                                       std::size_t count) const {
    const std::vector<std::string> stalled = stalled_machines();
    if (stalled.empty() && placed_ == 0) return list.page(first, count);
    // In pieces, so that a page near the top costs no more than that.
    const std::size_t wanted = count > list.size() ? list.size() : std::min(list.size(), first + count);
    const std::size_t piece = std::max<std::size_t>(wanted, 64);
    std::vector<HostEntry> usual, last;
    for (std::size_t at = 0; usual.size() < wanted && at < list.size(); at += piece)
        for (const HostEntry& e : list.page(at, piece)) {
            const Place place = place_of(label, e, stalled);
            if (place == Place::usual) usual.push_back(e);
            if (place == Place::last) last.push_back(e);
        }
    if (usual.size() < wanted) usual.insert(usual.end(), last.begin(), last.end());
    if (first >= usual.size()) return {};
    usual.erase(usual.begin(), usual.begin() + static_cast<std::ptrdiff_t>(first));
    if (usual.size() > count) usual.resize(count);
    return usual;
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
    if (from == LearnedFrom::cache) claim.heard = old_memory(label, moment);
    if (label == Label::halp())
        insert_peer({.endpoint = id, .claim = claim}, from, moment);
    else if (!merge_claim(label, id, claim, source, from, moment))
        return false;
    if (!acknowledged(from)) return true;
    // Whoever inserts it here is told that it is listed.
    const auto failed = failures_.find({label, id});
    if (failed != failures_.end() && failed->second.unlisted) list_last(*failed, from);
    changes().add({ListChange::Kind::inserted, label, {claim.ranked, endpoint}});
    return true;
}

bool HostLists::merge_claim(const Label& label, EndpointId endpoint, const Claim& claim, SourceId source,
                            LearnedFrom from, Moment moment) {
    HostEntry news;
    news.endpoint = endpoint;
    news.claim = claim;
    news.remembered = from == LearnedFrom::cache;
    const LabelTable::Outcome outcome = parts_.labels.merge(label, news, source, moment.now, moment.wall, from);
    if (outcome.merge == Merge::refused) {
        last_refusal_ = outcome.cause;
        return false;
    }
    if (outcome.merge != Merge::added) return true;
    const Duration age = std::chrono::seconds{std::max<std::int64_t>(0, count(moment.wall) - count(claim.stated))};
    if (from != LearnedFrom::cache && age <= parts_.labels.allocation(label).ttl)
        parts_.gossip.push_host(label, endpoint, moment.now);
    return true;
}

void HostLists::node_claimed(const Endpoint& node, const Endpoint& by) {
    parts_.gossip.dials().claimed(parts_.endpoints.intern(node), by);
}

void HostLists::insert_peer(const PeerReport& report, LearnedFrom from, Moment moment) {
    if (parts_.gossip.is_self(report.endpoint)) return;
    HearsayDials& dials = parts_.gossip.dials();
    if (from == LearnedFrom::application || report.met)
        dials.remember(report.endpoint);
    else if (from == LearnedFrom::cache)
        dials.listed_in_file(report.endpoint);
    const PeerMerge merged = parts_.view.merge(report, moment.now);
    if (merged == PeerMerge::added)
        parts_.observer.note(EntryLearned{Label::halp(), parts_.endpoints.at(report.endpoint), from});
    parts_.view.merge_arrivals();
}

// Newer than the grave of its node by more than a clock may differ: another program has written the line since
// then.
bool HostLists::outlives_grave(const CacheLine& line, const Peer& node, Moment moment) const {
    const auto dead_for = std::chrono::duration_cast<std::chrono::seconds>(moment.now - node.buried).count();
    return count(line.seen) > count(moment.wall) - dead_for + LineOrigins::foreign_after_s;
}

void HostLists::remember_node(const CacheLine& line, Moment moment) {
    PeerReport report{.endpoint = parts_.endpoints.intern(line.endpoint)};
    if (const std::optional<Peer> known = parts_.view.find(report.endpoint);
        known && known->dead() && outlives_grave(line, *known, moment))
        parts_.view.erase(report.endpoint);
    report.claim = {line.seen, std::min(line.seen, moment.wall), old_memory(Label::halp(), moment)};
    report.met = line.proved != CacheLine::not_proved;
    if (line.known != CacheLine::not_proved) {
        const std::int64_t age_s = std::max<std::int64_t>(0, count(moment.wall) - count(line.known));
        report.known_since = moment.now - std::chrono::seconds{age_s};
    }
    insert_peer(report, LearnedFrom::cache, moment);
}

// Heard so long ago, it is shown and not told.
Instant HostLists::old_memory(const Label& label, Moment moment) const {
    return moment.now - parts_.labels.allocation(label).ttl;
}

bool HostLists::insert_name(const Label& directory, const std::string& name, UnixSeconds stated, SourceId source,
                            LearnedFrom from, Moment moment) {
    const NamedAt news{name, stated, std::min(stated, moment.wall)};
    const LabelTable::Outcome outcome = parts_.labels.merge_name(directory, news, source, moment.now);
    if (outcome.merge == Merge::refused) {
        last_refusal_ = outcome.cause;
        return false;
    }
    if (acknowledged(from)) changes().add({ListChange::Kind::acknowledged, directory});
    return true;
}

void HostLists::note_refused(const Endpoint& source, const Label& label, LearnedFrom from, Instant now) {
    parts_.gossip.refused_inserts().note(source, fnv1a(source.host), label, last_refusal_, from, now);
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
        count_failure(label, *entry, moment.now);
    changes().add({ListChange::Kind::learned, label});
    return {};
}

void HostLists::prove(const Label& label, HostEntry entry, Moment moment) {
    const auto failed = failures_.find({label, entry.endpoint});
    if (failed != failures_.end()) {
        if (failed->second.unlisted)
            parts_.observer.note(
                EntryLearned{label, parts_.endpoints.at(entry.endpoint), LearnedFrom::application});
        placed_ -= failed->second.unlisted || failed->second.last ? 1 : 0;
        failures_.erase(failed);
    }
    entry.proved = moment.now;
    // Its list holds it already, so it cannot be refused for want of room.
    static_cast<void>(
        parts_.labels.merge(label, entry, local_source, moment.now, moment.wall, LearnedFrom::application));
}

// The entry stays in the table: forgotten there, it would come back with the next exchange, as others have it.
void HostLists::count_failure(const Label& label, const HostEntry& entry, Instant now) {
    const auto key = std::pair{label, entry.endpoint};
    if (failures_.size() >= failures_remembered_max && !failures_.contains(key)) {
        const auto oldest = std::ranges::min_element(failures_, {}, [](const auto& f) { return f.second.at; });
        if (oldest->second.unlisted && parts_.labels.find(oldest->first.first))
            list_last(*oldest, LearnedFrom::application);
        placed_ -= oldest->second.unlisted || oldest->second.last ? 1 : 0;
        failures_.erase(oldest);
        ++failures_short_;
    }
    Failures& failures = failures_[key];
    failures.at = now;
    failures.incarnation = entry.incarnation;
    if (++failures.in_a_row < failures_until_forgotten || failures.unlisted) return;
    placed_ += failures.last ? 0 : 1;
    failures.unlisted = true;
    failures.last = false;
    parts_.observer.note(EntryForgotten{label, parts_.endpoints.at(entry.endpoint), ForgottenWhy::failed});
}

void HostLists::list_last(FailuresOfHost& of_host, LearnedFrom from) {
    auto& [host, failures] = of_host;
    failures.unlisted = false;
    failures.last = true;
    failures.in_a_row = 0;
    parts_.observer.note(EntryLearned{host.first, parts_.endpoints.at(host.second), from});
}

void HostLists::forget_failures(const Label* label) {
    std::erase_if(failures_, [&](const FailuresOfHost& of_host) {
        const bool cleared = !label || of_host.first.first == *label;
        if (cleared && (of_host.second.unlisted || of_host.second.last)) --placed_;
        return cleared;
    });
}

void HostLists::relist(Moment moment) {
    if (placed_ == 0) return;
    for (auto at = failures_.begin(); at != failures_.end();) {
        const auto& [label, host] = at->first;
        Failures& failures = at->second;
        const HostList* list = parts_.labels.find(label);
        const HostEntry* entry = list ? list->find(host) : nullptr;
        const bool there = entry && !entry->withdrawn;
        const bool placed = failures.unlisted || failures.last;
        if (there && failures.unlisted &&
            (newer_incarnation(entry->incarnation, failures.incarnation) || entry->confirmed > failures.at)) {
            failures.incarnation = entry->incarnation;
            list_last(*at, LearnedFrom::gossip);
            changes().add({ListChange::Kind::learned, label});
        }
        // Older hearsay than that is not taken any more.
        const bool over = placed && !there && moment.now - failures.at > parts_.labels.allocation(label).ttl;
        placed_ -= over ? 1 : 0;
        at = over ? failures_.erase(at) : std::next(at);
    }
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
    forget_failures(&label);
    return parts_.labels.clear(label);
}

void HostLists::clear_all() {
    parts_.view.clear();
    forget_failures(nullptr);
    parts_.labels.clear_all();
}

}  // namespace halp
