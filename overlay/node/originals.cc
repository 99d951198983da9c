#include "overlay/node/originals.h"

#include <algorithm>

#include "overlay/node/address_rule.h"
#include "overlay/text/text_client.h"

namespace halp {

namespace {

constexpr Duration look_interval = std::chrono::seconds{1};
constexpr std::ptrdiff_t visits_at_once_max = 64;
constexpr std::size_t queries_per_visit_max = 32;
constexpr std::size_t labels_followed_per_visit = 8;  // labels that the server lists
constexpr int failures_until_dropped = 3;

}  // namespace

void Originals::on_deadline(Moment moment) {
    look_at_ = moment.now + look_interval;
    std::erase_if(visits_, [&](const auto& v) {
        const std::optional<Peer> peer = parts_.view.find(v.first);
        return v.second.conversation == ConversationId{} && (!peer || !peer->original || peer->dead());
    });
    auto running =
        std::ranges::count_if(visits_, [](const auto& v) { return v.second.conversation != ConversationId{}; });
    for (const Peer& peer : parts_.view.all()) {
        if (running >= visits_at_once_max) break;  // the others have their turn when these are over
        if (!peer.original || peer.dead() || parts_.gossip.leaving()) continue;
        Visit& visit = visits_[peer.endpoint];
        if (visit.conversation != ConversationId{} || visit.next > moment.now) continue;
        plan(peer.endpoint, visit, moment);
        step(peer.endpoint, visit, moment.now);
        ++running;
    }
    if (visits_.empty()) look_at_ = no_deadline;  // until an original is found
}

void Originals::plan(EndpointId server, Visit& visit, Moment moment) {
    visit.left.clear();
    visit.left.push_back({Asks::proof, Label::halp(), std::string{proof_query}});
    ask(visit, Asks::hosts, Label::halp());
    ask(visit, Asks::names, Label::labels());
    // Originals learn of this node only by `insert halp`: they forget what a `get halp` brings.
    // Of addresses that mean something there.
    const Endpoint there = parts_.endpoints.at(server);
    if (parts_.gossip.self() != no_endpoint)
        if (const auto told = AddressRule::as_told(parts_.endpoints.at(parts_.gossip.self()), there))
            tell(visit, Label::halp(), {{moment.wall, *told}});
    add_in_turn(there, visit, moment);
    const auto fifth = static_cast<std::uint64_t>(options_.poll_interval.count() * 2 / 5 + 1);
    visit.next = moment.now + options_.poll_interval * 4 / 5 +
                 Duration{static_cast<std::int64_t>(parts_.random.below(fifth))};
}

// Labels that this node holds, and what it announces. What finds no room comes first at the next visit.
void Originals::add_in_turn(const Endpoint& there, Visit& visit, Moment moment) {
    Visit all;
    for (const Label& label : parts_.labels.host_labels())
        if (parts_.labels.held(label)) ask(all, Asks::hosts, label);
    std::map<Label, std::vector<TextHostLine>> own;
    for (const Announcement& a : parts_.gossip.announcements())
        if (const auto told = AddressRule::as_told(parts_.endpoints.at(a.endpoint), there))
            own[a.label].push_back({moment.wall, *told});
    for (const auto& [label, lines] : own) tell(all, label, lines);
    const std::size_t size = all.left.size();
    const std::size_t room = queries_per_visit_max - std::min(visit.left.size(), queries_per_visit_max);
    const std::size_t first = size > room ? visit.turn % size : 0;
    const std::size_t taken = std::min(room, size);
    for (std::size_t i = 0; i < taken; ++i) visit.left.push_back(all.left[(first + i) % size]);
    visit.turn = first + taken;
}

void Originals::ask(Visit& visit, Asks asks, const Label& label) {
    if (const Result<std::string> query = get_query(label)) visit.left.push_back({asks, label, *query});
}

void Originals::tell(Visit& visit, const Label& label, const std::vector<TextHostLine>& lines) {
    const Result<std::vector<std::string>> queries = insert_queries(label, lines);
    if (!queries) return;  // the label would end an original
    for (const std::string& query : *queries) visit.left.push_back({Asks::nothing, label, query});
}

void Originals::step(EndpointId server, Visit& visit, Instant now) {
    if (visit.left.empty()) {
        visit.conversation = {};
        return;
    }
    visit.conversation = parts_.gossip.next_incoming();
    calls_.push_back({visit.conversation, server, visit.left.front().text});
    look_at_ = std::min(look_at_, now + look_interval);
}

Originals::Visits::iterator Originals::visit_of(ConversationId conversation) {
    return std::ranges::find_if(visits_, [&](const auto& v) { return v.second.conversation == conversation; });
}

void Originals::on_answer(ConversationId conversation, std::string_view answer, Moment moment) {
    const auto at = visit_of(conversation);
    if (at == visits_.end()) return;
    const EndpointId server = at->first;
    Visit& visit = at->second;
    const std::optional<Peer> peer = parts_.view.find(server);
    if (!peer || !peer->original || peer->dead()) {  // it was upgraded or given up meanwhile
        visit.left.clear();
        return step(server, visit, moment.now);
    }
    const Query query = std::move(visit.left.front());
    visit.left.pop_front();
    const TextProof proof = proof_of(query.text, answer);
    if (proof == TextProof::foreign) return failed(at, moment);
    if (proof == TextProof::halp) parts_.view.set_original(server, moment.now);
    if (query.asks == Asks::hosts) take_hosts(server, query.label, answer, moment);
    if (query.asks == Asks::names) take_names(visit, query.label, answer, moment);
    step(server, visit, moment.now);
}

void Originals::take_hosts(EndpointId server, const Label& label, std::string_view answer, Moment moment) {
    const SourceId source{std::max(1U, parts_.endpoints.group(server))};
    const Endpoint there = parts_.endpoints.at(server);
    for (const HostAnswer::Line& line : parse_host_answer(answer, moment.wall).lines) {
        const auto age = std::chrono::duration_cast<std::chrono::seconds>(line.age).count();
        const UnixSeconds stated{std::max<std::int64_t>(0, count(moment.wall) - age)};
        const auto meant = AddressRule::as_heard(line.endpoint, there);
        if (!meant) continue;
        if (label == Label::halp()) parts_.lists.node_claimed(*meant, there);
        if (!parts_.lists.insert(label, *meant, stated, source, LearnedFrom::original, moment))
            parts_.lists.note_refused(there, label, LearnedFrom::original, moment.now);
    }
}

void Originals::take_names(Visit& visit, const Label& directory, std::string_view answer, Moment moment) {
    std::size_t followed = 0;
    const NameAnswer names = parse_name_answer(directory, answer, moment.wall);
    const std::size_t count = names.lines.size();
    const std::size_t first = count > labels_followed_per_visit ? parts_.random.below(count) : 0;
    for (std::size_t i = 0; i < count; ++i) {
        const NameAnswer::Line& line = names.lines[(first + i) % count];
        if (line.label == Label::halp() || line.label == Label::labels() || followed >= labels_followed_per_visit)
            continue;
        ++followed;
        const bool asked = std::ranges::any_of(visit.left, [&](const Query& q) { return q.label == line.label; });
        if (!asked && visit.left.size() < queries_per_visit_max)
            ask(visit, line.label.lists_names() ? Asks::names : Asks::hosts, line.label);
    }
}

void Originals::on_failed(ConversationId conversation, Moment moment) {
    const auto at = visit_of(conversation);
    if (at != visits_.end()) failed(at, moment);
}

void Originals::failed(Visits::iterator at, Moment moment) {
    const EndpointId server = at->first;
    at->second.left.clear();
    at->second.conversation = {};
    at->second.next = moment.now + std::chrono::seconds{10};
    if (parts_.gossip.settling(moment.now)) return;
    if (parts_.view.fail(server, moment.now, look_interval) < failures_until_dropped) return;
    parts_.view.erase(server);
    visits_.erase(at);
}

void Originals::mark_endpoints(std::vector<bool>& marks) const {
    for (const auto& [server, visit] : visits_) marks[static_cast<std::size_t>(server)] = true;
}

}  // namespace halp
