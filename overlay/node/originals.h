// Visits to original HALP servers, which neither gossip nor learn by themselves (halp-text.md, "What is sent to
// originals"). Every few minutes each known one is asked for its lists, and told of this node and of what is
// announced here. One query a connection, and one connection a server at a time. A visit begins with a query that
// only a HALP server answers as it does: the port may have become another service's since the last visit.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "overlay/gossip/gossip.h"
#include "overlay/gossip/view/peer_view.h"
#include "overlay/node/host_lists.h"
#include "overlay/overlay_options.h"
#include "overlay/text/text_codec.h"

namespace halp {

struct OriginalCall {
    ConversationId conversation;
    EndpointId to;
    std::string query;
};

class Originals {
public:
    struct Parts {
        EndpointTable& endpoints;
        Random& random;
        PeerView& view;
        LabelTable& labels;
        Gossip& gossip;
        HostLists& lists;
    };
    Originals(Parts parts, const TextOptions& options) : parts_(parts), options_(options) {}

    void start(Instant now) { look_at_ = now; }
    [[nodiscard]] Instant next_deadline() const { return look_at_; }
    void on_deadline(Moment moment);
    void on_answer(ConversationId conversation, std::string_view answer, Moment moment);
    void on_failed(ConversationId conversation, Moment moment);
    std::vector<OriginalCall> take_calls() { return std::exchange(calls_, {}); }
    void mark_endpoints(std::vector<bool>& marks) const;

private:
    enum class Asks : std::uint8_t { proof, hosts, names, nothing };
    struct Query {
        Asks asks;
        Label label;
        std::string text;
    };
    struct Visit {
        std::deque<Query> left;
        ConversationId conversation{};  // of the query under way; {} between visits
        Instant next = never;
        std::size_t turn = 0;  // where the next visit begins, when not all fits into one
    };

    void plan(EndpointId server, Visit& visit, Moment moment);
    void ask(Visit& visit, Asks asks, const Label& label);
    void tell(Visit& visit, const Label& label, const std::vector<TextHostLine>& lines);
    void add_in_turn(const Endpoint& there, Visit& visit, Moment moment);
    void step(EndpointId server, Visit& visit, Instant now);
    void take_hosts(EndpointId server, const Label& label, std::string_view answer, Moment moment);
    void take_names(Visit& visit, const Label& directory, std::string_view answer, Moment moment);
    using Visits = std::map<EndpointId, Visit>;
    Visits::iterator visit_of(ConversationId conversation);
    void failed(Visits::iterator at, Moment moment);

    Parts parts_;
    const TextOptions& options_;  // of the node; a reload changes them
    Instant look_at_ = no_deadline;
    Visits visits_;
    std::vector<OriginalCall> calls_;
};

}  // namespace halp
