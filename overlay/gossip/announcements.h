// What the applications of this node announce: hosts under labels. Every announcement has a version, the
// incarnation, which this node alone chooses: a higher one wins everywhere, and within one version a withdrawal
// wins (overlay/gossip/rules.md, section 4). A renewal raises it every third of the ttl, so that digests differ and
// the new age travels by exchange.
#pragma once

#include <cstdint>
#include <vector>

#include "overlay/environment.h"
#include "overlay/gossip/gossip_message.h"
#include "overlay/gossip/news.h"
#include "overlay/overlay_options.h"
#include "store/label_table.h"

namespace halp {

struct Announcement {
    Label label;
    EndpointId endpoint = no_endpoint;
    std::uint32_t incarnation = 0;
};

class Announcements {
public:
    Announcements(Random& random, LabelTable& labels, News& news, const GossipOptions& options)
        : random_(random), labels_(labels), news_(news), options_(options) {}

    // Announcing again renews. False when the table of labels has no room for it: then nothing is announced.
    [[nodiscard]] bool announce(const Label& label, EndpointId endpoint, Instant now, UnixSeconds wall);
    bool withdraw(const Label& label, EndpointId endpoint, Instant now, UnixSeconds wall);
    // Withdraws everything. Returns the entries that tell others, in parts that fit into a message each; one empty
    // part when nothing was announced.
    std::vector<std::vector<gossip::LabelEntries>> withdraw_all(Instant now, UnixSeconds wall);
    // Another node holds version `incarnation` of an announcement, which would outrank ours: announces a higher
    // one.
    void outrank(const Label& label, EndpointId endpoint, std::uint32_t incarnation, Instant now, UnixSeconds wall);
    void renew_all(Instant now, UnixSeconds wall);  // when next_deadline() has come

    [[nodiscard]] Instant next_deadline() const { return renew_at_; }
    [[nodiscard]] const std::vector<Announcement>& all() const { return all_; }
    void mark_endpoints(std::vector<bool>& marks) const;

private:
    std::vector<Announcement>::iterator find(const Label& label, EndpointId endpoint);
    [[nodiscard]] bool listed(const Label& label, EndpointId endpoint) const;
    void release(const Label& label);  // unless another announcement holds it
    void renew(Announcement& announcement, Instant now, UnixSeconds wall);

    Random& random_;
    LabelTable& labels_;
    News& news_;
    const GossipOptions& options_;
    std::vector<Announcement> all_;
    Instant renew_at_ = no_deadline;
};

}  // namespace halp
