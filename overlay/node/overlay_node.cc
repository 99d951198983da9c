#include "overlay/node/overlay_node.h"

#include "overlay/node/node_impl.h"

namespace halp {

OverlayNode::OverlayNode(OverlayEnvironment environment, EndpointTable& endpoints, OverlayOptions options,
                         bool collects_endpoints)
    : impl_(std::make_unique<Impl>(environment, endpoints, std::move(options), collects_endpoints)) {}

OverlayNode::~OverlayNode() = default;

void OverlayNode::start() { impl_->start(); }
void OverlayNode::leave() { impl_->leave(); }
void OverlayNode::flush() { impl_->flush(); }

// ---- applications ----

Result<void> OverlayNode::announce(const Label& label, const Endpoint& endpoint) {
    if (label == Label::halp()) return Error{ErrorCode::refused, "a node lists itself under `halp`; announce under a label of your own"};
    if (label.lists_names()) return Error{ErrorCode::invalid, label.text() + " lists names, not hosts"};
    if (!label.storable()) return Error{ErrorCode::invalid, "a label that holds hosts has at most 255 characters"};
    if (impl_->gossip.leaving()) return Error{ErrorCode::refused, "this node is leaving the swarm"};
    const Moment m = impl_->moment();
    const bool known = impl_->announced(label, endpoint);
    impl_->gossip.announce(label, impl_->endpoints.intern(endpoint), m.now, m.wall);
    impl_->keeper.changed(label, Urgency::acknowledged, m.now);
    if (!known) impl_->doors.observer.note(EntryLearned{label, endpoint, LearnedFrom::own});
    impl_->settle();
    return {};
}

bool OverlayNode::withdraw(const Label& label, const Endpoint& endpoint) {
    const Moment m = impl_->moment();
    const EndpointId id = impl_->endpoints.find(endpoint);
    if (id == no_endpoint || !impl_->gossip.withdraw(label, id, m.now, m.wall)) return false;
    impl_->keeper.forgotten(label, endpoint, m.wall, m.now);
    impl_->doors.observer.note(EntryForgotten{label, endpoint, ForgottenWhy::withdrawn});
    impl_->settle();
    return true;
}

std::vector<OwnAnnouncement> OverlayNode::announcements() const {
    std::vector<OwnAnnouncement> out;
    for (const Announcement& own : impl_->gossip.announcements())
        out.push_back({own.label, impl_->endpoints.at(own.endpoint)});
    return out;
}

Result<void> OverlayNode::insert(const Label& label, const Endpoint& endpoint, UnixSeconds seen) {
    if (label.lists_names()) return Error{ErrorCode::invalid, label.text() + " lists names, not hosts"};
    const Moment m = impl_->moment();
    if (!impl_->lists.insert(label, endpoint, seen, local_source, LearnedFrom::application, m))
        return Error{ErrorCode::full, "the list of " + label.text() + " takes no more: it is full of better entries, or there are too many labels"};
    impl_->lists.mention(label, local_source, m);
    impl_->keeper.inserted(label, {seen, endpoint}, m.now);
    impl_->settle();
    return {};
}

Result<void> OverlayNode::confirm(const Label& label, const Endpoint& endpoint, bool worked) {
    const Moment m = impl_->moment();
    Result<void> result = impl_->lists.confirm(label, endpoint, worked, m);
    if (result) impl_->keeper.changed(label, Urgency::learned, m.now);
    impl_->settle();
    return result;
}

std::vector<ListedHost> OverlayNode::hosts(const Label& label, std::size_t first, std::size_t count) const {
    return impl_->lists.hosts(label, first, count, impl_->moment());
}

std::size_t OverlayNode::host_count(const Label& label) const { return impl_->lists.host_count(label); }

std::vector<ListedName> OverlayNode::names(const Label& directory, std::size_t first, std::size_t count) const {
    return impl_->lists.names(directory, first, count);
}

bool OverlayNode::known(const Label& label) const { return impl_->lists.known(label); }

bool OverlayNode::clear(const Label& label) {
    const bool in_memory = impl_->lists.clear(label);
    const bool on_disk = impl_->keeper.clear(label);
    impl_->settle();
    return in_memory || on_disk;
}

void OverlayNode::clear_all() {
    impl_->lists.clear_all();
    impl_->keeper.clear_all();
    impl_->settle();
}

void OverlayNode::hold(const Label& label, bool held) { impl_->labels.hold(label, held); }

void OverlayNode::join(const Endpoint& seed) {
    impl_->gossip.add_seed(seed, impl_->moment().now);
    impl_->settle();
}

std::vector<PeerStatus> OverlayNode::peers() const {
    std::vector<PeerStatus> out;
    const Instant now = impl_->doors.clock.now();
    const auto add = [&](const Peer& peer) {
        PeerStatus s;
        s.endpoint = impl_->endpoints.at(peer.endpoint);
        s.role = peer.role;
        s.proved = peer.proved != never;
        s.suspect = peer.suspect();
        s.original = peer.original;
        if (peer.vouched()) s.age = now - peer.newest();
        if (s.proved) s.proved_age = now - peer.proved;
        s.failures = peer.failures;
        out.push_back(std::move(s));
    };
    for (const Peer& peer : impl_->view.listed()) add(peer);
    for (const Peer& peer : impl_->view.all())
        if (peer.dead()) add(peer);
    return out;
}

NodeStatus OverlayNode::status() const { return impl_->status(); }

void OverlayNode::reconfigure(const OverlayOptions& options) {
    impl_->reconfigure(options);
    impl_->settle();
}

// ---- the world speaks ----

void OverlayNode::on_accept(StreamId stream, const Endpoint& source) { impl_->accepted(stream, source); }

void OverlayNode::on_connected(StreamId stream, const Endpoint& remote) {
    impl_->connected(stream, remote);
    impl_->settle();
}

void OverlayNode::on_connect_failed(StreamId stream, ConnectFailure why) {
    impl_->connect_failed(stream, why);
    impl_->settle();
}

void OverlayNode::on_bytes(StreamId stream, Bytes bytes) {
    impl_->bytes(stream, bytes);
    impl_->settle();
}

void OverlayNode::on_end(StreamId stream) {
    impl_->ended(stream, true);
    impl_->settle();
}

void OverlayNode::on_closed(StreamId stream) {
    impl_->ended(stream, false);
    impl_->settle();
}

void OverlayNode::on_wakeup() {
    impl_->woken();
    impl_->settle();
}

}  // namespace halp
