// Hosts of a swarm that are no nodes of ours: the original HALP server of 2011, attackers that speak gossip v2, and
// strangers that flood lists by HALP text. Each follows its script through the same doors as a node.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/environment.h"
#include "overlay/gossip/gossip_message.h"
#include "store/label.h"

namespace halp::sim {

class ScriptedHost : public EventHandler {
public:
    virtual void start() = 0;
    void on_accept(StreamId, const Endpoint&) override {}
    void on_connected(StreamId, const Endpoint&) override {}
    void on_connect_failed(StreamId, ConnectFailure) override {}
    void on_bytes(StreamId, Bytes) override {}
    void on_end(StreamId) override {}
    void on_closed(StreamId) override {}
    void on_wakeup() override {}
};

// As the original behaves on the wire: one query a connection, answered at its first segment; the freshest
// line of an address stays; a `get` lists the label in its directories; everything is kept in the host cache, one
// file a label, without a final line end. At its start it asks its seed once for `halp` and `labels`, and its
// operator announces it there with `bcast halp`. It learns nothing by itself after that.
class OriginalHost final : public ScriptedHost {
public:
    OriginalHost(OverlayEnvironment& environment, const Endpoint& self, const Endpoint& seed);
    void start() override;
    void on_connected(StreamId stream, const Endpoint& remote) override;
    void on_connect_failed(StreamId stream, ConnectFailure why) override;
    void on_bytes(StreamId stream, Bytes bytes) override;
    void on_end(StreamId stream) override;
    void on_closed(StreamId stream) override;

    // `client insert` by its operator.
    void insert(const Label& label, const Endpoint& endpoint);
    [[nodiscard]] bool has(const Label& label, const Endpoint& endpoint) const;

    static constexpr std::size_t lines_max =
        1000;  // of one label: the script's memory is bounded, the original's is not
    static constexpr std::size_t labels_max = 1000;

private:
    struct Line {
        UnixSeconds seen{0};
        std::string host;
        std::uint16_t port = 0;  // 0: a name, in `labels` and directories
    };
    [[nodiscard]] std::string answer(std::string_view query);
    [[nodiscard]] std::string lines_of(const std::string& label, std::size_t first, std::size_t count) const;
    void merge(const std::string& label, Line line);
    void list_in_directories(const std::string& label);
    void save(const std::string& label);
    void load();
    void ask_next();
    void take_answer();

    OverlayEnvironment& environment_;
    Endpoint self_, seed_;
    std::map<std::string, std::vector<Line>> labels_;  // newest first
    std::deque<std::string> questions_;                // the first is under way on stream_
    StreamId stream_{};
    std::string received_;
};

// What attackers share: they know each other and everybody else.
struct AttackPlan {
    std::vector<Endpoint> attackers, victims;
    std::uint64_t swarm = 0;
    Duration period{};
    std::size_t pushes = 0;  // exchanges that one attacker opens a period
};

// Answers as a node would, so that it is proved and never suspected, but names only attackers, all of them fresh;
// and pushes the same to nodes drawn at random.
class AttackerHost final : public ScriptedHost {
public:
    AttackerHost(Environment& environment, EndpointTable& endpoints, const AttackPlan& plan, const Endpoint& self);
    void start() override;
    void on_accept(StreamId stream, const Endpoint& source) override;
    void on_connected(StreamId stream, const Endpoint& remote) override;
    void on_connect_failed(StreamId stream, ConnectFailure why) override;
    void on_bytes(StreamId stream, Bytes bytes) override;
    void on_end(StreamId stream) override;
    void on_closed(StreamId stream) override;
    void on_wakeup() override;

private:
    [[nodiscard]] gossip::Message message(gossip::Kind kind);
    bool reply(StreamId stream, const gossip::Message& to);  // false: nothing more is to be said

    Environment& environment_;
    EndpointTable& endpoints_;
    const AttackPlan& plan_;
    Endpoint self_;
    std::uint64_t node_;
    std::map<StreamId, std::string> received_;
};

struct FloodPlan {
    std::vector<Endpoint> victims;
    std::size_t rate = 1;  // inserts a second of one stranger
    std::size_t labels = 1, entries = 1;
    std::uint64_t made_up = 0;  // entries so far: each names a host of its own
};

class StrangerHost final : public ScriptedHost {
public:
    StrangerHost(Environment& environment, FloodPlan& plan) : environment_(environment), plan_(plan) {}
    void start() override { on_wakeup(); }
    void on_bytes(StreamId stream, Bytes) override { environment_.transport.close(stream); }
    void on_end(StreamId stream) override { environment_.transport.close(stream); }
    void on_wakeup() override;

private:
    [[nodiscard]] std::string insert();

    Environment& environment_;
    FloodPlan& plan_;
};

}  // namespace halp::sim
