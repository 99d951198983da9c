// One HALP node: lists by label, gossip with its peers, HALP text for everybody. It assembles the parts below and
// alone holds the interfaces to the world; the daemon and the simulator run exactly this class. Single thread.
//
//     world --> OverlayNode --> NodeStreams --+--> TextService --> HostLists --+--> LabelTable
//                                             +--> Gossip ---------------------+--> PeerView
//                                             +--> Originals                   |
//                                                      ListSaver <-- changes --+
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "overlay/environment.h"
#include "overlay/event.h"
#include "overlay/gossip/gossip.h"
#include "overlay/gossip/view/peer_view.h"
#include "overlay/input_account.h"
#include "overlay/listing.h"
#include "overlay/node/address_rule.h"
#include "overlay/node/grave_saver.h"
#include "overlay/node/host_lists.h"
#include "overlay/node/list_saver.h"
#include "overlay/node/node_status.h"
#include "overlay/node/node_streams.h"
#include "overlay/node/originals.h"
#include "overlay/node/own_hosts.h"
#include "overlay/node/room_watch.h"
#include "overlay/node/text_service.h"
#include "overlay/node/watched_peers.h"
#include "overlay/overlay_options.h"

namespace halp {

class OverlayNode final : public EventHandler, Observer, ListObserver, InputHolder {
public:
    // `endpoints` may be shared by many nodes of one process; pass collects_endpoints = false then.
    OverlayNode(OverlayEnvironment environment, EndpointTable& endpoints, OverlayOptions options,
                bool collects_endpoints = true);

    void start();  // reads the cache, joins, begins to gossip
    // Withdraws the own announcements and tells peers; the Observer hears LeaveDone, at most leave_linger later.
    void leave();
    [[nodiscard]] bool flush();  // writes everything unsaved to the cache now; false: not all of it

    // Applications. Announcing again refreshes, and changes the tags (store/tags.h); ttl is the profile's.
    Result<void> announce(const Label& label, const Endpoint& endpoint, const std::string& tags = {});
    [[nodiscard]] bool withdraw(const Label& label, const Endpoint& endpoint);
    // The same at this node's own address, whatever it is: when that changes, the announcement follows. Returns
    // where it stands now. ErrorCode::not_found while the address is not known.
    Result<Endpoint> announce_here(const Label& label, std::uint16_t port, const std::string& tags = {});
    [[nodiscard]] bool withdraw_here(const Label& label, std::uint16_t port);
    std::vector<OwnAnnouncement> announcements() const;
    [[nodiscard]] const std::optional<Endpoint>& self() const { return self_; }  // as others reach it, once known
    // An address that somebody typed in: a claim, ranked by `seen`.
    Result<void> insert(const Label& label, const Endpoint& endpoint, UnixSeconds seen);
    // The application has dialled this host, and it worked or not. After three failures in a row it is forgotten.
    Result<void> confirm(const Label& label, const Endpoint& endpoint, bool worked);

    // Rank order, as HALP text answers. `halp` lists the peers (and this node, once it is part of a swarm).
    std::vector<ListedHost> hosts(const Label& label, std::size_t first, std::size_t count) const;
    std::size_t host_count(const Label& label) const;
    std::vector<ListedName> names(const Label& directory, std::size_t first, std::size_t count) const;
    bool known(const Label& label) const;
    std::vector<Label> host_labels() const { return labels_.host_labels(); }  // those with hosts of their own

    // Memory and cache file; false when there was nothing. What this node announces stays.
    bool clear(const Label& label);
    void clear_all();
    // Somebody follows the events of this label. They tell every change of its list then; the label is preferred in
    // gossip and never evicted. Calls count.
    void watch(const Label& label, bool watched);
    // One host as hosts() shows it.
    std::optional<ListedHost> listed(const Label& label, const Endpoint& endpoint) const;

    void join(const Endpoint& seed);  // adds a seed and contacts it now
    SeedRemoval unjoin(const Endpoint& seed);
    std::vector<SeedStatus> seeds() const;
    // The addresses of this machine are these from now on.
    void set_own_addresses(std::vector<std::string> addresses);
    std::vector<PeerStatus> peers() const;
    [[nodiscard]] const PeerView& view() const { return view_; }  // for measures of many nodes
    NodeStatus status() const;
    [[nodiscard]] std::uint64_t tags_not_kept() const { return gossip_.tags().no_room(); }
    // What may change while running: seeds, allocation, gossip and text settings. Swarm and addresses may not.
    void reconfigure(const OverlayOptions& options);

    // EventHandler: called by the world.
    void on_accept(StreamId stream, const Endpoint& source) override;
    void on_connected(StreamId stream, const Endpoint& remote_address) override;
    void on_connect_failed(StreamId stream, ConnectFailure why) override;
    void on_bytes(StreamId stream, Bytes bytes) override;
    void on_writable(StreamId stream) override;
    void on_end(StreamId stream) override;
    void on_closed(StreamId stream) override;
    void on_wakeup() override;

private:
    // Observer: the parts note events here. Some change what is on disk or whom to visit; all go on to the world.
    void note(const Event& event) override;
    void drop_input(StreamId stream) override;
    // ListObserver: the table of labels tells here what changes in its lists.
    void host_listed(const Label& label, EndpointId host, LearnedFrom from) override;
    void host_moved(const Label& label, EndpointId host, LearnedFrom from) override;
    void host_gone(const Label& label, EndpointId host, ForgottenWhy why) override;

    [[nodiscard]] Moment moment() const { return {environment_.clock.now(), environment_.clock.wall()}; }
    void count_traffic(NodeStatus& status) const;
    void save_announcements();
    Result<void> stand(const Label& label, const Endpoint& endpoint, const std::string& tags);
    bool fall(const Label& label, const Endpoint& endpoint);
    [[nodiscard]] bool announced(const Label& label, const Endpoint& endpoint) const;
    void follow_own_address();
    void move_announcements();
    // Ends every call from outside: does what the parts want done and arms the alarm.
    void finish_turn();
    void compare_peers();
    void look_at_room(Instant now);
    void collect_endpoints();
    void arm();

    const OverlayEnvironment environment_;
    EndpointTable& endpoints_;
    InputAccount own_input_;
    InputAccount& input_;
    OverlayOptions options_;
    PeerView view_;
    LabelTable labels_;
    Gossip gossip_;
    HostLists lists_;
    AddressRule addresses_{endpoints_};
    TextService text_;
    ListSaver saver_;
    GraveSaver graves_;
    Originals originals_;
    NodeStreams streams_;
    WatchedPeers watched_peers_;
    OwnHosts own_hosts_;
    RoomWatch room_;
    Kept kept_;                     // its hosts
    std::optional<Endpoint> self_;  // as it was noted last
    bool had_self_ = false, addresses_changed_ = false;
    Instant retry_announcements_at_ = no_deadline;
    bool collects_;  // endpoints that nothing refers to
    bool started_ = false;
    bool leave_noted_ = false;
    Instant armed_ = no_deadline;
};

}  // namespace halp
