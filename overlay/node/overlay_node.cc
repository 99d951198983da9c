#include "overlay/node/overlay_node.h"

#include <algorithm>
#include <utility>

#include "store/tags.h"

namespace halp {

namespace {

constexpr Duration announcement_retry = std::chrono::seconds{5};  // of one without room

}  // namespace

OverlayNode::OverlayNode(OverlayEnvironment environment, EndpointTable& endpoints, OverlayOptions options,
                         bool collects_endpoints)
    : environment_(environment),
      endpoints_(endpoints),
      input_(environment_.input ? *environment_.input : own_input_),
      options_(std::move(options)),
      view_(endpoints, environment_.random, options_.view),
      labels_(endpoints, options_.table),
      gossip_({endpoints, environment_.random, *this, view_, labels_}, options_),
      lists_({endpoints, view_, labels_, gossip_, *this}),
      text_(lists_, addresses_, gossip_, *this, options_),
      saver_({environment_, *this, options_, view_, labels_, lists_}),
      graves_({environment_, *this, options_, endpoints, view_, gossip_}),
      originals_({endpoints, environment_.random, view_, labels_, gossip_, lists_}, options_.text),
      streams_({environment_, *this, options_, endpoints, gossip_, text_, originals_, addresses_, input_, *this}),
      collects_(collects_endpoints) {
    labels_.set_observer(*this);
    if (gossip_.self() != no_endpoint) self_ = endpoints_.at(gossip_.self());
    had_self_ = self_.has_value();
}

void OverlayNode::start() {
    graves_.load();
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

bool OverlayNode::flush() {
    const bool graves_saved = graves_.flush();
    return saver_.flush() && graves_saved;
}

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
    gossip_.reconfigure(moment().now);
    finish_turn();
}

// ---- applications ----

Result<void> OverlayNode::announce(const Label& label, const Endpoint& endpoint, const std::string& tags) {
    if (own_hosts_.waits(label, endpoint) && !gossip_.on_this_machine(endpoint.host))
        return Error{ErrorCode::unreachable, "this machine does not have the address " + endpoint.host +
                                                 " now; the announcement waits until it has"};
    if (Result<void> done = stand(label, endpoint, tags); !done) return done;
    own_hosts_.add(label, endpoint.host, endpoint, gossip_.on_this_machine(endpoint.host), tags);
    finish_turn();
    return {};
}

Result<Endpoint> OverlayNode::announce_here(const Label& label, std::uint16_t port, const std::string& tags) {
    if (!self_) return Error{ErrorCode::not_found, "this node does not know its address yet; give a host"};
    const Endpoint endpoint{self_->host, port};
    if (Result<void> done = stand(label, endpoint, tags); !done) return done.error();
    own_hosts_.add(label, {}, endpoint, false, tags);
    finish_turn();
    return endpoint;
}

// Announces, or renews what is announced.
Result<void> OverlayNode::stand(const Label& label, const Endpoint& endpoint, const std::string& tags) {
    if (label == Label::halp())
        return Error{ErrorCode::refused, "a node lists itself under `halp`; announce under a label of your own"};
    if (label.lists_names()) return Error{ErrorCode::invalid, label.text() + " lists names, not hosts"};
    if (!label.storable()) return Error{ErrorCode::invalid, "a label that holds hosts has at most 255 characters"};
    if (scope_of(endpoint.host) == AddressScope::nowhere)
        return Error{ErrorCode::invalid, endpoint.host +
                                             " is no address that others could dial; leave the host out "
                                             "to announce the address of this node"};
    if (gossip_.leaving()) return Error{ErrorCode::refused, "this node is leaving the swarm"};
    if (!well_formed_tags(tags))
        return Error{ErrorCode::invalid, "the tags are not well formed (at most 256 bytes)"};
    const Moment m = moment();
    const bool known = announced(label, endpoint);
    if (!gossip_.announce(label, endpoints_.intern(endpoint), m.now, m.wall))
        return Error{ErrorCode::full, "there is no room for " + label.text() +
                                          ": too many labels or hosts are kept already (limits.labels_max, "
                                          "limits.bytes_max, labels.*.entries_max)"};
    gossip_.tags().set_own(label, endpoints_.find(endpoint), tags);
    labels_.changes().add({ListChange::Kind::acknowledged, label});
    if (known) return {};
    const AddressScope scope = scope_of(endpoint.host);
    if (scope < (self_ ? scope_of(self_->host) : AddressScope::everywhere)) note(KeptHere{label, endpoint});
    return {};
}

bool OverlayNode::withdraw(const Label& label, const Endpoint& endpoint) {
    const std::optional<OwnHosts::Wish> gone = own_hosts_.remove_at(label, endpoint);
    if (!gone) return false;
    if (gone->announced && !own_hosts_.wanted_at(label, *gone->announced)) fall(label, *gone->announced);
    finish_turn();
    return true;
}

bool OverlayNode::withdraw_here(const Label& label, std::uint16_t port) {
    const std::optional<OwnHosts::Wish> gone = own_hosts_.remove(label, {}, port);
    if (!gone) return false;
    if (gone->announced && !own_hosts_.wanted_at(label, *gone->announced)) fall(label, *gone->announced);
    finish_turn();
    return true;
}

bool OverlayNode::fall(const Label& label, const Endpoint& endpoint) {
    const Moment m = moment();
    const EndpointId id = endpoints_.find(endpoint);
    if (id == no_endpoint || !gossip_.withdraw(label, id, m.now, m.wall)) return false;
    return true;
}

void OverlayNode::set_own_addresses(std::vector<std::string> addresses) {
    gossip_.set_own_addresses(std::move(addresses));
    addresses_changed_ = true;
    finish_turn();
}

// What this node believes of itself may change with each message and with the interfaces of its machine.
void OverlayNode::follow_own_address() {
    if (!started_ || gossip_.leaving()) return;
    const EndpointId id = gossip_.self();
    const bool same = id == no_endpoint ? !self_ : self_ && *self_ == endpoints_.at(id);
    if (same && !addresses_changed_) return;
    addresses_changed_ = false;
    if (!same) {
        if (self_) note(SelfLost{*self_});
        self_ = id == no_endpoint ? std::nullopt : std::optional{endpoints_.at(id)};
        if (self_ && had_self_) gossip_.moved(environment_.clock.wall());
        had_self_ = had_self_ || self_.has_value();
        if (self_) note(SelfKnown{*self_});
    }
    move_announcements();
}

void OverlayNode::move_announcements() {
    retry_announcements_at_ = no_deadline;
    const auto here = [this](const std::string& host) { return gossip_.on_this_machine(host); };
    for (const OwnHosts::Move& move : own_hosts_.moves(self_, here)) {
        const Label label = own_hosts_.all()[move.wish].label;
        own_hosts_.set_announced(move.wish, std::nullopt);
        if (move.withdraw && !own_hosts_.wanted_at(label, *move.withdraw)) fall(label, *move.withdraw);
        // Without room it waits and is tried again; status says so.
        const std::string tags = own_hosts_.all()[move.wish].tags;
        if (move.announce && stand(label, *move.announce, tags)) own_hosts_.set_announced(move.wish, move.announce);
        const bool waits_for_room = move.announce && !own_hosts_.all()[move.wish].announced;
        if (waits_for_room) retry_announcements_at_ = environment_.clock.now() + announcement_retry;
    }
}

bool OverlayNode::announced(const Label& label, const Endpoint& endpoint) const {
    return std::ranges::any_of(gossip_.announcements(), [&](const Announcement& own) {
        return own.label == label && endpoints_.at(own.endpoint) == endpoint;
    });
}

std::vector<OwnAnnouncement> OverlayNode::announcements() const {
    std::vector<OwnAnnouncement> out;
    if (gossip_.leaving()) return out;  // all are withdrawn
    for (const OwnHosts::Wish& wish : own_hosts_.all())
        if (wish.announced) out.push_back({wish.label, *wish.announced, wish.host.empty(), wish.tags});
    return out;
}

Result<void> OverlayNode::insert(const Label& label, const Endpoint& endpoint, UnixSeconds seen) {
    if (label.lists_names()) return Error{ErrorCode::invalid, label.text() + " lists names, not hosts"};
    const Moment m = moment();
    if (!lists_.insert(label, endpoint, seen, application_source, LearnedFrom::application, m))
        return Error{ErrorCode::full,
                     "the list of " + label.text() +
                         " takes no more: it is full of better entries, or there are too many labels "
                         "(limits.labels_max, limits.new_labels_of_applications_and_hour, labels.*.entries_max)"};
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

std::size_t OverlayNode::host_count(const Label& label) const { return lists_.host_count(label, moment().now); }

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
    if (label == Label::halp()) graves_.cleared();
    save_announcements();
    finish_turn();
    return in_memory || on_disk;
}

void OverlayNode::clear_all() {
    lists_.clear_all();
    saver_.clear_all();
    graves_.cleared();
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
        watched_peers_.begin(lists_.hosts(label, 0, lists_.host_count(label, moment().now), moment()));
    else
        watched_peers_.end();
    finish_turn();
}

void OverlayNode::join(const Endpoint& seed) {
    gossip_.add_seed(seed, moment().now);
    finish_turn();
}

SeedRemoval OverlayNode::unjoin(const Endpoint& seed) {
    const SeedRemoval removal = gossip_.remove_seed(seed);
    finish_turn();
    return removal;
}

std::vector<SeedStatus> OverlayNode::seeds() const { return gossip_.seeds(); }

// ---- the world's calls ----

void OverlayNode::on_accept(StreamId stream, const Endpoint& source) {
    streams_.on_accept(stream, source);
    if (streams_.next_deadline() < armed_) arm();
}

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
    input_.relieve();
}

void OverlayNode::drop_input(StreamId stream) {
    streams_.drop_input(stream);
    finish_turn();
}

void OverlayNode::on_writable(StreamId stream) {
    streams_.on_writable(stream);
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
        lists_.relist(m);
        saver_.on_wakeup();
        graves_.on_wakeup();
        look_at_room(m.now);
        if (m.now >= retry_announcements_at_) addresses_changed_ = true;
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
    graves_.on_event(event);
    watched_peers_.on_event(event);
    if (std::holds_alternative<PeerIsOriginal>(event)) originals_.start(environment_.clock.now());
    environment_.observer.note(event);
}

// A host that failed here is not listed, whatever others tell of it (HostLists::unlisted).
void OverlayNode::host_listed(const Label& label, EndpointId host, LearnedFrom from) {
    ++kept_.hosts_listed.at(static_cast<std::size_t>(from));
    if (lists_.unlisted(label, host)) return;
    note(EntryLearned{label, endpoints_.at(host), from});
}

void OverlayNode::host_moved(const Label& label, EndpointId host, LearnedFrom from) {
    if (lists_.unlisted(label, host)) return;
    note(EntryMoved{label, endpoints_.at(host), from});
}

void OverlayNode::host_gone(const Label& label, EndpointId host, ForgottenWhy why) {
    ++kept_.hosts_gone.at(static_cast<std::size_t>(why));
    gossip_.tags().forget(label, host);
    if (lists_.unlisted(label, host)) return;
    note(EntryForgotten{label, endpoints_.at(host), why});
}

void OverlayNode::compare_peers() {
    const Moment m = moment();
    if (m.now < watched_peers_.next_comparison()) return;
    watched_peers_.compared(m.now);
    const Label& label = Label::halp();
    for (const Event& event :
         watched_peers_.differences(lists_.hosts(label, 0, lists_.host_count(label, m.now), m)))
        note(event);
}

void OverlayNode::look_at_room(Instant now) {
    if (!room_.due(now)) return;
    const GossipCounters gossip = gossip_.counters();
    room_.look({view_.pool_short(), view_.graves_short(), lists_.failures_short(), gossip.contacts_short,
                saver_.removals_short(), gossip.own_withdrawals_short, gossip.arguments_short, gossip.leaves_short,
                gossip.met_short, gossip.self_checks_short, labels_.quota().forgotten(), gossip.failed_calls_short},
               *this, now);
}

void OverlayNode::finish_turn() {
    follow_own_address();
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
        next = std::min({next, saver_.next_deadline(), originals_.next_deadline(), retry_announcements_at_});
        next = std::min({next, watched_peers_.next_comparison(), graves_.next_deadline()});
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
