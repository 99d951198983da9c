// Two hosts in a virtual world, each with a handler that records what it hears.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "simulations/world/sim_world.h"

namespace halp {

// Records every call of its handler, and may answer.
class RecordingHandler : public EventHandler {
public:
    explicit RecordingHandler(SimWorld& world, HostId host) : world_(world), env(world.env(host)) {}

    void on_accept(StreamId stream, const Endpoint& source) override {
        streams.push_back(stream);
        record("accept from " + source.host);
        if (!greeting.empty()) env.transport.write(stream, greeting);
    }
    void on_connected(StreamId, const Endpoint& remote) override { record("connected to " + remote.text()); }
    void on_connect_failed(StreamId, ConnectFailure why) override {
        record("failed " + std::to_string(static_cast<int>(why)));
    }
    void on_bytes(StreamId stream, Bytes bytes) override {
        received[stream] += bytes;
        record("bytes " + std::string{bytes.substr(0, 16)});
        if (echoes) env.transport.write(stream, bytes);
        if (closes) env.transport.close(stream);
    }
    void on_end(StreamId) override { record("end"); }
    void on_closed(StreamId) override { record("closed"); }
    void on_wakeup() override { record("wake"); }

    void record(const std::string& what) {
        calls.push_back(what);
        at.push_back(world_.now());
    }

private:
    SimWorld& world_;

public:
    OverlayEnvironment& env;
    std::vector<std::string> calls;
    std::vector<Instant> at;
    std::vector<StreamId> streams;
    std::map<StreamId, std::string> received;
    std::string greeting;
    bool echoes = false;
    bool closes = false;
};

struct Pair : testing::Test {
    explicit Pair(std::uint64_t seed = 7) : world(seed) {
        world.attach(a, alice);
        world.attach(b, bob);
    }
    StreamId dial() { return alice.env.transport.connect(where_b); }
    void forget() { alice.calls.clear(), bob.calls.clear(); }

    const Endpoint where_a{"10.0.0.1", 3451}, where_b{"10.0.0.2", 3451};
    SimWorld world;
    HostId a = world.add_host(where_a), b = world.add_host(where_b);
    RecordingHandler alice{world, a}, bob{world, b};
};
using SimWorldPair = Pair;

}  // namespace halp
