// Real nodes on memory engines and one client, in virtual time.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "overlay/dht/client/dht_client.h"
#include "overlay/dht/node/dht_node.h"
#include "simulations/world/sim_world.h"
#include "store/records/memory_store.h"

namespace halp {

class Cluster : public ::testing::Test {
protected:
    static constexpr std::uint64_t middle = std::uint64_t{1} << 63;
    static HashRange lower() { return HashRange::make(0, middle - 1).value(); }
    static HashRange upper() { return HashRange::make(middle, ~std::uint64_t{0}).value(); }
    // The place of a key is decided by its bit 0: the node of the lower half has the even keys.

    struct Node {
        Endpoint address;
        HostId host{};
        MemoryStore store;
        std::unique_ptr<WriteLog> records = std::make_unique<WriteLog>(store);
        DhtNodeOptions options;
        std::unique_ptr<DhtNode> node;
    };

    ~Cluster() override {
        client.reset();
        earlier.clear();
        for (const auto& node : nodes) node->node.reset();
    }

    Node& add_server(const HashRange& range, DhtNodeOptions options = {}) {
        auto& added = *nodes.emplace_back(std::make_unique<Node>());
        added.address = {"10.0.0." + std::to_string(nodes.size()), 10100};
        added.host = world.add_host(added.address);
        added.options = std::move(options);
        added.options.range = range;
        start(added);
        return added;
    }
    void start(Node& it) {
        it.node = std::make_unique<DhtNode>(world.env(it.host), *it.records, it.options);
        world.attach(it.host, *it.node);
    }
    void crash(std::size_t i) {
        world.crash(nodes[i]->host);
        nodes[i]->node.reset();
    }
    void restart(std::size_t i) {
        world.restart(nodes[i]->host);
        start(*nodes[i]);
    }
    DhtClient& begin_client(DhtClientOptions options = {}) {
        options.credential.name = options.credential.name == "test" ? "admin" : options.credential.name;
        if (client) earlier.push_back(std::move(client));
        const HostId host = world.add_host({"10.0.1." + std::to_string(1 + earlier.size()), 1000});
        client = std::make_unique<DhtClient>(
            world.env(host), std::move(options),
            [this](const dht::ConnectionNote& note) { heard.push_back(describe(note)); });
        world.attach(host, *client);
        return *client;
    }
    // A client that knows all nodes, is connected to them and has their ranges.
    DhtClient& connect() {
        begin_client();
        for (const auto& node : nodes) client->add_node(node->address);
        EXPECT_TRUE(world.run_until([&] { return client->all_ranges_known() && client->all_connected(); },
                                    std::chrono::seconds{5}));
        heard.clear();
        return *client;
    }
    void run_world(Duration span = std::chrono::milliseconds{200}) { world.run_for(span); }

    void store(std::size_t i, std::string_view channel, std::uint64_t key, std::string_view value) {
        nodes[i]->records->put(Channel::parse(channel).value(), Key{key}, value, {});
        nodes[i]->node->records_changed();
    }
    [[nodiscard]] std::string stored(std::size_t i, std::string_view channel, std::uint64_t key) {
        std::string value;
        const auto found = nodes[i]->store.get(Channel::parse(channel).value(), Key{key}, value);
        return found.value() ? value : "-";
    }

    // Begins a request and appends its notes as text to `notes`.
    template <class Note>
    auto listen(std::vector<std::string>& notes) {
        return [&notes](const Note& note) { notes.push_back(describe(note)); };
    }
    using Notes = std::vector<std::string>;
    Notes put(std::uint64_t key, std::string_view value, std::string_view channel = "chan") {
        Notes notes;
        EXPECT_TRUE(client->put(channel, Key{key}, value, listen<dht::PutNote>(notes)));
        EXPECT_TRUE(notes.empty()) << "no note from within the call";
        run_world();
        return notes;
    }
    Notes get(std::uint64_t key, std::string_view channel = "chan") {
        Notes notes;
        const auto hear = [&](const dht::GetNote& note) {
            const auto* got = std::get_if<dht::Received>(&note);
            notes.push_back(got ? "got " + std::string(got->value) : describe(note));
        };
        EXPECT_TRUE(client->get(channel, Key{key}, hear));
        run_world();
        return notes;
    }
    Notes exists(std::uint64_t key, std::string_view channel = "chan") {
        Notes notes;
        EXPECT_TRUE(client->exists(channel, Key{key}, listen<dht::ExistsNote>(notes)));
        run_world();
        return notes;
    }
    Notes remove(std::uint64_t key, std::string_view channel = "chan") {
        Notes notes;
        EXPECT_TRUE(client->remove(channel, Key{key}, listen<dht::RemoveNote>(notes)));
        run_world();
        return notes;
    }
    Notes update(std::uint64_t key, const dht::UpdateChooser& choose, std::string_view channel = "chan") {
        Notes notes;
        EXPECT_TRUE(client->update(channel, Key{key}, choose, listen<dht::UpdateNote>(notes)));
        run_world();
        return notes;
    }

    static SimOptions sim_options() {
        SimOptions options;
        options.wall_at_start = UnixSeconds{1'800'000'000};
        return options;
    }
    SimWorld world{11, sim_options()};
    std::vector<std::unique_ptr<Node>> nodes;
    std::unique_ptr<DhtClient> client;
    std::vector<std::unique_ptr<DhtClient>> earlier;  // still attached to their hosts
    Notes heard;                                      // notes of connections
};

}  // namespace halp
