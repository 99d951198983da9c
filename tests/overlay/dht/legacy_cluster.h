// Real nodes that speak legacy on memory engines, and one legacy client, in virtual time.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "overlay/dht/client/legacy/legacy_dht_client.h"
#include "overlay/dht/client/legacy/legacy_handshake.h"
#include "tests/overlay/dht/dht_cluster.h"

namespace halp {

class LegacyCluster : public Cluster {
protected:
    using Id = LegacyDhtClient::Id;

    ~LegacyCluster() override { legacy_client.reset(); }

    Node& add_legacy(const HashRange& range) {
        DhtNodeOptions options;
        options.protocol = DhtProtocol::legacy;
        options.legacy.flush_interval = std::chrono::milliseconds{10};
        return add_server(range, std::move(options));
    }
    void two_halves() {
        add_legacy(lower());
        add_legacy(upper());
    }
    // Knows all nodes.
    LegacyDhtClient& begin_legacy(LegacyDhtClientOptions options = {}) {
        legacy_client.reset();
        const HostId host = world.add_host({"10.0.2." + std::to_string(++legacy_clients), 1000});
        legacy_client = std::make_unique<LegacyDhtClient>(world.env(host), nullptr, std::move(options));
        world.attach(host, *legacy_client);
        for (const auto& node : nodes) EXPECT_TRUE(legacy_client->add_node(node->address));
        return *legacy_client;
    }
    std::string shake_hands(HandshakeSettings settings = {}, Duration span = std::chrono::seconds{5}) {
        std::optional<HandshakeOutcome> outcome;
        LegacyHandshake handshake(*legacy_client, settings, [&](const HandshakeOutcome& how) { outcome = how; });
        EXPECT_TRUE(world.run_until([&] { return outcome.has_value(); }, span));
        return !outcome ? "?" : outcome->complete ? "complete" : outcome->text();
    }
    LegacyDhtClient& connect_legacy(LegacyDhtClientOptions options = {}) {
        begin_legacy(std::move(options));
        EXPECT_EQ(shake_hands(), "complete");
        return *legacy_client;
    }
    // Appends a word or two about each note: results as they are, Finished with its status or trouble.
    legacy::Notifier write_to(Notes& notes, bool stages = false) {
        return [&notes, stages](const legacy::About& about, const legacy::Note& note) {
            if (const auto* value = std::get_if<legacy::GotValue>(&note))
                notes.push_back("value " + std::string(value->value));
            else if (const auto* record = std::get_if<legacy::GotRecord>(&note))
                notes.push_back(std::to_string(value_of(record->key)) + "=" + std::string(record->value));
            else if (const auto* ended = std::get_if<legacy::Finished>(&note))
                notes.push_back(ended->succeeded() ? "ok" : legacy::describe(*ended));
            else if (const auto* all = std::get_if<legacy::GroupFinished>(&note))
                notes.push_back("all: " + dht::describe(all->cover));
            else if (stages || note.index() > 2)
                notes.push_back(describe(about, note).substr(describe(about, note).find(": ") + 2));
        };
    }
    using Begin = std::function<Id(LegacyDhtClient&, const legacy::Notifier&)>;
    Notes run(const Begin& begin, Duration span = std::chrono::milliseconds{500}, bool stages = false) {
        Notes notes;
        begin(*legacy_client, write_to(notes, stages));
        EXPECT_TRUE(notes.empty()) << "no note from within the call";
        world.run_for(span);
        return notes;
    }
    Notes put(std::uint64_t key, std::string_view value) {
        return run([&](auto& to, const auto& notify) { return to.put("chan", Key{key}, value, notify); });
    }
    Notes get(std::uint64_t key) {
        return run([&](auto& to, const auto& notify) { return to.get("chan", Key{key}, notify); });
    }

    const std::string no_upper = "no answer for 0x8000000000000000 to 0xffffffffffffffff";
    std::unique_ptr<LegacyDhtClient> legacy_client;
    int legacy_clients = 0;
};

}  // namespace halp
