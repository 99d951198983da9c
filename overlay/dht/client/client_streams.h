// GetAll and Mirror of a client. All parts of such a stream are suspended, resumed and stopped together.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "overlay/dht/client/client_all_nodes.h"
#include "overlay/dht/client/dht_notes.h"
#include "overlay/dht/client/node_map.h"
#include "store/records/key.h"

namespace halp {

// Tracks the wanted state, and what each part has been told. A part has at most one unacknowledged control
// message. A change is complete when no part has one.
class StreamRequest : public AllNodesRequest {
public:
    using AllNodesRequest::AllNodesRequest;

    enum class State : std::uint8_t { running, suspended, stopped };
    // Returns false and does nothing while an earlier change is incomplete or when the request is over.
    [[nodiscard]] bool change(State wanted);
    // Makes the stream running or suspended as soon as an earlier change is complete. Returns false when the
    // request is over or stopped.
    [[nodiscard]] bool want(State next);
    void on_turn() final;
    void on_time_out() final;
    void cancel() final;

protected:
    [[nodiscard]] std::string encode(NodeNumber node) final;
    [[nodiscard]] Step on_data(NodeNumber node, Bytes payload) final;
    [[nodiscard]] bool may_ask() const final { return wanted_ != State::stopped; }
    [[nodiscard]] bool wants_cover() const final { return wanted_ != State::stopped; }
    [[nodiscard]] bool has_started() const { return started_; }
    void on_phase_changed() final;
    void on_part_lost(NodeNumber node) final;
    void on_all_ended() final;

    enum class Message : std::uint8_t { acknowledged, started, error, data, closing, broken };
    [[nodiscard]] virtual std::string encode(NodeNumber node, bool suspended) = 0;
    // Delivers data messages to the notifier.
    [[nodiscard]] virtual Message take(NodeNumber node, Bytes payload) = 0;
    enum class Word : std::uint8_t { started, suspended, resumed, stopped, finished, timed_out };
    virtual void say(Word word) = 0;
    virtual void say_error(const Endpoint& node) = 0;
    virtual void mute() = 0;

private:
    struct Control {
        State told = State::running;
        std::optional<State> due;  // sent, not yet acknowledged
        bool started = false;
    };
    void reconcile(NodeNumber node);
    [[nodiscard]] Step on_acknowledged(NodeNumber node);
    [[nodiscard]] bool any_due() const;
    void complete_change();
    void begin_next_change();
    void stop_parts();

    std::map<NodeNumber, Control> controls_;
    State wanted_ = State::running;
    std::optional<State> changing_;  // the change to notify when it is complete
    std::optional<State> next_;      // the change after it
    bool started_ = false;           // Started was notified
};

class GetAllRequest final : public StreamRequest {
public:
    GetAllRequest(RequestContext& context, neo::RequestId id, const neo::GetAllRequest& what,
                  dht::GetAllNotifier notify);

private:
    std::string encode(NodeNumber node, bool suspended) override;
    Message take(NodeNumber node, Bytes payload) override;
    [[nodiscard]] bool deliver(NodeNumber node, Bytes batch);
    void say(Word word) override;
    void say_error(const Endpoint& node) override { say_(dht::NodeError{node}); }
    void mute() override { say_.mute(); }
    void notify_lost(const Endpoint& node, std::string_view why) override {
        say_(dht::NodeDisconnected{node, std::string(why)});
    }
    void notify_unsupported(const Endpoint& node, neo::Support why) override { say_(dht::Unsupported{node, why}); }
    bool continues(NodeNumber node) const override { return last_.contains(node); }

    const std::string channel_, filter_;
    const bool keys_only_;
    Speaker<dht::GetAllNote> say_;
    std::map<NodeNumber, Key> last_;  // the last key of each node: a new connection continues behind it
    std::string plain_;
};

class MirrorRequest final : public StreamRequest {
public:
    MirrorRequest(RequestContext& context, neo::RequestId id, const neo::MirrorRequest& what,
                  dht::MirrorNotifier notify);

private:
    std::string encode(NodeNumber node, bool suspended) override;
    Message take(NodeNumber node, Bytes payload) override;
    [[nodiscard]] bool deliver(Bytes batch);
    void say(Word word) override;
    void say_error(const Endpoint& node) override { say_(dht::NodeError{node}); }
    void mute() override { say_.mute(); }
    void notify_lost(const Endpoint& node, std::string_view why) override {
        say_(dht::NodeDisconnected{node, std::string(why)});
    }
    void notify_unsupported(const Endpoint& node, neo::Support why) override { say_(dht::Unsupported{node, why}); }
    bool follows() const override { return true; }
    void on_cover_changed() override;

    const std::string channel_;
    const bool initial_refresh_;
    const std::uint32_t periodic_refresh_s_;
    Speaker<dht::MirrorNote> say_;
    dht::RangeCover told_;  // by the last CoverChanged
    std::string plain_;
};

}  // namespace halp
