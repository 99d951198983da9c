// The inside of OverlayNode: the machines, the streams that carry them, and nothing that decides. Private.
#pragma once

#include <string>
#include <vector>

#include "overlay/cache/cache_keeper.h"
#include "overlay/gossip/gossip.h"
#include "overlay/gossip/gossip_codec.h"
#include "overlay/gossip/peer_view.h"
#include "overlay/node/host_lists.h"
#include "overlay/node/originals.h"
#include "overlay/node/overlay_node.h"
#include "overlay/node/stream_table.h"
#include "overlay/node/text_service.h"

namespace halp {

struct OverlayNode::Impl final : Observer, CacheSource, CacheSink {
    Impl(OverlayEnvironment environment, EndpointTable& table, OverlayOptions given, bool collects);

    void start();
    void leave();
    void flush();
    void reconfigure(const OverlayOptions& given);
    NodeStatus status() const;
    Moment moment() const { return {doors.clock.now(), doors.clock.wall()}; }
    bool announced(const Label& label, const Endpoint& endpoint) const;

    // What the world says. settle() follows each: it does what the machines want done and arms the alarm.
    void accepted(StreamId id, const Endpoint& source);
    void connected(StreamId id, const Endpoint& remote);
    void connect_failed(StreamId id, ConnectFailure why);
    void bytes(StreamId id, Bytes data);
    void ended(StreamId id, bool orderly);
    void woken();
    void settle();

    // Observer: what the machines note passes here on its way out, because some of it must reach the disk.
    void note(const Event& event) override;
    // CacheSource
    CacheFile lines_of(const Label& label) const override;
    std::size_t lines_max(const Label& label) const override;
    // CacheSink
    void take_host(const Label& label, const CacheLine& line) override;
    void take_name(const Label& directory, const CacheNameLine& line) override;

    OverlayEnvironment doors;
    EndpointTable& endpoints;
    OverlayOptions options;
    PeerView view;
    LabelTable labels;
    Gossip gossip;
    HostLists lists;
    TextService text;
    CacheKeeper keeper;
    Originals originals;
    StreamTable streams;

private:
    void first_bytes(StreamId id, NodeStream& stream, Bytes data);
    void text_bytes(StreamId id, NodeStream& stream, Bytes data);
    void text_verdict(StreamId id, NodeStream& stream, TextSession::Verdict verdict);
    void answer_text(StreamId id, const Endpoint& source, const TextQuery& query);
    void frame_bytes(StreamId id, NodeStream& stream, Bytes data);
    bool take_frame(StreamId id, Bytes frame);
    void bad_frame(StreamId id, NodeStream& stream, gossip::DecodeError error);
    void stream_due(StreamId id);
    void do_gossip_actions();
    void do_original_calls();
    void open(const GossipCall& call);
    void reply(const GossipReply& reply);
    void save_changes(Moment m);
    void collect_endpoints();
    void arm();

    bool collects_;
    bool started_ = false;
    bool leave_noted_ = false;
    bool loading_ = false;
    Instant armed_ = no_deadline;
    std::string scratch_;  // encoded frames, reused
    std::vector<StoredLine> stored_;
    std::uint64_t bytes_in_ = 0, bytes_out_ = 0, streams_in_ = 0, streams_out_ = 0, malformed_ = 0;
};

}  // namespace halp
