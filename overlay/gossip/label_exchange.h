// What two nodes tell each other about labels in an exchange, and how it is merged. Digests come first; entries
// follow only for labels whose digests differ (anti-entropy; overlay/gossip/rules.md, section 6).
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "overlay/environment.h"
#include "overlay/event.h"
#include "overlay/gossip/announcements.h"
#include "overlay/gossip/clock_steps.h"
#include "overlay/gossip/disputes.h"
#include "overlay/gossip/message_context.h"
#include "overlay/gossip/news.h"
#include "overlay/gossip/received.h"
#include "overlay/gossip/refused_inserts.h"
#include "overlay/gossip/self/identity.h"
#include "overlay/gossip/tag_table.h"
#include "overlay/gossip/wire/gossip_message.h"
#include "overlay/overlay_options.h"
#include "store/label_table.h"

namespace halp {

class LabelExchange {
public:
    struct Parts {
        const EndpointTable& endpoints;
        Random& random;
        RefusedInserts& refused;
        LabelTable& labels;
        const Identity& identity;
        Announcements& announcements;
        Disputes& disputes;
        News& news;
        const ClockSteps& clock_steps;
        TagTable& tags;
    };
    LabelExchange(Parts parts, const GossipOptions& options) : parts_(parts), options_(options) {}

    [[nodiscard]] std::size_t label_count() const { return parts_.labels.host_label_count(); }  // labels of hosts
    // Digests of the labels whose turn it is.
    void add_digests(gossip::Message& ours);
    // Entries, and a wish for entries, of the labels of which `theirs` has another digest.
    void compare(const gossip::Message& theirs, gossip::Message& ours, Instant now, UnixSeconds wall);
    // Entries of labels that `theirs`, which has digests of all its labels, does not name.
    void offer_missing(const gossip::Message& theirs, gossip::Message& ours, Instant now, UnixSeconds wall);
    // Entries of the labels with these hashes.
    void supply(const std::vector<std::uint64_t>& wanted, gossip::Message& ours, Instant now, UnixSeconds wall);

    void merge(const gossip::Message& message, const MessageContext& context);
    // Takes withdrawals that nobody has outranked, and passes on others: when Disputes::next_deadline() has come.
    void settle_disputes(Instant now, UnixSeconds wall);
    [[nodiscard]] const auto& received() const { return received_; }  // fates of the hosts in messages

private:
    // Those that are of a version that is listed already. They may be forged.
    [[nodiscard]] std::vector<bool> late_tags(const gossip::Message& message) const;
    void hear_tags(const gossip::Message& message, const std::vector<bool>& late, const MessageContext& context);
    void hear_tags_of_own(const gossip::EntryTags& said, const HostEntry& own, const MessageContext& context);
    [[nodiscard]] std::size_t entries_told(const HostList& list) const;
    std::size_t random_start(std::size_t labels, std::size_t entries);
    gossip::LabelEntries entries_of(const Label& label, Instant now, UnixSeconds wall);
    // Outranked: the speaker, who announces this host, must hear that.
    HostFate merge_entry(const Label& label, const gossip::Entry& entry, const MessageContext& context);
    [[nodiscard]] static bool behind(const gossip::Entry& entry, const HostEntry& held);
    // True when nothing else is to be done with it: it waits, or this node has withdrawn the host.
    [[nodiscard]] bool disputed(const Label& label, const gossip::Entry& entry, const HostEntry* before,
                                const MessageContext& context);
    void defend(const Label& label, const gossip::Entry& entry, const HostEntry& own,
                const MessageContext& context);
    [[nodiscard]] Claim claim_of(const gossip::Entry& entry, Instant seen, UnixSeconds wall) const;
    [[nodiscard]] HostEntry received(const gossip::Entry& entry, const HostEntry* before,
                                     const MessageContext& context) const;

    Parts parts_;
    const GossipOptions& options_;
    std::uint64_t digest_cursor_ = 0;
    std::uint64_t offer_cursor_ = 0;
    Fates<HostFate, host_fates.size()> received_;
};

}  // namespace halp
