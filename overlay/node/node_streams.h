// The connections of one node. The first byte of a connection tells gossip from HALP text; from then on bytes are
// cut into text queries or gossip frames, handed to the part that answers them, and what the parts want said is
// sent.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "overlay/environment.h"
#include "overlay/gossip/gossip.h"
#include "overlay/gossip/received.h"
#include "overlay/gossip/wire/gossip_codec.h"
#include "overlay/input_account.h"
#include "overlay/node/address_rule.h"
#include "overlay/node/originals.h"
#include "overlay/node/stream_table.h"
#include "overlay/node/text_service.h"
#include "overlay/node/work_shares.h"
#include "overlay/overlay_options.h"

namespace halp {

struct StreamCounters {
    std::uint64_t bytes_in = 0, bytes_out = 0;
    std::uint64_t accepted = 0, opened = 0;
    Arrived arrived;                 // by gossip
    std::uint64_t text_refused = 0;  // connections whose query was not whole when too many others were not
};

class NodeStreams {
public:
    struct Parts {
        const OverlayEnvironment& environment;
        Observer& observer;
        const OverlayOptions& options;
        EndpointTable& endpoints;
        Gossip& gossip;
        TextService& text;
        Originals& originals;
        AddressRule& addresses;
        InputAccount& input;
        InputHolder& holder;
    };
    explicit NodeStreams(Parts parts) : parts_(parts) {}

    void on_accept(StreamId id, const Endpoint& source);
    void on_connected(StreamId id, const Endpoint& remote);
    void on_connect_failed(StreamId id, ConnectFailure why);
    void on_bytes(StreamId id, Bytes bytes);
    void on_writable(StreamId id);
    void on_end(StreamId id) { ended(id, true); }
    void on_closed(StreamId id) { ended(id, false); }
    [[nodiscard]] Instant next_deadline() const {
        const Instant newcomers = newcomers_.empty() ? no_deadline : newcomers_.front().first;
        return std::min({streams_.next_deadline(), shares_.next_deadline(), newcomers});
    }
    void on_deadline(Instant now);  // streams that took too long, and what waits for its share

    // The account of unfinished input is full, and this connection keeps the most.
    void drop_input(StreamId id);

    // Opens, writes and closes as gossip and the visits of originals want it.
    void carry_out_gossip();
    void carry_out_visits();

    [[nodiscard]] const StreamCounters& counters() const { return counters_; }
    [[nodiscard]] std::size_t size() const { return streams_.size(); }
    [[nodiscard]] const WorkShares& shares() const { return shares_; }
    [[nodiscard]] std::size_t text_sessions() const { return unfinished_.size(); }

private:
    void receive(StreamId id, NodeStream& stream, Bytes bytes);
    void first_bytes(StreamId id, NodeStream& stream, Bytes bytes);
    void refuse_text(StreamId id, const NodeStream& stream, StreamEnd why);
    void text_verdict(StreamId id, NodeStream& stream, TextSession::Verdict verdict);
    void take_query(StreamId id, NodeStream& stream, Bytes whole, const TextQuery& query);
    void answer_text(StreamId id, NodeStream& stream, const TextQuery& query);
    void continue_insert(StreamId id, NodeStream& stream);
    void wait(StreamId id, NodeStream& stream);
    void work_on(StreamId id);
    [[nodiscard]] bool may_take_frame(StreamId id, NodeStream& stream);
    void queue_bytes(StreamId id, NodeStream& stream, Bytes bytes);
    void frame_bytes(StreamId id, NodeStream& stream, Bytes bytes);
    bool take_frame(StreamId id, Bytes frame);
    void count_arrived(gossip::Message& message, const Endpoint& remote);
    void bad_frame(StreamId id, NodeStream& stream, gossip::DecodeError error);
    void foreign_bytes(StreamId id, NodeStream& stream, Bytes bytes);
    [[nodiscard]] const Place* surplus(const NodeStream& latest);
    void bound_newcomers(Instant now);
    void bound_newcomer();
    void refuse_silent(StreamId id);
    void count_input(StreamId id);
    void forget(StreamId id);
    void ended(StreamId id, bool orderly);
    void too_slow(StreamId id);
    void open(GossipCall& call);
    void reply(GossipReply& reply);
    void write(StreamId id, Bytes bytes);
    void hang_up(StreamId id);

    [[nodiscard]] Instant now() const { return parts_.environment.clock.now(); }
    [[nodiscard]] Moment moment() const { return {now(), parts_.environment.clock.wall()}; }
    [[nodiscard]] Transport& transport() const { return parts_.environment.transport; }

    Parts parts_;
    StreamTable streams_;
    Places unfinished_;  // connections whose query is not whole, silent ones too
    // Those that were too many when they came, and when that is looked at.
    std::vector<std::pair<Instant, StreamId>> newcomers_;  // a few
    WorkShares shares_;
    bool stepping_ = false;  // a connection has its step
    StreamCounters counters_;
    std::string scratch_;  // an encoded frame; its memory is used again
};

}  // namespace halp
