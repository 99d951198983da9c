// Requests to all nodes. Such a request has one part on each node that is known at its beginning or later. A part
// starts again when its connection is lost. The request ends when all parts have ended; a node that cannot be
// reached keeps it waiting. It notes for which keys its parts have answered: a part answers for the keys that were
// in the node's range all the while.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "overlay/dht/client/client_request.h"
#include "overlay/dht/client/dht_notes.h"
#include "overlay/dht/client/node_map.h"
#include "overlay/dht/client/range_cover.h"
#include "store/records/hash_range.h"

namespace halp {

class AllNodesRequest : public ClientRequest {
public:
    AllNodesRequest(RequestContext& context, neo::RequestId id, neo::RequestCode code)
        : ClientRequest(context, id, code) {}
    // To be called once, right after construction.
    void begin(const std::vector<NodeNumber>& nodes);

    [[nodiscard]] bool on_message(NodeNumber node, Bytes payload) final;
    void on_node(NodeNumber node) final;
    void on_open(NodeNumber node) final;
    void on_alias(NodeNumber node) final;
    void on_lost(NodeNumber node, std::string_view why) final;
    void on_failed(NodeNumber node) final;
    void on_range(NodeNumber node, const HashRange& range) final;

    // For which keys nobody has answered so far, and for which more than one node has.
    [[nodiscard]] dht::RangeCover cover() const;
    [[nodiscard]] bool has_failed(NodeNumber node) const { return failed_.contains(node); }

protected:
    enum class Phase : std::uint8_t {
        waiting,  // no connection yet
        asked,    // sent; the node has not yet said whether it supports the request
        running,
        ended,
    };
    enum class Step : std::uint8_t { go_on, ended, broken };
    using Parts = std::map<NodeNumber, Phase>;

    [[nodiscard]] virtual std::string encode(NodeNumber node) = 0;
    [[nodiscard]] virtual Step on_data(NodeNumber node, Bytes payload) = 0;
    [[nodiscard]] virtual bool may_ask() const { return true; }
    virtual void on_phase_changed() {}  // called for any part; may end the request
    virtual void on_part_lost(NodeNumber) {}
    virtual void on_cover_changed() {}  // or may have
    // Whether a part continues where it was when its connection was lost, so that it answers only for what was in
    // the range then and now.
    [[nodiscard]] virtual bool continues(NodeNumber) const { return false; }
    // Whether a part answers for the present range of its node as long as it runs, and not for a walk over it.
    [[nodiscard]] virtual bool follows() const { return false; }
    // Whether it ends only when it is known which keys are answered for.
    [[nodiscard]] virtual bool wants_cover() const { return true; }
    virtual void notify_lost(const Endpoint& node, std::string_view why) = 0;
    virtual void notify_unsupported(const Endpoint& node, neo::Support why) = 0;
    virtual void on_all_ended() = 0;  // sends the last note and calls finish()

    [[nodiscard]] const Parts& parts() const { return parts_; }
    // The node answered with an error: its part answers for nothing.
    void fail_part(NodeNumber node) { failed_.insert(node); }
    // The same as cover(), but lost parts count: they go on as soon as their connection is made again.
    [[nodiscard]] dht::RangeCover cover_with_lost() const;
    void end_waiting_parts();
    void end_if_all_ended();
    void finish() {
        finished_ = true;
        context_.over(id());
    }
    [[nodiscard]] bool finished() const { return finished_; }

private:
    void ask(NodeNumber node);
    void after_phase_change();
    void take_range(NodeNumber node, const HashRange& range);
    [[nodiscard]] bool still_to_come() const;

    Parts parts_;
    std::map<NodeNumber, HashRange> covered_;  // by each part; a part without an entry does not know its range yet
    std::set<NodeNumber> failed_;
    bool finished_ = false;
};

// The last note of a request that has ended on all nodes.
template <class Note>
[[nodiscard]] Note end_of(dht::RangeCover cover) {
    if (cover.missing.empty()) return dht::Finished{std::move(cover.overlapping)};
    return dht::Incomplete{std::move(cover)};
}

// The notifier of a request to all nodes. After mute() it drops every note.
template <class Note>
class Speaker {
public:
    explicit Speaker(std::function<void(const Note&)> notify) : notify_(std::move(notify)) {}
    void operator()(const Note& note) const {
        if (!muted_ && notify_) notify_(note);
    }
    // Only sets a flag, so that a notifier may cancel its own request while it runs.
    void mute() { muted_ = true; }
    [[nodiscard]] bool muted() const { return muted_; }

private:
    std::function<void(const Note&)> notify_;
    bool muted_ = false;
};

class GetChannelsRequest final : public AllNodesRequest {
public:
    // What nodes can make the client keep. Above it they do not speak the truth, and the connection ends.
    static constexpr std::size_t names_max = 1'000'000;
    static constexpr std::size_t name_bytes_max = std::size_t{16} << 20;  // with 64 bytes for each name
    GetChannelsRequest(RequestContext& context, neo::RequestId id, dht::GetChannelsNotifier notify);
    void on_time_out() override;
    void cancel() override;

private:
    std::string encode(NodeNumber node) override;
    Step on_data(NodeNumber node, Bytes payload) override;
    void notify_lost(const Endpoint& node, std::string_view why) override;
    void notify_unsupported(const Endpoint& node, neo::Support why) override;
    void on_all_ended() override;

    Speaker<dht::GetChannelsNote> say_;
    std::set<std::string, std::less<>> names_;
    std::size_t name_bytes_ = 0;
};

class RemoveChannelRequest final : public AllNodesRequest {
public:
    RemoveChannelRequest(RequestContext& context, neo::RequestId id, Bytes channel,
                         dht::RemoveChannelNotifier notify);
    void on_time_out() override;
    void cancel() override;

private:
    std::string encode(NodeNumber node) override;
    Step on_data(NodeNumber node, Bytes payload) override;
    void notify_lost(const Endpoint& node, std::string_view why) override;
    void notify_unsupported(const Endpoint& node, neo::Support why) override;
    void on_all_ended() override;

    const std::string channel_;
    Speaker<dht::RemoveChannelNote> say_;
    std::set<NodeNumber> refused_;
};

// GetHashRange on all nodes. The request lives as long as the client.
class RangeListener {
public:
    virtual ~RangeListener() = default;
    virtual void on_range(NodeNumber node, const HashRange& range) = 0;
    virtual void on_new_node(const Endpoint& node, const HashRange& range) = 0;
};
class FollowRangesRequest final : public AllNodesRequest {
public:
    FollowRangesRequest(RequestContext& context, neo::RequestId id, RangeListener& listener)
        : AllNodesRequest(context, id, neo::RequestCode::get_hash_range), listener_(listener) {}
    void on_time_out() override {}
    void cancel() override {}
    // Whether the node has sent its range on its present connection.
    [[nodiscard]] bool has_told(NodeNumber node) const { return told_.contains(node); }

private:
    std::string encode(NodeNumber node) override;
    Step on_data(NodeNumber node, Bytes payload) override;
    void notify_lost(const Endpoint&, std::string_view) override {}
    void notify_unsupported(const Endpoint&, neo::Support) override {}
    void on_part_lost(NodeNumber node) override { told_.erase(node); }
    void on_all_ended() override {}
    bool wants_cover() const override { return false; }

    RangeListener& listener_;
    std::set<NodeNumber> told_;  // have sent their first range on this connection
};

}  // namespace halp
