// The host lists as users see them: all labels alike, although the peer view keeps `halp` and the label table the
// others. The policy for what people and strangers insert is here.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "overlay/environment.h"
#include "overlay/event.h"
#include "overlay/gossip/gossip.h"
#include "overlay/gossip/view/peer_view.h"
#include "overlay/listing.h"
#include "store/cache_format.h"
#include "store/label_table.h"

namespace halp {

struct Moment {
    Instant now;
    UnixSeconds wall;
};

class HostLists {
public:
    struct Parts {
        EndpointTable& endpoints;
        PeerView& view;
        LabelTable& labels;
        Gossip& gossip;
        Observer& observer;
    };
    explicit HostLists(Parts parts) : parts_(parts) {}

    [[nodiscard]] std::vector<ListedHost> hosts(const Label& label, std::size_t first, std::size_t count,
                                                Moment moment) const;
    // The nodes for the host cache: those that are listed, without this one, and acquaintances that are not.
    [[nodiscard]] std::vector<ListedHost> saved_nodes(Moment moment) const {
        return peers(0, parts_.view.listed_count() + 1, moment, true);
    }
    [[nodiscard]] std::optional<ListedHost> listed(const Label& label, EndpointId host, Moment moment) const;
    [[nodiscard]] std::size_t host_count(const Label& label, Instant now) const;
    // Of the label, without a look at single lines: those that are not shown count, too.
    [[nodiscard]] std::size_t lines_held(const Label& label) const;
    // Known nodes that are not handed out, because they have answered nothing for too long.
    [[nodiscard]] std::size_t unlisted_peers(Instant now) const;
    // A host of the table that is not listed, because applications of this node could not reach it.
    [[nodiscard]] bool unlisted(const Label& label, EndpointId host) const;
    // Without names that were only asked for, and with them, as HALP text answers.
    [[nodiscard]] std::vector<ListedName> names(const Label& directory, std::size_t first, std::size_t count) const;
    [[nodiscard]] std::vector<ListedName> names_with_asked(const Label& directory, std::size_t first,
                                                           std::size_t count) const;
    [[nodiscard]] std::size_t name_count(const Label& directory) const;
    [[nodiscard]] bool known(const Label& label) const;

    // A claim of somebody that a host works. A recent one is told to peers at once. False when a quota refuses it.
    // What people and applications insert is acknowledged to them, so it must reach the disk soon.
    [[nodiscard]] bool insert(const Label& label, const Endpoint& endpoint, UnixSeconds stated, SourceId source,
                              LearnedFrom from, Moment moment);
    // A node that the memory of an earlier run names.
    void remember_node(const CacheLine& line, Moment moment);
    [[nodiscard]] bool outlives_grave(const CacheLine& line, const Peer& node, Moment moment) const;
    // Somebody whose socket is at `by` inserts a node: not every address is dialled for it.
    void node_claimed(const Endpoint& node, const Endpoint& by);
    [[nodiscard]] bool insert_name(const Label& directory, const std::string& name, UnixSeconds stated,
                                   SourceId source, LearnedFrom from, Moment moment);
    // Tells of the last insert() or insert_name() that returned false.
    void note_refused(const Endpoint& source, const Label& label, LearnedFrom from, Instant now);
    // Why the last one of them that returned false was refused.
    [[nodiscard]] RefusalCause last_refusal() const { return last_refusal_; }
    // Failures that were forgotten, since the start, because there was no room.
    [[nodiscard]] std::uint64_t failures_short() const { return failures_short_; }
    // After a query about a label, its directories list it, as with the original. `asked`: in HALP text only.
    void mention(const Label& label, SourceId source, Moment moment, bool asked = false);
    // An application dialled the host. After three failures in a row the host is not listed any more, until
    // somebody else has confirmed it later than that; then it is listed last until an application of this node
    // reaches it.
    Result<void> confirm(const Label& label, const Endpoint& endpoint, bool worked, Moment moment);
    // Lists hosts again that others have confirmed since they failed here. From time to time.
    void relist(Moment moment);
    bool clear(const Label& label);
    void clear_all();
    void mark_endpoints(std::vector<bool>& marks) const;
    // What has changed in the lists, for the host cache.
    [[nodiscard]] ListChanges& changes() { return parts_.labels.changes(); }

private:
    [[nodiscard]] std::vector<ListedHost> peers(std::size_t first, std::size_t count, Moment moment,
                                                bool for_disk = false) const;
    [[nodiscard]] ListedHost shown(const HostEntry& entry, Moment moment) const;
    [[nodiscard]] bool merge_claim(const Label& label, EndpointId endpoint, const Claim& claim, SourceId source,
                                   LearnedFrom from, Moment moment);
    void prove(const Label& label, HostEntry entry, Moment moment);
    void count_failure(const Label& label, const HostEntry& entry, Instant now);
    void forget_failures(const Label* label);  // null: of all labels
    void insert_peer(const PeerReport& report, LearnedFrom from, Moment moment);
    [[nodiscard]] Instant old_memory(const Label& label, Moment moment) const;

    // What applications reported of one host since they last reached it.
    struct Failures {
        int in_a_row = 0;
        bool unlisted = false, last = false;  // how it is listed
        Instant at = never;                   // the newest
        std::uint32_t incarnation = 0;        // of the announcement that failed
    };
    using FailuresOfHost = std::pair<const std::pair<Label, EndpointId>, Failures>;
    enum class Place : std::uint8_t { usual, last, nowhere };
    void list_last(FailuresOfHost& of_host, LearnedFrom from);
    // Addresses at which only nodes live that do not answer.
    [[nodiscard]] std::vector<std::string> stalled_machines() const;
    [[nodiscard]] Place place_of(const Label& label, const HostEntry& entry,
                                 const std::vector<std::string>& stalled) const;
    [[nodiscard]] std::vector<HostEntry> page(const Label& label, const HostList& list, std::size_t first,
                                              std::size_t count) const;

    Parts parts_;
    std::map<std::pair<Label, EndpointId>, Failures> failures_;
    std::size_t placed_ = 0;  // of them, not in their usual place
    RefusalCause last_refusal_ = RefusalCause::full;
    std::uint64_t failures_short_ = 0;
};

}  // namespace halp
