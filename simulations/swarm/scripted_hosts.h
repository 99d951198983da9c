// Hosts of a swarm that are not OverlayNodes: the original HALP server of 2011, attackers that speak gossip v2, and
// strangers that flood lists by HALP text. They use the same interfaces as a node.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/environment.h"
#include "overlay/gossip/wire/gossip_message.h"
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

// The behaviour of the original on the wire (overlay/text/halp-text.md): one query a connection, answered after its
// first segment. It keeps the freshest line of an address. A `get` lists the label in its directories. It saves
// everything in the host cache, one file a label, without a final newline. At its start it queries `halp` and
// `labels` of its seed once, and its operator announces it there with `bcast halp`. After that it learns only what
// others insert.
class OriginalHost final : public ScriptedHost {
public:
    OriginalHost(OverlayEnvironment& environment, const Endpoint& self, const Endpoint& seed);
    void start() override;
    void on_connected(StreamId stream, const Endpoint& remote) override;
    void on_connect_failed(StreamId stream, ConnectFailure why) override;
    void on_bytes(StreamId stream, Bytes bytes) override;
    void on_end(StreamId stream) override;
    void on_closed(StreamId stream) override;

    // The operator's `client insert`.
    void insert(const Label& label, const Endpoint& endpoint);
    [[nodiscard]] bool has(const Label& label, const Endpoint& endpoint) const;

    static constexpr std::size_t lines_max = 1000;  // of one label; the original has no bound
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
    void query_next();
    void take_answer();

    OverlayEnvironment& environment_;
    Endpoint self_, seed_;
    std::map<std::string, std::vector<Line>> labels_;  // newest first
    std::deque<std::string> queries_;                  // the first one is running on stream_
    StreamId stream_{};
    std::string received_;
};

// The common knowledge of all attackers: each other and all nodes.
struct AttackPlan {
    std::vector<Endpoint> attackers, victims;
    std::uint64_t swarm = 0;
    Duration period{};
    std::size_t pushes = 0;  // exchanges that one attacker opens a period
};

// Answers exchanges, pings and try-for requests as a node does, so that it is proved and not suspected. It names
// only attackers, as fresh entries, and pushes them to nodes drawn at random.
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
    bool reply(StreamId stream, const gossip::Message& to);  // false: the connection is finished

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
    std::uint64_t made_up = 0;  // entries so far; each names another host
};

// Inserts entries of hosts that do not exist.
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
