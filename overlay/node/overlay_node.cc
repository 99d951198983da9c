#include "overlay/node/overlay_node.h"

#include <algorithm>
#include <utility>

namespace halp {

OverlayNode::OverlayNode(OverlayEnvironment environment, EndpointTable& endpoints, OverlayOptions options,
                         bool collects_endpoints)
    : environment_(environment),
      endpoints_(endpoints),
      options_(std::move(options)),
      view_(endpoints, environment_.random, options_.view),
      labels_(endpoints, options_.table),
      gossip_({endpoints, environment_.random, *this, view_, labels_}, options_),
      lists_({endpoints, view_, labels_, gossip_, *this}),
      text_(lists_, *this, options_),
      saver_({environment_, *this, options_, view_, labels_, lists_}),
      originals_({endpoints, environment_.random, view_, labels_, gossip_, lists_}, options_.text),
      streams_({environment_, *this, options_, endpoints, gossip_, text_, originals_}),
      collects_(collects_endpoints) {
    labels_.set_observer(*this);
}

void OverlayNode::start() {
    saver_.load();
    started_ = true;
    const Moment m = moment();
    gossip_.start(m.now, m.wall);
    originals_.start(m.now);
    finish_turn();
}

void OverlayNode::leave() {
    const Moment m = moment();
    gossip_.leave(m.now, m.wall);
    finish_turn();
}

bool OverlayNode::flush() { return saver_.flush(); }

void OverlayNode::reconfigure(const OverlayOptions& options) {
    OverlayOptions next = options;
    next.swarm = options_.swarm;
    next.advertise = options_.advertise;
    next.listening = options_.listening;
    next.listen_port = options_.listen_port;
    next.own_addresses = options_.own_addresses;
    options_ = next;
    view_.set_options(options_.view);
    labels_.set_limits(options_.table);
    gossip_.reconfigure(options_, moment().now);
    finish_turn();
}

// ---- applications ----

Result<void> OverlayNode::announce(const Label& label, const Endpoint& endpoint) {
    if (label == Label::halp())
        return Error{ErrorCode::refused, "a node lists itself under `halp`; announce under a label of your own"};
    if (label.lists_names()) return Error{ErrorCode::invalid, label.text() + " lists names, not hosts"};
    if (!label.storable()) return Error{ErrorCode::invalid, "a label that holds hosts has at most 255 characters"};
    if (gossip_.leaving()) return Error{ErrorCode::refused, "this node is leaving the swarm"};
    const Moment m = moment();
    if (!gossip_.announce(label, endpoints_.intern(endpoint), m.now, m.wall))
        return Error{ErrorCode::full, "there is no room for " + label.text() +
                                          ": too many labels or hosts are kept already (limits.labels_max, "
                                          "limits.bytes_max, labels.*.entries_max)"};
    labels_.changes().add({ListChange::Kind::acknowledged, label});
    finish_turn();
    return {};
}

bool OverlayNode::withdraw(const Label& label, const Endpoint& endpoint) {
    const Moment m = moment();
    const EndpointId id = endpoints_.find(endpoint);
    if (id == no_endpoint || !gossip_.withdraw(label, id, m.now, m.wall)) return false;
    finish_turn();
    return true;
}

std::vector<OwnAnnouncement> OverlayNode::announcements() const {
    std::vector<OwnAnnouncement> out;
    for (const Announcement& own : gossip_.announcements()) out.push_back({own.label, endpoints_.at(own.endpoint)});
    return out;
}

Result<void> OverlayNode::insert(const Label& label, const Endpoint& endpoint, UnixSeconds seen) {
    if (label.lists_names()) return Error{ErrorCode::invalid, label.text() + " lists names, not hosts"};
    const Moment m = moment();
    if (!lists_.insert(label, endpoint, seen, application_source, LearnedFrom::application, m))
        return Error{ErrorCode::full,
                     "the list of " + label.text() +
                         " takes no more: it is full of better entries, or there are too many labels "
                         "(limits.labels_max, limits.new_labels_of_this_host_and_hour, labels.*.entries_max)"};
    lists_.mention(label, application_source, m);
    finish_turn();
    return {};
}

Result<void> OverlayNode::confirm(const Label& label, const Endpoint& endpoint, bool worked) {
    Result<void> result = lists_.confirm(label, endpoint, worked, moment());
    finish_turn();
    return result;
}

std::vector<ListedHost> OverlayNode::hosts(const Label& label, std::size_t first, std::size_t count) const {
    return lists_.hosts(label, first, count, moment());
}

std::size_t OverlayNode::host_count(const Label& label) const { return lists_.host_count(label); }

std::vector<ListedName> OverlayNode::names(const Label& directory, std::size_t first, std::size_t count) const {
    return lists_.names(directory, first, count);
}

std::optional<ListedHost> OverlayNode::listed(const Label& label, const Endpoint& endpoint) const {
    const EndpointId id = endpoints_.find(endpoint);
    return id == no_endpoint ? std::nullopt : lists_.listed(label, id, moment());
}

bool OverlayNode::known(const Label& label) const { return lists_.known(label); }

bool OverlayNode::clear(const Label& label) {
    const bool in_memory = lists_.clear(label);
    const bool on_disk = saver_.clear(label);
    save_announcements();
    finish_turn();
    return in_memory || on_disk;
}

void OverlayNode::clear_all() {
    lists_.clear_all();
    saver_.clear_all();
    save_announcements();
    finish_turn();
}

// What this node announces is announced until it is withdrawn, whatever was cleared. Its files are gone.
void OverlayNode::save_announcements() {
    for (const Announcement& own : gossip_.announcements())
        labels_.changes().add({ListChange::Kind::acknowledged, own.label});
}

void OverlayNode::watch(const Label& label, bool watched) {
    if (label != Label::halp()) return labels_.watch(label, watched);
    if (watched)
        watched_peers_.begin(lists_.hosts(label, 0, lists_.host_count(label), moment()));
    else
        watched_peers_.end();
    finish_turn();
}

void OverlayNode::join(const Endpoint& seed) {
    gossip_.add_seed(seed, moment().now);
    finish_turn();
}

// ---- the world's calls ----

void OverlayNode::on_accept(StreamId stream, const Endpoint& source) { streams_.on_accept(stream, source); }

void OverlayNode::on_connected(StreamId stream, const Endpoint& remote) {
    streams_.on_connected(stream, remote);
    finish_turn();
}

void OverlayNode::on_connect_failed(StreamId stream, ConnectFailure why) {
    streams_.on_connect_failed(stream, why);
    finish_turn();
}

void OverlayNode::on_bytes(StreamId stream, Bytes bytes) {
    streams_.on_bytes(stream, bytes);
    finish_turn();
}

void OverlayNode::on_end(StreamId stream) {
    streams_.on_end(stream);
    finish_turn();
}

void OverlayNode::on_closed(StreamId stream) {
    streams_.on_closed(stream);
    finish_turn();
}

void OverlayNode::on_wakeup() {
    armed_ = no_deadline;
    const Moment m = moment();
    streams_.on_deadline(m.now);
    if (started_) {
        if (m.now >= gossip_.next_deadline()) gossip_.on_deadline(m.now, m.wall);
        if (m.now >= originals_.next_deadline()) originals_.on_deadline(m);
        saver_.on_wakeup();
        if (gossip_.left(m.now) && !leave_noted_) {
            leave_noted_ = true;
            streams_.carry_out_gossip();  // goodbyes before the word that they are said
            note(LeaveDone{});
        }
    }
    finish_turn();
}

void OverlayNode::note(const Event& event) {
    saver_.on_event(event);
    watched_peers_.on_event(event);
    if (std::holds_alternative<PeerIsOriginal>(event)) originals_.start(environment_.clock.now());
    environment_.observer.note(event);
}

void OverlayNode::host_listed(const Label& label, EndpointId host, LearnedFrom from) {
    note(EntryLearned{label, endpoints_.at(host), from});
}

void OverlayNode::host_moved(const Label& label, EndpointId host, LearnedFrom from) {
    note(EntryMoved{label, endpoints_.at(host), from});
}

void OverlayNode::host_gone(const Label& label, EndpointId host, ForgottenWhy why) {
    note(EntryForgotten{label, endpoints_.at(host), why});
}

void OverlayNode::compare_peers() {
    const Moment m = moment();
    if (m.now < watched_peers_.next_comparison()) return;
    watched_peers_.compared(m.now);
    const Label& label = Label::halp();
    for (const Event& event : watched_peers_.differences(lists_.hosts(label, 0, lists_.host_count(label), m)))
        note(event);
}

void OverlayNode::finish_turn() {
    streams_.carry_out_gossip();
    streams_.carry_out_visits();
    compare_peers();
    saver_.hear_changes();
    collect_endpoints();
    arm();
}

void OverlayNode::arm() {
    Instant next = streams_.next_deadline();
    if (started_) {
        next = std::min({next, saver_.next_deadline(), originals_.next_deadline()});
        next = std::min(next, watched_peers_.next_comparison());
        if (!leave_noted_) next = std::min(next, gossip_.next_deadline());
    }
    if (next == armed_) return;
    armed_ = next;
    environment_.alarm.wake_at(next);
}

// Strangers can make a node remember endpoints; those that nothing refers to any more are forgotten.
void OverlayNode::collect_endpoints() {
    if (!collects_ || !endpoints_.wants_collection()) return;
    std::vector<bool> marks = endpoints_.empty_marks();
    labels_.mark_endpoints(marks);
    gossip_.mark_endpoints(marks);
    originals_.mark_endpoints(marks);
    lists_.mark_endpoints(marks);
    endpoints_.collect(marks);
}

}  // namespace halp
